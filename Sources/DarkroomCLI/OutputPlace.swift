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
    do {
      try GeneratedPicture.checkEnding(of: path)
    } catch {
      throw DarkroomError(
        .request,
        "--output: \(quoted(path)) is not possible; expected a name that ends in .png, .jpg, .jpeg or .webp,"
          + " a folder that exists, or a name that ends in /")
    }
    let ending = Self.ending(of: path)
    self = .file(stem: String(path.dropLast(ending.count)), ending: ending)
  }

  /// Makes the folder if it is missing (a file's own folder must exist), and checks that it can be written to.
  /// - Throws: `DarkroomError` of kind `output`.
  package func prepare() throws {
    let folder: String
    switch self {
    case .standardOutput: return
    case .file(let stem, let ending): folder = Paths.folder(of: stem + ending)
    case .folder(let path):
      folder = path
      if !FileManager.default.fileExists(atPath: path) {
        do {
          try Paths.makeFolder(path)
        } catch {
          throw DarkroomError(.output, "--output: the folder \(quoted(path)) cannot be made: \(error.reason)")
        }
      }
    }
    try Self.checkWritable(folder)
  }

  /// As `prepare`, but leaves everything as it is.
  package func check() throws {
    switch self {
    case .standardOutput: return
    case .file(let stem, let ending): try Self.checkWritable(Paths.folder(of: stem + ending))
    case .folder(let path):
      var existing = path
      while !FileManager.default.fileExists(atPath: existing), existing != Paths.folder(of: existing) {
        existing = Paths.folder(of: existing)
      }
      try Self.checkWritable(existing)
    }
  }

  /// The paths of pictures whose names do not depend on what is in the folder.
  func files(count: Int) -> [String] {
    guard case .file = self else { return [] }
    return (0..<max(0, min(count, RequestLimits.standard.count.upperBound))).map {
      path(index: $0, count: count, seed: 0, prompt: "")
    }
  }

  /// The path of picture `index` of `count`: in a folder a name that no file has yet.
  package func path(index: Int, count: Int, seed: UInt64, prompt: String) -> String {
    switch self {
    case .standardOutput: return "-"
    case .file(let stem, let ending): return count == 1 ? stem + ending : "\(stem)-\(index + 1)\(ending)"
    case .folder(let folder):
      let slug = Self.slug(prompt)
      return Self.unused(Self.join(folder, "\(seed)\(slug.isEmpty ? "" : "-")\(slug)"), ".png")
    }
  }
}

extension OutputPlace {
  /// `stem` and `ending`, with -2, -3 … between them if there is such a file.
  static func unused(_ stem: String, _ ending: String) -> String {
    var path = stem + ending
    var number = 2
    while FileManager.default.fileExists(atPath: path) {
      path = "\(stem)-\(number)\(ending)"
      number += 1
    }
    return path
  }

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

  private static func isFolder(_ path: String) -> Bool {
    var isFolder = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
  }

  static func checkWritable(_ folder: String, flag: String = "--output") throws {
    guard isFolder(folder) else {
      throw DarkroomError(.output, "\(flag): there is no folder \(quoted(folder))")
    }
    guard access(folder, W_OK | X_OK) == 0 else {
      throw DarkroomError(
        .output,
        "\(flag): the folder \(quoted(folder)) cannot be written to: \(systemReason())")
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
