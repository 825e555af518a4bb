import Foundation
import Glibc
import Hub
import HubDouble
import Testing

@Suite struct CacheTests {
  private let place: Place

  init() throws { place = try Place() }

  private static func commit(_ digit: Character) -> String { String(repeating: digit, count: 40) }

  /// Two revisions that share all files but one.
  private func pullTwo() throws {
    var repository = Sample.diffusers
    repository.commit = Self.commit("a")
    let first = try HubDouble { [repository] in repository.answer($0) }
    _ = try place.pull(first)
    repository.commit = Self.commit("b")
    repository.files["vae/diffusion_pytorch_model.safetensors"] = Sample.bytes(5000, seed: 42)
    let second = try HubDouble { [repository] in repository.answer($0) }
    _ = try place.pull(second)
    try place.write(Array(Self.commit("a").utf8), "refs/old/v1")
    #expect(second.requests.count { $0.path.contains("/resolve/") } == 1)
  }

  private func find(_ name: String = "owner/model") throws -> Snapshot {
    try place.cache.find(RepositoryReference(name))
  }

  private func absence(_ name: String = "owner/model") throws -> String {
    try #require(throws: HubError.self) { _ = try self.find(name) }.description
  }

  // MARK: - Caches of other kinds

  private func hub() throws -> HubDouble { try HubDouble { Sample.diffusers.answer($0) } }

  /// FAT, exFAT and some network file systems have no links: files stand in the snapshot itself.
  @Test func aFileSystemWithoutLinks() throws {
    let hub = try hub()
    let noLink: @Sendable (String, String) -> Int32 = { _, _ in
      errno = EPERM
      return -1
    }
    let pulled = try place.pull(hub, makeLink: noLink)
    let snapshot = "snapshots/\(pulled.commit)"
    #expect(place.bytes("\(snapshot)/\(Sample.unet)") == Sample.diffusers.files[Sample.unet])
    #expect(place.names("blobs").isEmpty)
    #expect(try find().missing.isEmpty)
    let again = try place.pull(hub, makeLink: noLink)
    #expect(again.files.allSatisfy { $0.wasThere })
    let removal = try place.cache.remove(RepositoryReference("owner/model"), dryRun: true)
    #expect(removal.bytes > 300_000)
    // Another error of the system is one.
    let broken: @Sendable (String, String) -> Int32 = { _, _ in
      errno = EIO
      return -1
    }
    let other = try Place()
    #expect(throws: HubError.self) { _ = try other.pull(hub, makeLink: broken) }
  }

  /// What huggingface_hub leaves on Windows and without links: files in the snapshot, no blobs.
  @Test func aCacheThatWasMadeWithoutLinks() throws {
    let (hub, commit) = (try hub(), HubRepository.commit)
    for (name, bytes) in Sample.diffusers.files { try place.write(bytes, "snapshots/\(commit)/\(name)") }
    try place.write(Array("\(commit)\n".utf8), "refs/main")
    let pulled = try place.pull(hub)
    #expect(pulled.files.allSatisfy { $0.wasThere })
    #expect(!hub.requests.contains { $0.path.contains("/resolve/") })
    // Nothing was made: the cache may be one that cannot be written.
    #expect(place.names("") == ["refs", "snapshots"])
    // A file of another size is not that file.
    try place.write([1, 2], "snapshots/\(commit)/\(Sample.unet)")
    #expect(try place.pull(hub).files.filter { !$0.wasThere }.map(\.path) == [Sample.unet])
  }

  /// A link to itself stands for a folder without permission, since tests may run as root.
  @Test func aCacheThatCannotBeReadIsNotEmpty() throws {
    try FileManager.default.createDirectory(atPath: place.folder + "/hub", withIntermediateDirectories: true)
    symlink("models--owner--model", place.folder + "/hub/models--owner--model")
    #expect(try absence().contains("cannot be read: Too many levels"))
    try FileManager.default.removeItem(atPath: place.folder + "/hub")
    symlink("hub", place.folder + "/hub")
    #expect(throws: HubError.self) { try self.place.cache.entries() }
  }

  @Test func variablesWithinPathsAreExpanded() throws {
    let environment = ["HOME": "/h/x", "DATA": "/data"]
    func cache(_ more: [String: String]) throws -> String {
      try HubSettings(environment.merging(more) { $1 }).cache
    }
    #expect(try cache([:]) == "/h/x/.cache/huggingface/hub")
    #expect(try cache(["HF_HOME": "$DATA/hf"]) == "/data/hf/hub")
    #expect(try cache(["HF_HUB_CACHE": "${DATA}/c", "HF_HOME": "/other"]) == "/data/c")
    #expect(try cache(["XDG_CACHE_HOME": "$NONE/c"]) == "$NONE/c/huggingface/hub")
    #expect(try cache(["HUGGINGFACE_HUB_CACHE": "~/c"]) == "/h/x/c")
  }

  @Test func findsRevisions() throws {
    try pullTwo()
    #expect(try find().commit == Self.commit("b"))
    #expect(try find("owner/model@old/v1").commit == Self.commit("a"))
    #expect(try find("owner/model@\(Self.commit("a"))").path == place.path("snapshots/\(Self.commit("a"))"))
    #expect(
      try absence("owner/model@v9").contains("has owner/model@main, owner/model@old/v1; darkroom pull"))
    #expect(try absence("owner/other").contains("is not in the cache"))
    #expect(HubCache.modelName(ofFolder: try find().path) == "model")
    #expect(HubCache.modelName(ofFolder: "/models/snapshots/x") == nil)
  }

  @Test func saysWhatIsMissing() throws {
    try pullTwo()
    let snapshot = place.path("snapshots/\(Self.commit("b"))")
    for name in [Sample.unet, "vae/config.json"] {
      try FileManager.default.removeItem(atPath: "\(snapshot)/\(name)")
    }
    let text = try absence()
    #expect(
      text.contains(
        "without unet/diffusion_pytorch_model.safetensors, vae/config.json; darkroom pull owner/model"))
    // A first download that was stopped has no ref.
    try FileManager.default.removeItem(atPath: place.path("refs"))
    try FileManager.default.removeItem(atPath: place.path("snapshots/\(Self.commit("a"))"))
    #expect(try absence().contains("only a part of it is in the cache"))
    try FileManager.default.removeItem(atPath: "\(snapshot)/model_index.json")
    #expect(try absence().contains("without model_index.json;"))
    #expect(try place.cache.entries().map(\.snapshot.isComplete) == [false])
  }

  @Test func aMissingShardIsNamed() throws {
    let folder = "snapshots/\(Self.commit("c"))"
    for (name, bytes) in Sample.diffusers.files where !name.hasPrefix("unet/") || name.hasSuffix(".json") {
      try place.write(bytes, "\(folder)/\(name)")
    }
    let index = #"{"weight_map":{"a":"s-1.safetensors","b":"s-2.safetensors"}}"#
    try place.write(Array(index.utf8), "\(folder)/unet/diffusion_pytorch_model.safetensors.index.json")
    try place.write([1], "\(folder)/unet/s-1.safetensors")
    #expect(try find("owner/model@\(Self.commit("c"))", missing: ["unet/s-2.safetensors"]))
  }

  private func find(_ name: String, missing: [String]) throws -> Bool {
    try absence(name).contains("without \(missing.joined(separator: ", "));")
  }

  @Test func entriesOfTheCache() throws {
    try pullTwo()
    try FileManager.default.createDirectory(
      atPath: place.path("", repository: "datasets--owner--data/snapshots"), withIntermediateDirectories: true
    )
    let entries = try place.cache.entries()
    #expect(entries.map(\.references) == [["old/v1"], ["main"]])
    #expect(entries.map(\.snapshot.isComplete) == [true, true])
    #expect(entries[1].bytes - entries[0].bytes == 3000)
  }

  @Test func removingARevisionKeepsSharedBlobs() throws {
    try pullTwo()
    try place.write(Array("{}".utf8), "trees/\(Self.commit("b")).json")
    let before = place.names("blobs")
    let reference = try RepositoryReference("owner/model@main")
    let planned = try place.cache.remove(reference, dryRun: true)
    #expect(planned.bytes == 5000 && planned.references == ["main"] && place.names("blobs") == before)
    #expect(try place.cache.remove(reference, dryRun: false) == planned)
    #expect(place.names("blobs").count == before.count - 1 && place.names("trees").isEmpty)
    #expect(try find("owner/model@old/v1").isComplete)
    #expect(try absence().contains("which has owner/model@old/v1"))

    let rest = try place.cache.remove(RepositoryReference("owner/model@old/v1"), dryRun: false)
    #expect(rest.bytes > 300_000 && !FileManager.default.fileExists(atPath: place.path("")))
  }

  @Test func removingWhatIsNotThere() throws {
    try pullTwo()
    for name in ["owner/other", "owner/model@v9"] {
      #expect(throws: HubError.self) {
        _ = try place.cache.remove(RepositoryReference(name), dryRun: false)
      }
    }
    #expect(try place.cache.entries().count == 2)
  }

  @Test func linksOutOfTheCacheAreNotFollowed() throws {
    let outside = "\(place.folder)/outside"
    try FileManager.default.createDirectory(atPath: "\(outside)/blobs", withIntermediateDirectories: true)
    try place.write([1], "x")
    try FileManager.default.createSymbolicLink(atPath: place.path("blobs"), withDestinationPath: outside)
    let error = #expect(throws: HubError.self) {
      _ = try place.cache.remove(RepositoryReference("owner/model"), dryRun: false)
    }
    #expect(error?.description.contains("is a link") == true)
    try FileManager.default.removeItem(atPath: place.path("blobs"))
    try FileManager.default.createSymbolicLink(atPath: place.path("y"), withDestinationPath: outside)
    _ = try place.cache.remove(RepositoryReference("owner/model"), dryRun: false)
    #expect(FileManager.default.fileExists(atPath: "\(outside)/blobs"))
  }

  @Test func offlineAsksNobody() throws {
    try pullTwo()
    let hub = try HubDouble { _ in HubDouble.Response(500) }
    var settings = try place.settings(hub)
    settings.isOffline = true
    #expect(try HubCache.pull(RepositoryReference("owner/model"), settings).commit == Self.commit("b"))
    let error = #expect(throws: HubError.self) {
      _ = try HubCache.pull(RepositoryReference("owner/other"), settings)
    }
    #expect(error?.description.contains("HF_HUB_OFFLINE") == true && hub.requests.isEmpty)
  }
}
