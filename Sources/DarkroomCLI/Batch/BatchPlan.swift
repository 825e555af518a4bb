import Darkroom
import FoundationEssentials

/// What is left to do of a file of requests.
package struct BatchPlan: Sendable {
  package struct Item: Sendable {
    let row: Row
    package let entry: Journal.Entry

    var isDone: Bool { entry.finished == entry.files.count }
    /// The request for the pictures that are not there yet.
    var rest: GenerationRequest {
      var rest = row.request
      let seeds = row.request.seeds ?? [entry.seed]
      let left = seeds.dropFirst(entry.finished)
      // After those that are listed, seeds count on from the last.
      let next = (seeds.last ?? entry.seed) &+ UInt64(max(0, entry.finished + 1 - seeds.count))
      (rest.seed, rest.seeds) = left.count > 1 ? (nil, Array(left)) : (left.first ?? next, nil)
      rest.count = entry.files.count - entry.finished
      return rest
    }
    /// Sampling steps that are left, of all pictures, as far as the row says: a model's own number counts as the usual.
    var work: Int { (entry.files.count - entry.finished) * (row.request.steps ?? 25) }
  }

  let fileName: String
  let folder: String
  package let items: [Item]
  /// Names of files that earlier runs have made.
  private let known: Set<String>

  /// - Parameter journal: what earlier runs have made.
  /// - Throws: `DarkroomError`, if two rows want the same file or a file would be replaced that is not of an
  ///   earlier run.
  package init(_ file: RowFile, folder: String, model: ModelSource, journal: Journal) throws {
    fileName = singleLine(file.name)
    self.folder = folder
    known = journal.ownFiles
    var owners: [String: Int] = [:]
    var items: [Item] = []
    for row in file.rows {
      let entry = try Self.entry(row, folder: folder, model: model, old: journal.rows[row.number])
      for name in entry.files {
        if let owner = owners.updateValue(row.number, forKey: name) {
          throw DarkroomError(
            .request, "\(fileName), row \(row.number): output: \(quoted(name)) is also that of row \(owner)")
        }
        let path = OutputPlace.join(folder, name)
        guard known.contains(name) || !OutputPlace.isTaken(path) else { throw Self.foreign(path) }
      }
      items.append(Item(row: row, entry: entry))
    }
    self.items = items
  }

  /// A file that would be replaced, and is not of an earlier run.
  static func foreign(_ path: String) -> DarkroomError {
    DarkroomError(
      .output,
      "\(quoted(path)) would be replaced, and no earlier run has made it; move it or name another folder")
  }

  /// The paths of all pictures.
  var files: [String] { items.flatMap(\.entry.files).map { OutputPlace.join(folder, $0) } }

  func label(_ item: Item) -> String { "\(fileName), row \(item.row.number)" }

  /// What the journal says before the first picture.
  var journal: Journal {
    Journal(rows: Dictionary(uniqueKeysWithValues: items.map { ($0.row.number, $0.entry) }), made: known)
  }

  private static func entry(
    _ row: Row, folder: String, model: ModelSource, old: Journal.Entry?
  ) throws -> Journal.Entry {
    let hash = try row.hash(model: model)
    let files = PictureName.names(of: row)
    guard let old, old.hash == hash, old.files == files else {
      let seed = row.request.seeds?.first ?? row.request.seed ?? UInt64(UInt32.random(in: 0...UInt32.max))
      return Journal.Entry(hash: hash, seed: seed, files: files)
    }
    var entry = old
    let made = files.prefix(max(0, min(old.finished, files.count)))
    entry.finished =
      made.firstIndex { !FileManager.default.fileExists(atPath: OutputPlace.join(folder, $0)) } ?? made.count
    return entry
  }
}
