import Darkroom
import FoundationEssentials
import Pictures
import Sampling
import SystemFiles

/// The folder that a comparison writes, and finds again after it was stopped.
struct ComparisonFolder {
  static let results = "results.json"
  static let table = "results.csv"
  static let report = "report.html"

  let path: String

  func file(_ name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

  /// Of the files in it; none if there is no such folder.
  var names: Set<String> { Set((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []) }

  /// Keeps the folder from other runs; nil if one has it.
  func lock() throws -> RunLock? { try RunLock.take(for: file(Self.results)) }

  /// Fails early if files could not be written: those of these names and the pages.
  /// - Throws: `DarkroomError` of kind `output`.
  func check(_ names: [String]) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let all = names + [Self.results, Self.table, Self.report, ContactSheet.fileName(0)]
    try writing { for name in all { try AtomicFile.check(file(name)) } }
  }

  /// What an earlier run has finished; nil if there was none.
  /// - Throws: `DarkroomError` of kind `request` if the file is not one of these.
  func read() throws -> ComparisonResults? {
    let name = file(Self.results)
    guard FileManager.default.fileExists(atPath: name) else { return nil }
    do {
      return try ComparisonResults(json: [UInt8](Data(contentsOf: URL(fileURLWithPath: name))))
    } catch {
      throw DarkroomError(.request, "\(name): cannot be continued: \(error); expected another folder")
    }
  }

  /// Fails if a comparison would replace a file that none has written. A report is known by its title.
  /// - Parameters:
  ///   - earlier: what an earlier run has finished.
  ///   - pictures: names that will be written.
  /// - Throws: `DarkroomError` of kind `output` that names the file.
  func refuseForeign(_ earlier: ComparisonResults?, pictures: [String]) throws {
    let there = names
    var own = Set((earlier?.cells ?? []).map(\.picture) + (earlier?.references ?? []).map(\.picture))
    if earlier != nil { own.formUnion([Self.table, ContactSheet.fileName(0)]) }
    if isOwnReport { own.insert(Self.report) }
    let written = pictures + [Self.table, Self.report, ContactSheet.fileName(0)]
    guard let foreign = written.first(where: { there.contains($0) && !own.contains($0) && !isOurs($0) })
    else {
      return
    }
    throw DarkroomError(
      .output, field: file(foreign), expected: "another folder, or that file moved away",
      "would be replaced, and no comparison has written it")
  }

  /// Whether a picture says that this engine drew it, as one does that a run was killed beside.
  private func isOurs(_ name: String) -> Bool {
    (try? PictureRecord(fromPicture: file(name)))?.origin == .darkroom
  }

  private var isOwnReport: Bool {
    guard let page = try? String(contentsOf: URL(fileURLWithPath: file(Self.report)), encoding: .utf8) else {
      return false
    }
    return page.prefix(1000).contains(ComparisonReport.title)
  }

  func write(_ results: ComparisonResults) throws {
    try writing { try AtomicFile.write(results.encoded(), to: file(Self.results)) }
  }

  func write(_ picture: Picture, _ name: String, _ metadata: PictureMetadata = PictureMetadata()) throws {
    try writing { try picture.write(to: file(name), metadata: metadata) }
  }

  /// The table, the contact sheets and the report.
  func writePages(_ results: ComparisonResults) throws -> [String] {
    try writing {
      try AtomicFile.write(Array(results.csv().utf8), to: file(Self.table))
      let sheet = try ContactSheet(results)
      let names = (0..<sheet.count).map(ContactSheet.fileName)
      for (index, name) in names.enumerated() {
        try sheet.drawn(index, picture: picture).write(to: file(name))
      }
      let html = try ComparisonReport.html(results, picture: picture)
      try AtomicFile.write(Array(html.utf8), to: file(Self.report))
      return names.map(file)
    }
  }

  func picture(_ name: String) throws -> Picture {
    try Picture.decode(file: file(name))
  }

  /// The latents of a reference, which only its pictures' distances need: bare doubles, little end first.
  func latents(_ name: String, like shape: Latents) -> Latents? {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: file(name))), data.count == 8 * shape.count
    else { return nil }
    var latents = shape
    for index in latents.values.indices {
      let bits = (0..<8).reduce(UInt64(0)) { $0 | UInt64(data[8 * index + $1]) << (8 * UInt64($1)) }
      latents.values[index] = Double(bitPattern: bits)
    }
    return latents
  }

  func write(_ latents: Latents, _ name: String) throws {
    try writing {
      let bytes = latents.values.flatMap { value in
        (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt64($0))) }
      }
      try AtomicFile.write(bytes, to: file(name))
    }
  }

  private func writing<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      throw DarkroomError(.output, "\(path): \(error)")
    }
  }
}
