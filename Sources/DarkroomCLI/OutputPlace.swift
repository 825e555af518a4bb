import Darkroom
import FoundationEssentials
import Glibc
import SystemFiles
@_spi(_Unicode) import Swift

/// Where pictures go: a file, or a folder in which they get names.
package enum OutputPlace: Sendable, Equatable {
  /// The path without its ending, and the ending.
  case file(stem: String, ending: String)
  case folder(String)
  /// The path without its ending, and the ending: with -2, -3 … between them if there is such a file.
  case free(stem: String, ending: String)
  /// `-`: the bytes of one picture are the command's output.
  case standardOutput

  /// Reads the value of `--output`; the current folder if there is none.
  /// - Throws: `DarkroomError` of kind `request` if the ending is not that of a picture.
  package init(_ path: String?) throws {
    guard let path else {
      self = .folder(".")
      return
    }
    if path == "-" {
      self = .standardOutput
      return
    }
    if path.hasSuffix("/") || Self.isFolder(path) {
      let name = path.trimmingSuffix("/")
      self = .folder(name.isEmpty ? "/" : name)
      return
    }
    let ending = try Self.pictureEnding(of: path)
    self = .file(stem: String(path.dropLast(ending.count)), ending: ending)
  }

  /// The first free name of `path` and those with -2, -3 … in it.
  /// - Throws: as `init(_:)`.
  package init(freeLike path: String) throws {
    let ending = try Self.pictureEnding(of: path)
    self = .free(stem: String(path.dropLast(ending.count)), ending: ending)
  }

  private static func pictureEnding(of path: String) throws -> String {
    do {
      try GeneratedPicture.checkEnding(of: path)
    } catch {
      throw DarkroomError(
        .request,
        "--output: \(quoted(path)) is not possible; expected a name that ends in .png, .jpg, .jpeg or .webp,"
          + " a folder that exists, or a name that ends in /")
    }
    return ending(of: path)
  }

  /// Makes the folder if it is missing (a file's own folder must exist), and fails early as `check` does.
  /// - Throws: `DarkroomError` of kind `output`.
  package func prepare(for request: GenerationRequest) throws { try prepare(files(for: request)) }

  /// The same for files that are to be made.
  func prepare(_ files: [String]) throws {
    if case .folder(let path) = self {
      do {
        try Paths.makeFolder(path)
      } catch {
        throw DarkroomError(.output, "--output: the folder \(quoted(path)) cannot be made: \(error.reason)")
      }
    }
    try check(files)
  }

  /// Fails early if a picture of the request could not be written. Leaves everything as it is.
  /// - Throws: `DarkroomError` of kind `output`.
  package func check(for request: GenerationRequest) throws { try check(files(for: request)) }

  private func check(_ files: [String]) throws {
    if case .folder(let path) = self, try Self.existing(path) != path { return }
    for file in files { try Self.check(file) }
  }

  /// The pictures that a request makes if nothing else is in the folder; of names that a seed begins, the longest.
  private func files(for request: GenerationRequest) -> [String] {
    switch self {
    case .file: return files(count: request.pictureCount)
    case .folder(let folder):
      return [Self.join(folder, Self.name(seed: .max, prompt: request.prompt) + ".png")]
    case .free(let stem, let ending): return [stem + ending]
    case .standardOutput: return []
    }
  }

  /// The paths of pictures whose names do not depend on what is in the folder.
  func files(count: Int) -> [String] {
    guard case .file(let stem, let ending) = self else { return [] }
    if count == 1 { return [stem + ending] }
    return (0..<max(0, min(count, RequestLimits.standard.count.upperBound))).map {
      "\(stem)-\($0 + 1)\(ending)"
    }
  }

  /// Writes one picture of `count`: a file that the user has named is replaced, a name that is made is a new one.
  /// - Returns: its path.
  package func write(_ picture: any FinishedPicture, count: Int) throws -> String {
    let request = picture.request
    return try write(
      picture, index: picture.index, count: count,
      name: Self.name(seed: request.seed, prompt: request.prompt))
  }

  /// - Parameter name: of the file in a folder, without its ending.
  func write(_ picture: any WritablePicture, index: Int, count: Int, name: String) throws -> String {
    let (stem, ending): (String, String)
    switch self {
    case .standardOutput: throw DarkroomError(.output, "--output -: takes bytes, and no file")
    case .file:
      let path = files(count: count)[index]
      try picture.write(to: path)
      return path
    case .folder(let folder): (stem, ending) = (Self.join(folder, name), ".png")
    case .free(let itsStem, let itsEnding): (stem, ending) = (itsStem, itsEnding)
    }
    let names = (1...Int.max).lazy.map { $0 == 1 ? stem + ending : "\(stem)-\($0)\(ending)" }
    guard let path = try picture.write(toFirstFreeOf: names) else {
      throw DarkroomError(.output, "\(quoted(stem + ending)): no name is free")
    }
    return path
  }

  private static func name(seed: UInt64, prompt: String) -> String {
    let slug = slug(prompt)
    return "\(seed)\(slug.isEmpty ? "" : "-")\(slug)"
  }
}

extension OutputPlace {
  /// The letters and digits of a text, small, in whatever script, and its emoji, with hyphens for everything between
  /// them; at most 40 characters and 120 bytes, which leave room for numbers and endings. Latin letters lose their
  /// accents.
  package static func slug(_ text: String) -> String {
    var (slug, count) = ("", 0)
    var isApart = false
    let seen = text.lowercased().unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint }
    for character in String(String.UnicodeScalarView(seen)) {
      let kept = nameable(character)
      guard !kept.isEmpty else {
        isApart = true
        continue
      }
      let part = (isApart && !slug.isEmpty ? "-" : "") + kept
      (count, isApart) = (count + part.count, false)
      guard count <= 40, slug.utf8.count + part.utf8.count <= 120 else { break }
      slug += part
    }
    return slug
  }

  /// What names of files keep of a character.
  private static func nameable(_ character: Character) -> String {
    var kept = String.UnicodeScalarView()
    for scalar in String(character)._nfc {
      let base = String(scalar)._nfd.first(where: { _ in true }) ?? scalar
      switch scalar.properties.generalCategory {
      case _ where base.isASCII && base.properties.isAlphabetic: kept.append(base)
      case .lowercaseLetter, .uppercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
        .decimalNumber, .letterNumber, .otherNumber:
        kept.append(scalar)
      case .nonspacingMark, .spacingMark, .enclosingMark:
        if kept.last.map({ !$0.isASCII }) == true { kept.append(scalar) }
      case _ where scalar.properties.isEmoji && !scalar.isASCII: kept.append(scalar)
      default: break
      }
    }
    return String(kept)
  }

  /// From the last point of the last part on; empty if there is none.
  package static func ending(of path: String) -> String {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard let point = name.lastIndex(of: ".") else { return "" }
    return String(name[point...])
  }

  package static func join(_ folder: String, _ name: String) -> String {
    if folder == "." { return name }
    return folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  /// Whether anything has this name, a link that leads nowhere too.
  static func isTaken(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
  }

  /// The part of a folder's path that is there.
  /// - Throws: `DarkroomError` of kind `output` if the rest cannot be made.
  private static func existing(_ folder: String) throws -> String {
    var existing = folder
    var status = stat()
    while stat(existing, &status) != 0 {
      guard errno == ENOENT, existing != Paths.folder(of: existing) else {
        throw DarkroomError(
          .output, "--output: the folder \(quoted(folder)) cannot be made: \(systemReason())")
      }
      existing = Paths.folder(of: existing)
    }
    guard isFolder(existing) else {
      throw DarkroomError(.output, "--output: there is no folder \(quoted(existing))")
    }
    guard access(existing, W_OK | X_OK) == 0 else {
      throw DarkroomError(
        .output, "--output: the folder \(quoted(existing)) cannot be written to: \(systemReason())")
    }
    return existing
  }

  /// Fails early if a file could not be written.
  /// - Throws: `DarkroomError` of kind `output`.
  static func check(_ path: String, flag: String = "--output") throws {
    let folder = Paths.folder(of: path)
    guard isFolder(folder) else {
      throw DarkroomError(.output, "\(flag): there is no folder \(quoted(folder))")
    }
    do {
      try AtomicFile.check(path)
    } catch {
      throw DarkroomError(
        .output, "\(flag): \(quoted(path)) cannot be written: \(error.reason); expected another name")
    }
  }
}

extension StringProtocol {
  /// Without all `character`s at the end.
  func trimmingSuffix(_ character: Character) -> String {
    var rest = self[...]
    while rest.last == character { rest.removeLast() }
    return String(rest)
  }
}
