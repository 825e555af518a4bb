import FoundationEssentials
import Hub
import Weights

/// Tells models apart by their content: a SHA-256, or the beginning of one. Of a single file it is the file's own,
/// which A1111, Civitai and the Hub show as well. Of a folder it is that of what `sha256sum` prints for its weights,
/// configurations, scheduler and tokenizer files, in the order of their names.
public struct ModelFingerprint: Hashable, Sendable, CustomStringConvertible {
  /// A1111 shows as many digits.
  static let shortLength = 10
  private static let length = 64

  /// Small hexadecimal digits: 64, or the first of them if more are not known.
  public let description: String

  /// - Parameter text: 10 to 64 hexadecimal digits; nil for anything else.
  public init?(_ text: String) {
    let text = text.lowercased()
    guard (Self.shortLength...Self.length).contains(text.utf8.count),
      text.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
    else { return nil }
    description = text
  }

  /// The first ten digits, for people.
  public var short: String { String(description.prefix(Self.shortLength)) }

  /// Whether both may be of one content: one may be the beginning of the other.
  public func matches(_ other: ModelFingerprint) -> Bool {
    description.hasPrefix(other.description) || other.description.hasPrefix(description)
  }
}

extension ModelFingerprint {
  /// Reads what is not known yet of a model's files, in bounded memory.
  /// - Parameter checkCancellation: is called often; what it throws ends the call.
  /// - Throws: `DarkroomError` of kind `model` that names the file.
  package static func make(
    of source: ModelSource, hashes: FileHashes,
    checkCancellation: () throws -> Void = { try Task.checkCancellation() }
  ) throws -> ModelFingerprint {
    if source.isBuiltIn { return .builtIn }
    do {
      let files = try ModelFiles(source.path)
      let named = source.configuration.map { ModelFolder($0) }
      return try make(of: files, configuration: named, hashes, checkCancellation)
    } catch let error as any DescribedError {
      throw DarkroomError(.model, error.described.description)
    }
  }

  /// The same of a VAE by itself: of a file, its own; of a folder, of its weights and configuration.
  package static func make(ofVAE path: String, hashes: FileHashes) throws -> ModelFingerprint {
    do {
      let vae = try AutoencoderFile(path)
      let configuration = vae.folder.map { [$0.path("config.json")] } ?? []
      let paths = [vae.path] + configuration
      let found = try hashes.sha256(ofFiles: paths)
      return configuration.isEmpty
        ? try known(found[0]) : try combined(Array(zip(["", "config.json"], found)))
    } catch let error as any DescribedError {
      throw DarkroomError(.model, error.described.description)
    }
  }

  /// - Parameter configuration: the folder that says what a single file's tensors cannot.
  package static func make(
    of files: ModelFiles, configuration: ModelFolder? = nil, _ hashes: FileHashes,
    _ checkCancellation: () throws -> Void
  ) throws -> ModelFingerprint {
    guard let folder = files.folder else {
      let own = try hashes.sha256(ofFiles: [files.path], checkCancellation: checkCancellation)[0]
      guard let configuration else { return try known(own) }
      let paths = configuration.descriptionPaths
      let others = try hashes.sha256(
        ofFiles: paths.map(configuration.path), checkCancellation: checkCancellation)
      return try combined(Array(zip([""] + paths, [own] + others)))
    }
    let paths = try files.contentPaths()
    let found =
      folder.isInMemory
      ? try paths.map { try sha256(folder.source($0)) }
      : try hashes.sha256(ofFiles: paths.map(folder.path), checkCancellation: checkCancellation)
    return try combined(Array(zip(paths, found)))
  }

  private static func combined(_ files: [(path: String, sha256: String)]) throws -> ModelFingerprint {
    let lines = files.map { "\($0.sha256)  \($0.path)\n" }.joined()
    return try known(Array(lines.utf8).withUnsafeBytes { try FileHashes.sha256($0) })
  }

  private static func sha256(_ source: ByteSource) throws -> String {
    var bytes = [UInt8](repeating: 0, count: source.count)
    try bytes.withUnsafeMutableBytes { try source.read(at: 0, into: $0) }
    return try bytes.withUnsafeBytes { try FileHashes.sha256($0) }
  }

  private static func known(_ digits: String) throws -> ModelFingerprint {
    guard let fingerprint = ModelFingerprint(digits) else {
      throw DarkroomError(.model, "'\(digits)' is no fingerprint")
    }
    return fingerprint
  }
}
