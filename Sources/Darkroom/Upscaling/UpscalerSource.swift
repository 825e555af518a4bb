import BuiltInModel
import Families
import FoundationEssentials
import Hub
import Weights

/// Where a network that enlarges pictures lies.
public struct UpscalerSource: Sendable, Equatable {
  /// A `.safetensors` file; of the built-in network its name.
  public let path: String
  /// Whether this is the network that is part of the program.
  public let isBuiltIn: Bool

  public init(path: String) { (self.path, isBuiltIn) = (path, false) }

  private init(builtIn name: String) { (path, isBuiltIn) = (name, true) }

  /// Real-ESRGAN's `realesr-animevideov3`, which enlarges four times: 621,424 parameters under the BSD licence.
  public static let builtIn = UpscalerSource(builtIn: "animevideov3")

  /// The name that metadata uses: of a file without its ending.
  public var name: String { ModelSource.name(path) }

  package func open() throws -> ByteSource {
    guard isBuiltIn else { return try ByteSource(path: path) }
    return ByteSource(name: path, buffer: Self.builtInFile, owner: nil)
  }

  /// Of the file's content.
  /// - Throws: `DarkroomError` of kind `model` that names the file.
  package func fingerprint(_ hashes: FileHashes = .standard) throws -> ModelFingerprint {
    let digits = try DarkroomError.wrapping {
      isBuiltIn ? try FileHashes.sha256(Self.builtInFile) : try hashes.sha256(ofFiles: [path])[0]
    }
    guard let fingerprint = ModelFingerprint(digits) else {
      throw DarkroomError(.model, "'\(digits)' is no fingerprint")
    }
    return fingerprint
  }

  private static var builtInFile: UnsafeRawBufferPointer {
    var count = 0
    let bytes = built_in_upscaler(&count)
    return UnsafeRawBufferPointer(start: bytes, count: count)
  }
}

/// What a network that enlarges pictures is, for people and programs.
public struct UpscalerSummary: Codable, Sendable, Equatable {
  /// Its kind and size: `SRVGGNetCompact, 18 convolutions of 64 channels`.
  public let network: String
  /// How many times as wide and high its results are.
  public let scale: Int
  public let parameters: Int
  /// SHA-256 of the file.
  public let fingerprint: String

  /// The same if it is one: the name of the built-in network, or a file whose tensors are those of an upscaler.
  package static func inspect(ifUpscaler name: String) throws -> UpscalerSummary? {
    if let source = try? ByteSource(path: name) {
      return Checkpoint.isUpscaler(source) ? try inspect(UpscalerSource(path: name)) : nil
    }
    return name == UpscalerSource.builtIn.name ? try inspect(.builtIn) : nil
  }

  /// Looks at a network without reading its numbers, but for the fingerprint.
  /// - Throws: `DarkroomError` of kind `model` or `unsupported`, naming the file and the tensor that does not fit.
  public static func inspect(_ source: UpscalerSource) throws -> UpscalerSummary {
    try DarkroomError.wrapping {
      let model = try UpscalingModel(source.open())
      return UpscalerSummary(
        network: model.title, scale: model.scale, parameters: model.parameters,
        fingerprint: try source.fingerprint().description)
    }
  }
}
