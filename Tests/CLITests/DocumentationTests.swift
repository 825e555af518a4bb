import Foundation
import HubDouble
import TestSupport
import Testing

/// Every command that a document shows is run, in its order, by a newcomer with the repository's prompts, a folder for
/// pictures as scripts/demo makes it, and a Hub that has one small model.
@Suite struct DocumentationTests {
  private static let root = Fixtures.directory.deletingLastPathComponent().deletingLastPathComponent()

  /// Documents with the least number of commands that they show.
  @Test(arguments: [
    ("README.md", 5), ("weights.md", 4), ("docs/command.md", 12), ("docs/gpu.md", 2),
    ("docs/speed-and-memory.md", 2),
  ])
  func commandsRun(file: String, least: Int) async throws {
    let folder = try TemporaryFolder()
    let repository = try HubRepository(
      "stable-diffusion-v1-5/stable-diffusion-v1-5", folder: Fixtures.url("sd1_tiny"))
    let hub = try HubDouble { repository.answer($0) }
    // Small pictures in few steps where the command names no others, since all are made.
    let configuration = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: configuration.path("darkroom"), withIntermediateDirectories: true)
    try configuration.write(
      #"{"defaults": {"width": 64, "height": 64, "steps": 2}}"#, "darkroom/config.json")
    let environment = [
      "XDG_CONFIG_HOME": configuration.path, "HF_HOME": folder.path("hf"), "HF_ENDPOINT": hub.address,
      "HF_TOKEN": "", "HF_HUB_CACHE": "",
      "HF_HUB_OFFLINE": "",
    ]
    try FileManager.default.copyItem(
      at: Self.root.appendingPathComponent("prompts.csv"),
      to: URL(fileURLWithPath: folder.path("prompts.csv")))
    try FileManager.default.createDirectory(
      atPath: folder.path("pictures"), withIntermediateDirectories: true)
    let commands = try Self.commands(in: file)
    #expect(commands.count >= least)
    for words in commands {
      let result = try await BuiltCommand.run(words, in: folder, environment: environment)
      #expect(result.code == 0, "darkroom \(words.joined(separator: " ")): \(result.error)")
    }
    // Git ignores the folder for pictures, so that nothing else is left in a clone.
    #expect(Set(folder.names).isSubset(of: ["hf", "pictures", "prompts.csv"]), "\(folder.names)")
    let ignored = try String(contentsOf: Self.root.appendingPathComponent(".gitignore"), encoding: .utf8)
    #expect(ignored.split(separator: "\n").contains("/pictures/"))
  }

  /// Links to files of the repository, such as `[gpu](docs/gpu.md)`.
  @Test(arguments: [
    "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SPEED.md", "weights.md",
    "Tests/README.md",
    "docs/building.md", "docs/command.md", "docs/comparing.md", "docs/gpu.md", "docs/speed-and-memory.md",
  ])
  func linksLeadSomewhere(file: String) throws {
    let place = Self.root.appendingPathComponent(file)
    let text = try String(contentsOf: place, encoding: .utf8)
    for match in text.matches(of: /\]\(([^)#:]+)\)/) {
      let target = place.deletingLastPathComponent().appendingPathComponent(String(match.1))
      #expect(FileManager.default.fileExists(atPath: target.path), "\(match.1)")
    }
  }

  /// The indented lines that begin with `darkroom`, split as a shell does.
  private static func commands(in file: String) throws -> [[String]] {
    let text = try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
    return text.split(separator: "\n").compactMap { line in
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
