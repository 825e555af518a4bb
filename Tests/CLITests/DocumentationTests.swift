import Foundation
import HubDouble
import TestSupport
import Testing

/// Every command that README.md and weights.md show is run, in their order, by a newcomer with an empty folder and
/// a Hub that has one small model.
@Suite struct DocumentationTests {
  @Test(arguments: ["README.md", "weights.md"])
  func commandsRun(file: String) async throws {
    let folder = try TemporaryFolder()
    let repository = try HubRepository(
      "stable-diffusion-v1-5/stable-diffusion-v1-5", folder: Fixtures.url("sd1_tiny"))
    let hub = try HubDouble { repository.answer($0) }
    let environment = [
      "HF_HOME": folder.path("hf"), "HF_ENDPOINT": hub.address, "HF_TOKEN": "", "HF_HUB_CACHE": "",
      "HF_HUB_OFFLINE": "",
    ]
    try folder.write("prompt,seed,steps\na red circle,1,2\n", "prompts.csv")
    let commands = try Self.commands(in: file)
    #expect(commands.count >= 4)
    for words in commands {
      let result = try await BuiltCommand.run(words, in: folder, environment: environment)
      #expect(result.code == 0, "darkroom \(words.joined(separator: " ")): \(result.error)")
    }
  }

  /// The indented lines that begin with `darkroom`, split as a shell does.
  private static func commands(in file: String) throws -> [[String]] {
    let root = Fixtures.directory.deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
    return text.split(separator: "\n").compactMap { line in
      let line = line.replacing("    .build/release/darkroom ", with: "    darkroom ")
      guard line.hasPrefix("    darkroom ") else { return nil }
      let command = line.split(separator: " #", maxSplits: 1)[0]
      return Array(words(String(command)).dropFirst())
    }
  }

  private static func words(_ command: String) -> [String] {
    command.split(separator: "\"", omittingEmptySubsequences: false).enumerated().flatMap { index, part in
      index % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
    }
  }
}
