import FoundationEssentials
import Glibc
import SystemFiles

/// Lists that prompts draw from: `__name__` is a line of NAME.txt in a folder, `__colours/warm__` one of
/// colours/warm.txt, and `__colours/*__` one of all files there. Empty lines, and those that begin with #, do not count.
package struct Wildcards: Sendable {
  private let folder: String?
  private static let byteLimit = 16 << 20

  /// - Parameter folder: nil for `wildcards` in the user's configuration folder.
  package init(folder: String?) { self.folder = folder ?? Self.standardFolder }

  /// By the XDG Base Directory Specification; nil where the environment names no home.
  package static var standardFolder: String? { Paths.configuration.map { "\($0)/wildcards" } }

  /// - Throws: `DarkroomError` of kind `request` that names the file.
  package func lines(of name: String) throws -> [String] {
    guard let folder else { throw refusal(name, "this user has no configuration folder") }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !["", ".", ".."].contains($0) }) else {
      throw refusal(name, "is not the name of a file in \(folder)")
    }
    let files = name.contains("*") ? try matches(name, in: folder) : ["\(folder)/\(name).txt"]
    guard !files.isEmpty else { throw refusal(name, "no file fits \(folder)/\(name).txt") }
    let lines = try files.flatMap { try read($0, name) }
    guard !lines.isEmpty else { throw refusal(name, "\(files.joined(separator: ", ")) has no lines") }
    return lines
  }

  private func read(_ path: String, _ name: String) throws -> [String] {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      let isThere = FileManager.default.fileExists(atPath: path)
      throw refusal(name, isThere ? "\(path) cannot be read" : "there is no file \(path)")
    }
    guard data.count <= Self.byteLimit else { throw refusal(name, "\(path) has more than 16 MiB") }
    let content = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
    guard let text = String(validating: content, as: UTF8.self) else {
      throw refusal(name, "\(path) is not text in UTF-8")
    }
    return text.split(whereSeparator: \.isNewline).map(String.init).filter { line in
      guard let first = line.unicodeScalars.first(where: { !$0.properties.isWhitespace }) else {
        return false
      }
      return first != "#"
    }
  }

  /// In the order of their names.
  private func matches(_ pattern: String, in folder: String) throws -> [String] {
    let all = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
    return all.filter { fnmatch("\(pattern).txt", $0, FNM_PATHNAME) == 0 }.sorted().map { "\(folder)/\($0)" }
  }

  private func refusal(_ name: String, _ problem: String) -> DarkroomError {
    DarkroomError(
      .request, field: "__\(name)__", expected: "a text file with a choice a line",
      help: "--wildcards names another folder, and prompt_syntax plain takes the prompt literally", problem)
  }
}
