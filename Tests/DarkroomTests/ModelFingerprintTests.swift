import Darkroom
import Foundation
import Glibc
import Hub
import TestSupport
import Testing
import Weights

/// What tells models apart, and how they are found by it.
@Suite final class ModelFingerprintTests {
  private let folder: URL
  private let hashes = FileHashes(file: nil)

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func copy(_ name: String) throws -> URL {
    let place = folder.appendingPathComponent(name)
    try FileManager.default.copyItem(at: Fixtures.url("sd1_tiny"), to: place)
    return place
  }

  private func fingerprint(_ place: URL) throws -> ModelFingerprint {
    try ModelFingerprint.make(of: ModelSource(path: place.path), hashes: hashes)
  }

  private func store(model: URL? = nil) -> ModelStore {
    ModelStore(environment: [
      "HF_HOME": folder.appendingPathComponent("hf").path, "DARKROOM_MODEL": model?.path ?? "",
      "XDG_CACHE_HOME": folder.path,
    ])
  }

  @Test func largeFilesAreNotReadForAQuickOne() async throws {
    let place = try copy("m")
    var quick = hashes
    quick.mostRead = 1000
    #expect(throws: FileHashes.Unknown.self) {
      try ModelFingerprint.make(of: ModelSource(path: place.path), hashes: quick)
    }
    #expect(try await store().quickFingerprint(of: ModelSource(path: place.path)) == fingerprint(place))
  }

  /// The constant that is made with the model.
  @Test func theBuiltInModelHasItsOwn() throws {
    let model = try ModelFingerprint.make(of: ModelFiles(ModelFolder.builtIn), hashes) {}
    #expect(ModelFingerprint.builtIn == model, "scripts/demo-model/fingerprint.py writes it anew")
  }

  @Test func contentDecidesAndPlacesDoNot() throws {
    let (one, two) = (try copy("one"), try copy("two"))
    let original = try fingerprint(one)
    #expect(try fingerprint(two) == original)
    try Data("for people".utf8).write(to: two.appendingPathComponent("README.md"))
    #expect(try fingerprint(two) == original)
    for name in [
      "unet/config.json", "scheduler/scheduler_config.json", "vae/diffusion_pytorch_model.safetensors",
    ] {
      let file = two.appendingPathComponent(name)
      let before = try Data(contentsOf: file)
      try (before + Data(" ".utf8)).write(to: file)
      #expect(try fingerprint(two) != original, "\(name)")
      try before.write(to: file)
    }
    #expect(try fingerprint(two) == original)
  }

  /// As `sha256sum` shows it, and the Hub.
  @Test func aSingleFileHasItsOwnHash() throws {
    let file = folder.appendingPathComponent("model.safetensors")
    try Data("abc".utf8).write(to: file)
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(try fingerprint(file).description == expected)
    let configured = ModelSource(path: file.path, configuration: Fixtures.url("sd1_tiny").path)
    #expect(try ModelFingerprint.make(of: configured, hashes: hashes).description != expected)
  }

  @Test func beginningsMatch() throws {
    let whole = try #require(ModelFingerprint(String(repeating: "0123456789abcdef", count: 4)))
    let short = try #require(ModelFingerprint("0123456789"))
    let other = try #require(ModelFingerprint("0123456780"))
    #expect(whole.short == "0123456789" && whole.matches(short) && short.matches(whole))
    #expect(!whole.matches(other))
    for text in ["", "012345678", "0123456789x", String(repeating: "0", count: 65)] {
      #expect(ModelFingerprint(text) == nil, "\(text)")
    }
  }

  @Test func modelsAreFoundByContent() async throws {
    let mine = try copy("mine")
    let wanted = ModelReference(name: "other-name", try fingerprint(mine))
    #expect(try await store(model: mine).find(wanted) == ModelSource(path: mine.path))
    #expect(try await store().find(ModelReference(name: "x", .builtIn)) == .builtIn)
    await #expect { try await store().find(wanted) } throws: { "\($0)".contains(wanted.description) }
  }

  @Test func aModelOfThatNameWithOtherContentIsNamed() async throws {
    let mine = try copy("mine")
    let own = try fingerprint(mine)
    let wanted = ModelReference(name: "mine", fingerprint: String(repeating: "5", count: 64))
    await #expect { try await store(model: mine).find(wanted) } throws: { error in
      let text = "\(error)"
      return text.contains("mine (fingerprint 5555555555)") && text.contains("\(mine.path) has \(own.short)")
    }
  }

  @Test func withoutAFingerprintTheNameDecides() async throws {
    let mine = try copy("mine")
    let named = ModelReference(name: "mine")
    #expect(try await store(model: mine).find(named) == ModelSource(path: mine.path))
    await #expect(throws: DarkroomError.self) { try await store().find(named) }
  }

  @Test func itIsMadeInTheBackgroundAndEndsWithItsHolder() throws {
    let mine = try copy("mine")
    let expected = try fingerprint(mine)
    #expect(try FingerprintInProgress(ModelSource(path: mine.path), hashes).wait() == expected)
    let missing = FingerprintInProgress(ModelSource(path: folder.path), hashes)
    #expect(throws: DarkroomError.self) { try missing.wait() }
  }
}
