import Foundation
import Hub
import HubDouble
import Testing

@Suite struct PullTests {
  private let place: Place

  init() throws { place = try Place() }

  @Test func bringsWhatTheModelNeeds() throws {
    var repository = Sample.diffusers
    repository.pageSize = 4
    let hub = try HubDouble { [repository] in repository.answer($0) }
    let pulled = try place.pull(hub)
    #expect(
      pulled.files.map(\.path) == [
        "model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json", "tokenizer/merges.txt",
        "text_encoder/config.json", "unet/config.json", "vae/config.json",
        "text_encoder/model.safetensors", Sample.unet, "vae/diffusion_pytorch_model.safetensors",
      ])
    #expect(
      pulled.files.allSatisfy { !$0.wasThere } && pulled.path == place.path("snapshots/\(pulled.commit)"))
    for file in pulled.files {
      #expect(place.bytes("snapshots/\(pulled.commit)/\(file.path)") == repository.files[file.path])
      let link = try FileManager.default.destinationOfSymbolicLink(
        atPath: place.path("snapshots/\(pulled.commit)/\(file.path)"))
      #expect(link.hasSuffix("../blobs/\(repository.hash(file.path))") && link.hasPrefix("../../"))
    }
    #expect(place.bytes("refs/main") == Array(pulled.commit.utf8))
    #expect(place.names("blobs").count == 10 && !place.names("blobs").contains { $0.contains(".") })
    #expect(hub.requests.count { $0.target.contains("/tree/") } == 5)

    let again = try place.pull(hub)
    #expect(again.files.allSatisfy(\.wasThere) && again.path == pulled.path)
    #expect(hub.requests.count { $0.path.contains("/resolve/") } == 10)
  }

  /// Nothing is drawn with it, so it comes only where it is asked for, to a model that is there as well.
  @Test func safetyCheckers() throws {
    var repository = Sample.diffusers
    let added = ["feature_extractor/preprocessor_config.json", "safety_checker/config.json"]
    for file in added { repository.files[file] = Array("{\"f\":\(file.count)}".utf8) }
    let weights = "safety_checker/model.fp16.safetensors"
    repository.files[weights] = Sample.bytes(60, seed: 9)
    let index = String(decoding: repository.files["model_index.json"] ?? [], as: UTF8.self)
    repository.files["model_index.json"] = Array(
      index.replacing(#""unet":"#, with: #""safety_checker":["s","S"],"unet":"#).utf8)
    let hub = try HubDouble { [repository] in repository.answer($0) }
    let plain = try place.pull(hub)
    #expect(!plain.files.contains { (added + [weights]).contains($0.path) })
    let offline = try HubSettings(["HF_HOME": place.folder, "HF_HUB_OFFLINE": "1"])
    let reference = try RepositoryReference("owner/model")
    #expect(throws: HubError.self) {
      _ = try HubCache.pull(reference, safetyChecker: true, offline)
    }
    let whole = try place.pull(hub, safetyChecker: true)
    #expect(whole.files.filter { !$0.wasThere }.map(\.path) == added + [weights])
    #expect(try HubCache.pull(reference, safetyChecker: true, offline).path == whole.path)

    let other = try HubDouble { Sample.diffusers.answer($0) }
    #expect(try place.refusal(other, safetyChecker: true).description.contains("no safety checker in it"))
    let single = try HubDouble { Sample.single.answer($0) }
    #expect(try place.refusal(single, safetyChecker: true).description.contains("model_index.json is not"))
    let one = try place.refusal(hub, file: Sample.unet, safetyChecker: true)
    #expect(one.kind == .usage && one.description.contains("goes with a whole model"))
  }

  @Test func bothSchedulersOfAnUpscaler() throws {
    var repository = Sample.diffusers
    let (index, file) = ("model_index.json", "low_res_scheduler/scheduler_config.json")
    let named = String(decoding: repository.files[index] ?? [], as: UTF8.self)
    repository.files[index] = Array(
      named.replacing(#""scheduler":"#, with: #""low_res_scheduler":["d","S"],"scheduler":"#).utf8)
    let without = try HubDouble { [repository] in repository.answer($0) }
    #expect(try place.refusal(without).description.contains("the repository lacks \(file)"))
    repository.files[file] = Array("{}".utf8)
    let hub = try HubDouble { [repository] in repository.answer($0) }
    #expect(try place.pull(hub).files.map(\.path).contains(file))
  }

  @Test func shards() throws {
    var repository = Sample.diffusers
    repository.files["unet/diffusion_pytorch_model.fp16.safetensors"] = nil
    let index = "unet/diffusion_pytorch_model.safetensors.index.fp16.json"
    let shards = (1...2).map { "unet/diffusion_pytorch_model.fp16-0000\($0)-of-00002.safetensors" }
    repository.files[index] = Array(
      """
      {"weight_map":{"a":"diffusion_pytorch_model.fp16-00001-of-00002.safetensors",
      "b":"diffusion_pytorch_model.fp16-00002-of-00002.safetensors"}}
      """.utf8)
    for shard in shards { repository.files[shard] = Sample.bytes(50, seed: UInt8(shard.count % 7)) }
    repository.files["unet/diffusion_pytorch_model.safetensors"] = nil
    let hub = try HubDouble { [repository] in repository.answer($0) }
    let paths = try place.pull(hub).files.map(\.path)
    #expect(paths.filter { $0.hasPrefix("unet/") } == ["unet/config.json", index] + shards)
  }

  @Test func aBrokenConnectionGoesOn() throws {
    let (repository, calls) = (Sample.single, Counter())
    let hub = try HubDouble { request in
      let response = repository.answer(request)
      return request.path.contains("/resolve/") && calls.next() < 4 ? response.cut(after: 20_000) : response
    }
    var notices: [String] = []
    let pulled = try place.pull(hub) { notices.append($0) }
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: pulled.path))
        == Data(repository.files["model.safetensors"] ?? []))
    #expect(hub.requests.compactMap(\.rangeStart) == [20_000, 40_000, 60_000])
    #expect(notices.count == 3 && notices[0].contains("trying again in 0 s"))
  }

  @Test func aConnectionThatAlwaysBreaksEnds() throws {
    let repository = Sample.single
    let hub = try HubDouble { request in
      let response = repository.answer(request)
      guard request.path.contains("/resolve/") else { return response }
      return response.cut(after: request.rangeStart == nil ? 500 : 0)
    }
    let error = try place.refusal(hub)
    #expect(error.kind == .download && error.description.contains("goes on from there"))
    #expect(hub.requests.count { $0.path.contains("/resolve/") } == 4)
    #expect(place.bytes("blobs/\(repository.hash("model.safetensors")).incomplete")?.count == 500)
    #expect(place.names("refs").isEmpty)
  }

  @Test(arguments: [
    // What an earlier run has left, what the server does with a range, and the ranges asked for.
    (40_000, "serves", [40_000]), (40_000, "ignores", [40_000]), (40_000, "416", [40_000]),
    (40_000, "wrong", [40_000]), (100_000, "serves", []), (100_001, "serves", []), (0, "serves", []),
  ])
  func goesOnWhereItWas(left: Int, server: String, ranges: [Int]) throws {
    let repository = Sample.single
    let bytes = try #require(repository.files["model.safetensors"])
    let blob = "blobs/\(repository.hash("model.safetensors"))"
    try place.write(Array((bytes + [0]).prefix(left)), "\(blob).incomplete")
    let hub = try HubDouble { request in
      guard request.path.contains("/resolve/"), request.rangeStart != nil else {
        return repository.answer(request)
      }
      switch server {
      case "ignores": return HubDouble.Response(200, bytes)
      case "416": return HubDouble.Response(416)
      case "wrong": return HubDouble.Response(206, [1, 2], headers: ["Content-Range": "bytes 7-8/100000"])
      default: return repository.answer(request)
      }
    }
    let pulled = try place.pull(hub)
    #expect(place.bytes(blob) == bytes && place.names("blobs").count == 1)
    #expect(pulled.files.map(\.size) == [bytes.count] && pulled.files.allSatisfy { !$0.wasThere })
    #expect(hub.requests.compactMap(\.rangeStart) == ranges)
  }

  @Test(arguments: [(99_999, "100000 bytes, found 99999"), (100_000, "SHA-256"), (100_001, "found 100001")])
  func changedBytesAreRefused(count: Int, message: String) throws {
    let repository = Sample.single
    let hub = try HubDouble { request in
      request.path.contains("/resolve/")
        ? HubDouble.Response(200, Sample.bytes(count, seed: 9)) : repository.answer(request)
    }
    let error = try place.refusal(hub)
    #expect(error.description.hasPrefix("model.safetensors: refused and deleted"), "\(error)")
    #expect(error.description.contains(message), "\(error)")
    #expect(place.names("blobs").isEmpty && place.names("refs").isEmpty)
    #expect(place.names("snapshots/\(HubRepository.commit)").isEmpty)
  }

  @Test func changedSmallFileIsRefused() throws {
    let repository = Sample.diffusers
    let hub = try HubDouble { request in
      request.path.hasSuffix("/model_index.json")
        ? HubDouble.Response(
          200, [UInt8](repeating: 32, count: repository.files["model_index.json"]?.count ?? 0))
        : repository.answer(request)
    }
    let error = try place.refusal(hub)
    #expect(error.description.contains(repository.hash("model_index.json")), "\(error)")
  }

  @Test func aBrokenRestOfAnEarlierRunIsFound() throws {
    let repository = Sample.single
    try place.write(
      [UInt8](repeating: 1, count: 10), "blobs/\(repository.hash("model.safetensors")).incomplete")
    let hub = try HubDouble { repository.answer($0) }
    #expect(try place.refusal(hub).description.contains("refused and deleted"))
    #expect(try place.pull(hub).files.count == 1)
  }

  @Test func blobsOfOtherProgramsAreUsed() throws {
    let repository = Sample.diffusers
    let weights = try #require(repository.files[Sample.unet])
    try place.write(weights, "blobs/\(repository.hash(Sample.unet))")
    // Of another size than the hub says: cannot be right.
    try place.write([1], "blobs/\(repository.hash("unet/config.json"))")
    let hub = try HubDouble { repository.answer($0) }
    let pulled = try place.pull(hub)
    #expect(pulled.files.filter(\.wasThere).map(\.path) == [Sample.unet])
    #expect(!hub.requests.contains { $0.path.hasSuffix(Sample.unet) })
    #expect(
      place.bytes("snapshots/\(pulled.commit)/unet/config.json") == repository.files["unet/config.json"])
  }

  @Test func twoAtATimeFetchOnce() async throws {
    let repository = Sample.diffusers
    let hub = try HubDouble { repository.answer($0) }
    let place = place
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<2 { group.addTask { _ = try place.pull(hub) } }
      try await group.waitForAll()
    }
    let files = hub.requests.map(\.path).filter { $0.contains("/resolve/") }
    #expect(files.count == 10 && Set(files).count == 10)
  }

  @Test(.timeLimit(.minutes(10))) func cancellingKeepsWhatIsThere() async throws {
    let repository = Sample.single
    let hub = try HubDouble { request in
      let response = repository.answer(request)
      return request.path.contains("/resolve/") ? response.cut(after: 30_000, .stalls) : response
    }
    let place = place
    let blob = "blobs/\(repository.hash("model.safetensors")).incomplete"
    let work = Task { try place.pull(hub) }
    while place.bytes(blob)?.count != 30_000 { try await Task.sleep(for: .milliseconds(5)) }
    work.cancel()
    await #expect(throws: CancellationError.self) { _ = try await work.value }
    #expect(place.bytes(blob)?.count == 30_000)
  }

  @Test func aFullDiskIsSaidBefore() throws {
    let repository = Sample.single
    let hub = try HubDouble { repository.answer($0) }
    var settings = try place.settings(hub)
    settings.freeSpace = { _ in 99_999 }
    let error = #expect(throws: HubError.self) {
      _ = try HubCache.pull(RepositoryReference("owner/model"), settings)
    }
    #expect(
      error?.kind == .disk && error?.description.contains("needs 1 MB of disk, and 0 MB are free") == true)
    #expect(!hub.requests.contains { $0.path.contains("/resolve/") })
    // What an earlier run has left is not needed again.
    try place.write(
      Sample.bytes(1), "blobs/\(repository.hash("model.safetensors")).incomplete")
    _ = try HubCache.pull(RepositoryReference("owner/model"), settings)
  }
}
