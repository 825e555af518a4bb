import Darkroom
import FoundationEssentials
import SystemFiles

/// What a run of `--from` has made, so that the next run goes on from there.
package struct Journal: Codable, Equatable, Sendable {
  package struct Entry: Codable, Equatable, Sendable {
    /// Of everything that determines the row's pictures.
    package let hash: String
    /// The seed of the row's first picture, drawn if the row has none.
    package let seed: UInt64
    /// The names of the row's pictures.
    package let files: [String]
    /// How many of them are made, the first ones first.
    package var finished = 0

    package init(hash: String, seed: UInt64, files: [String]) {
      self.hash = hash
      self.seed = seed
      self.files = files
    }
  }

  var version = 1
  /// By the row's number.
  package var rows: [Int: Entry]
  /// The names of all files that runs of this row file have made, and may replace; journals of older versions count
  /// those of all rows.
  private var made: Set<String>?

  package init(rows: [Int: Entry] = [:], made: Set<String> = []) { (self.rows, self.made) = (rows, made) }

  package var ownFiles: Set<String> {
    get { made ?? Set(rows.values.flatMap(\.files)) }
    set { made = newValue }
  }
}

/// The journal's file in the output folder.
package struct JournalFile: Sendable {
  let path: String

  package init(folder: String, rowFile: String) {
    path = OutputPlace.join(folder, ".darkroom-\(rowFile).json")
  }

  /// - Returns: an empty journal if there is no file yet.
  /// - Throws: `DarkroomError` of kind `request`, saying what to do.
  package func read() throws -> Journal {
    guard FileManager.default.fileExists(atPath: path) else { return Journal() }
    do {
      let journal = try JSONDecoder().decode(
        Journal.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
      guard journal.version == 1 else { throw CocoaError(.fileReadCorruptFile) }
      return journal
    } catch {
      throw DarkroomError(
        .request, "\(quoted(path)) is not a journal of this version; remove it to start from the first row")
    }
  }

  /// Replaces the file as a whole.
  /// - Throws: `DarkroomError` of kind `output`.
  package func write(_ journal: Journal) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      try AtomicFile.write([UInt8](encoder.encode(journal)), to: path)
    } catch {
      throw DarkroomError(
        .output, "\(quoted(path)) cannot be written: \((error as? FileError)?.reason ?? "\(error)")")
    }
  }
}

extension Row {
  /// A hash of everything that determines its pictures: the request, their names and the model.
  package func hash(model: ModelSource) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    func resolved(_ path: String) -> String { Paths.resolved(path) ?? path }
    let parts =
      [resolved(model.path), model.configuration.map(resolved) ?? "", output ?? ""]
      + (model.vae.map { [resolved($0)] } ?? [])
    let bytes = try encoder.encode(request) + Data(parts.joined(separator: "\0").utf8)
    var fingerprint = Fingerprint()
    fingerprint.add(bytes)
    return fingerprint.text
  }
}
