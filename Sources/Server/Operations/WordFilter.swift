import Darkroom
import FoundationEssentials

/// Words that prompts may not have. There are none unless the server's owner lists them.
package struct WordFilter: Sendable {
  /// In small letters, each a word or several with single spaces.
  private let words: Set<String>
  private let longest: Int

  package init(_ words: [String] = []) {
    self.words = Set(words.map { Self.words(of: $0).joined(separator: " ") }.filter { !$0.isEmpty })
    longest = self.words.map { $0.split(separator: " ").count }.max() ?? 0
  }

  /// - Parameter file: a word or some words a line; what begins with # is left out.
  /// - Throws: `DarkroomError` of kind `request` if it cannot be read.
  package init(file: String) throws {
    guard let data = FileManager.default.contents(atPath: file),
      let text = String(validating: data, as: UTF8.self)
    else {
      throw DarkroomError(
        .request, field: file, expected: "a text file with a word a line", "cannot be read")
    }
    self.init(text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") })
  }

  /// - Throws: `Refusal` of kind `moderation`; it does not say the word, which stands in the server's list.
  package func check(_ prompts: [String]) throws {
    guard longest > 0 else { return }
    for prompt in prompts where has(prompt) {
      throw Refusal(.moderation, Refusal.flagged)
    }
  }

  private func has(_ prompt: String) -> Bool {
    let found = Self.words(of: prompt)
    return found.indices.contains { first in
      (1...longest).contains { count in
        first + count <= found.count
          && words.contains(found[first..<first + count].joined(separator: " "))
      }
    }
  }

  private static func words(of text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
  }
}
