import Foundation
import Tokenizer

extension Vocabulary {
  /// Reads the tokenizer of a folder on disk.
  static func load(folder: URL) throws(VocabularyError) -> Vocabulary {
    try load(
      VocabularyFolder(folder.path) { name in
        let file = folder.appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        return [UInt8](try Data(contentsOf: file))
      })
  }
}
