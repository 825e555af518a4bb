import AllocationCounter
import Darkroom
import Foundation
import Glibc
import Synchronization
import HubDouble
import TestSupport
import Testing

/// Models from a Hub on this machine, as users fetch and use them.
@Suite(.serialized) struct PullTests {
  private let folder: TemporaryFolder
  private let repository: HubRepository
  private static let weights = "unet/diffusion_pytorch_model.safetensors"
  private static let commit = HubRepository.commit

  init() throws {
    folder = try TemporaryFolder()
    repository = try HubRepository("owner/tiny", folder: Fixtures.url("sd1_tiny"))
  }

  private func environment(_ hub: HubDouble) -> [String: String] {
    [
      "HF_HOME": folder.path("hf"), "HF_ENDPOINT": hub.address, "HF_TOKEN": "", "HF_HUB_CACHE": "",
      "HF_HUB_OFFLINE": "",
    ]
  }

  private func run(_ words: [String], _ hub: HubDouble) async throws -> BuiltCommand.Result {
    try await BuiltCommand.run(words, in: folder, environment: environment(hub))
  }

  private func hub() throws -> HubDouble { try HubDouble { [repository] in repository.answer($0) } }

  /// A server that sends only a part of the weights the first time, and then nothing more.
  private func stallingHub(after count: Int) throws -> HubDouble {
    let calls = Calls()
    return try HubDouble { [repository] request in
      let response = repository.answer(request)
      let isFirst = request.path.hasSuffix(Self.weights) && calls.isFirst()
      return isFirst ? response.cut(after: count, .stalls) : response
    }
  }

  private var incomplete: String {
    "hf/hub/models--owner--tiny/blobs/\(repository.hash(Self.weights)).incomplete"
  }

  private func stopped(_ hub: HubDouble, after count: Int, by signal: Int32) async throws
    -> BuiltCommand.Result
  {
    let running = try BuiltCommand.start(["pull", "owner/tiny"], in: folder, environment: environment(hub))
    let isThere = try running.waits { (try? folder.data(incomplete))?.count == count }
    #expect(isThere)
    running.send(signal)
    return try await running.result()
  }

  @Test func killedHalfWayAndUsedInTheEnd() async throws {
    let hub = try stallingHub(after: 700_000)
    #expect(try await stopped(hub, after: 700_000, by: SIGKILL).code == -SIGKILL)
    #expect(try folder.data(incomplete).count == 700_000)

    let part = try await run(["generate", "x", "--model", "owner/tiny"], hub)
    #expect(part.code == 1 && part.errorLines.count == 1)
    #expect(
      part.error.contains("without \(Self.weights), vae/diffusion_pytorch_model.safetensors; darkroom pull"))
    let listed = try await run(["models"], hub)
    #expect(listed.output.contains("incomplete, without \(Self.weights)"))

    let pulled = try await run(["pull", "owner/tiny"], hub)
    #expect(pulled.code == 0, "\(pulled.error)")
    let snapshot = folder.path("hf/hub/models--owner--tiny/snapshots/\(Self.commit)")
    #expect(pulled.output == snapshot + "\n")
    #expect(pulled.error.contains("owner/tiny@main: 8 files, 4.1 MiB; 2 files, 2.6 MiB fetched now"))
    #expect(hub.requests.compactMap(\.rangeStart) == [700_000])

    let words = ["generate", "x", "--seed", "1", "--steps", "2", "--size", "64x64", "--output"]
    let made = try await run(words + ["a.png", "--model", "owner/tiny@main"], hub)
    #expect(made.code == 0, "\(made.error)")
    _ = try await run(words + ["b.png", "--model", BuiltCommand.model], hub)
    let requests = try ["a.png", "b.png"].map { try GenerationRequest.read(fromPicture: folder.path($0)) }
    #expect(requests[0] == requests[1])
    let metadata = String(decoding: try folder.data("a.png").prefix(2000), as: UTF8.self)
    #expect(metadata.contains("Model: tiny"), "\(metadata)")

    let inspected = try await run(["inspect", "owner/tiny"], hub)
    #expect(inspected.output.contains("Stable Diffusion 1"))
  }

  @Test func halfPrecisionNamesAreLoaded() async throws {
    var half = repository
    for stem in ["unet/diffusion_pytorch_model", "text_encoder/model"] {
      half.files["\(stem).fp16.safetensors"] = half.files.removeValue(forKey: "\(stem).safetensors")
    }
    let hub = try HubDouble { [half] in half.answer($0) }
    #expect(try await run(["pull", "owner/tiny"], hub).code == 0)
    let made = try await run(
      ["generate", "x", "--model", "owner/tiny", "--steps", "1", "--size", "64x64", "--output", "a.png"], hub)
    #expect(made.code == 0 && made.output == "a.png\n", "\(made.error)")
  }

  @Test func interruptedAtOnce() async throws {
    let hub = try stallingHub(after: 500_000)
    let result = try await stopped(hub, after: 500_000, by: SIGINT)
    #expect(result.code == 130 && result.error.hasSuffix("darkroom: interrupted\n"))
    #expect(try folder.data(incomplete).count == 500_000)
  }

  @Test func addressesAsABrowserShowsThem() async throws {
    let hub = try hub()
    let address = "\(hub.address)/owner/tiny"
    let pulled = try await run(["pull", "\(address)/tree/main?library=diffusers"], hub)
    #expect(pulled.code == 0, "\(pulled.error)")
    let words = ["generate", "x", "--steps", "1", "--size", "64", "--output", "a.png", "--model", address]
    #expect(try await run(words, hub).code == 0)
    let asked = hub.requests.count
    let nameless = try await run(["pull", "tiny"], hub)
    #expect(nameless.code == 2 && nameless.error.contains("'tiny' has no owner; expected OWNER/NAME"))
    #expect(hub.requests.count == asked)
  }

  @Test func modelsAndRemove() async throws {
    struct Listing: Decodable { let models: [StoredModel] }
    let hub = try hub()
    let pulled = try await run(["pull", "owner/tiny", "--json", "--quiet"], hub)
    #expect(pulled.error.isEmpty)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let model = try decoder.decode(DownloadedModel.self, from: Data(pulled.output.utf8))
    #expect(model.repository == "owner/tiny" && model.revision == "main" && model.commit == Self.commit)
    #expect(model.files.count == 8 && model.files.allSatisfy { !$0.wasThere })

    let listing = try await run(["models", "--json"], hub)
    let stored = try #require(decoder.decode(Listing.self, from: Data(listing.output.utf8)).models.last)
    #expect(stored.repository == "owner/tiny" && stored.revisions == ["main"] && stored.path == model.path)
    #expect(stored.family == "Stable Diffusion 1" && stored.missing.isEmpty)
    #expect(stored.bytes == model.files.reduce(0) { $0 + $1.size })

    let planned = try await run(["remove", "owner/tiny", "--dry-run"], hub)
    #expect(planned.output == "owner/tiny (main, 01234567): 4.1 MiB would be free\n")
    let removed = try await run(["remove", "owner/tiny@main", "--json"], hub)
    #expect(removed.code == 0 && removed.output.contains("\"bytes\":\(stored.bytes)"))
    #expect(try await run(["remove", "owner/tiny"], hub).code == 1)
    let gone = try await run(["generate", "x", "--model", "owner/tiny"], hub)
    #expect(gone.code == 1)
    #expect(
      gone.error.contains(
        "no such file or folder, and as a model of the Hub: owner/tiny: is not in the cache"))
    #expect(gone.error.hasSuffix("darkroom pull owner/tiny fetches it\n"))
  }

  /// Whoever sits behind a proxy that is gone looks for the fault in the network.
  @Test func aDeadProxyIsNamed() async throws {
    let port = try HubDouble { _ in HubDouble.Response(404) }.port
    var environment = environment(try hub())
    environment["HF_ENDPOINT"] = "http://hub.invalid"
    environment["http_proxy"] = "http://me:secret@127.0.0.1:\(port)"
    for name in ["no_proxy", "NO_PROXY"] { environment[name] = "" }
    let result = try await BuiltCommand.run(["pull", "owner/tiny"], in: folder, environment: environment)
    #expect(result.code == 1 && !result.error.contains("secret"))
    #expect(
      result.error.contains("the proxy http://127.0.0.1:\(port), which http_proxy names"), "\(result.error)")
    environment["no_proxy"] = "invalid"
    let own = try await BuiltCommand.run(["pull", "owner/tiny"], in: folder, environment: environment)
    #expect(!own.error.contains("which http_proxy"), "\(own.error)")
  }

  @Test func aFileOfThatNameComesFirst() async throws {
    let hub = try hub()
    try FileManager.default.createDirectory(
      atPath: folder.path("owner"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: BuiltCommand.model, toPath: folder.path("owner/tiny"))
    #expect(try await run(["inspect", "owner/tiny"], hub).code == 0)
    #expect(hub.requests.isEmpty)
  }

  /// Asked while it runs, as a file of 128 MiB comes. Not under sanitizers, whose own memory would count.
  @Test(.enabled(if: allocations_are_counted() != 0)) func memoryDoesNotGrowWithTheFile() async throws {
    let size = 128 << 20
    let large = HubRepository("owner/large", files: ["model.safetensors": [UInt8](repeating: 7, count: size)])
    let (hash, hub) = (large.hash("model.safetensors"), try HubDouble { large.answer($0) })
    let running = try BuiltCommand.start(["pull", "owner/large"], in: folder, environment: environment(hub))
    var peak = 0
    _ = try running.waits {
      peak = max(peak, running.peak() ?? 0)
      return false
    }
    let result = try await running.result()
    #expect(result.code == 0, "\(result.error)")
    #expect(try folder.data("hf/hub/models--owner--large/blobs/\(hash)").count == size)
    #expect(peak > 0 && peak < size / 2, "\(peak)")
  }

  @Test(arguments: [
    (["pull"], 2, "no REPO"), (["pull", "../x"], 2, "is no repository of the Hub"),
    (["pull", "a/b@../c"], 2, "is no revision"), (["remove", "/etc"], 2, "is no repository of the Hub"),
    (["pull", "owner/tiny", "--file", "a.ckpt"], 2, "expected a .safetensors file"),
    (["pull", "owner/none"], 1, "no such repository"), (["pull", "owner/tiny@v2"], 1, "no revision 'v2'"),
  ])
  func wrongUse(words: [String], code: Int32, message: String) async throws {
    let result = try await run(words, try hub())
    #expect(result.code == code && result.errorLines.count == 1 && result.output.isEmpty)
    #expect(result.error.contains(message), "\(result.error)")
  }
}

/// Tells the first call from the others.
private final class Calls: Sendable {
  private let count = Mutex(0)

  func isFirst() -> Bool {
    count.withLock { count in
      count += 1
      return count == 1
    }
  }
}
