import Foundation
import Glibc
import Hub
import HubDouble
import Synchronization
import Testing

/// A cache that goes away with the value, and the Hub that fills it.
final class Place: Sendable {
  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("darkroom-hub-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func settings(_ hub: HubDouble, token: String? = nil) throws -> HubSettings {
    var environment = ["HF_HOME": folder, "HF_ENDPOINT": hub.address]
    environment["HF_TOKEN"] = token
    var settings = try HubSettings(environment)
    settings.retryDelays = [0, 0, 0.01]
    return settings
  }

  func pull(
    _ hub: HubDouble, _ name: String = "owner/model", file: String? = nil, safetyChecker: Bool = false,
    token: String? = nil,
    notice: @escaping (String) -> Void = { _ in },
    makeLink: (@Sendable (_ target: String, _ path: String) -> Int32)? = nil
  ) throws -> PulledModel {
    var settings = try settings(hub, token: token)
    if let makeLink { settings.makeLink = makeLink }
    return try HubCache.pull(
      RepositoryReference(name), file: file, safetyChecker: safetyChecker, settings, notice: notice)
  }

  /// The error of a download that must fail.
  func refusal(
    _ hub: HubDouble, _ name: String = "owner/model", file: String? = nil, safetyChecker: Bool = false,
    token: String? = nil
  ) throws -> HubError {
    try #require(throws: HubError.self) {
      _ = try self.pull(hub, name, file: file, safetyChecker: safetyChecker, token: token)
    }
  }

  var cache: HubCache {
    get throws { HubCache(try HubSettings(["HF_HOME": folder])) }
  }

  /// A path in the repository's folder of the cache.
  func path(_ name: String, repository: String = "models--owner--model") -> String {
    "\(folder)/hub/\(repository)/\(name)"
  }

  func bytes(_ name: String) -> [UInt8]? {
    (try? Data(contentsOf: URL(fileURLWithPath: path(name)))).map { Array($0) }
  }

  func write(_ bytes: [UInt8], _ name: String) throws {
    let url = URL(fileURLWithPath: path(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func names(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? []).sorted()
  }
}

enum Sample {
  /// Bytes that differ everywhere.
  static func bytes(_ count: Int, seed: UInt8 = 0) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) &+ seed }
  }

  /// A repository in diffusers' layout, with files that are not wanted.
  static let diffusers = HubRepository(files: [
    "model_index.json": Array(
      #"{"_class_name":"P","unet":["d","U"],"vae":["d","V"],"text_encoder":["t","T"],"scheduler":["d","S"]}"#
        .utf8),
    "scheduler/scheduler_config.json": Array("{\"s\":1}".utf8),
    "tokenizer/vocab.json": Array("{}".utf8), "tokenizer/merges.txt": Array("a b".utf8),
    "unet/config.json": Array("{\"u\":1}".utf8),
    "unet/diffusion_pytorch_model.safetensors": bytes(3000),
    "unet/diffusion_pytorch_model.fp16.safetensors": bytes(300_000, seed: 1),
    "unet/diffusion_pytorch_model.non_ema.safetensors": bytes(100, seed: 2),
    "unet/diffusion_pytorch_model.bin": bytes(100, seed: 3),
    "vae/config.json": Array("{\"v\":1}".utf8),
    "vae/diffusion_pytorch_model.safetensors": bytes(2000, seed: 4),
    "text_encoder/config.json": Array("{\"t\":1}".utf8),
    "text_encoder/model.safetensors": bytes(1000, seed: 5),
    "safety_checker/model.safetensors": bytes(100, seed: 6), "README.md": bytes(10),
    "v1-5-pruned.safetensors": bytes(100, seed: 7), "v1-5-pruned.ckpt": bytes(100, seed: 8),
  ])
  static let unet = "unet/diffusion_pytorch_model.fp16.safetensors"

  /// A repository of one file.
  static let single = HubRepository(files: ["model.safetensors": bytes(100_000)])
}

/// Counts in a closure that a server calls.
final class Counter: Sendable {
  private let count = Mutex(0)

  /// 1 for the first call.
  func next() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
}
