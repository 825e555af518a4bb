import FoundationEssentials
import Hub

/// Where a model lies.
public struct ModelSource: Sendable, Equatable {
  /// A diffusers folder or a `.safetensors` file; of the built-in model its name.
  public let path: String
  /// For a single file: a folder with diffusers' `config.json` files that say what tensors cannot.
  public let configuration: String?
  /// A file or folder with a VAE instead of the model's own.
  public var vae: String?
  /// Whether this is the model that is part of the program.
  public let isBuiltIn: Bool

  public init(path: String, configuration: String? = nil, vae: String? = nil) {
    self.path = path
    self.configuration = configuration
    self.vae = vae
    isBuiltIn = false
  }

  init(builtIn name: String) {
    path = name
    configuration = nil
    isBuiltIn = true
  }

  /// The name that metadata and file names use: of a repository, a folder, or a file without its ending.
  public var name: String { Self.name(path) }

  /// The same of the VAE that stands instead of the model's own.
  package var vaeName: String? { vae.map(Self.name) }

  static func name(_ path: String) -> String {
    if let name = HubCache.modelName(ofFolder: path) { return name }
    let url = URL(fileURLWithPath: path)
    return path.hasSuffix(".safetensors")
      ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent
  }
}

/// What a model is, for people and programs.
public struct ModelSummary: Codable, Sendable, Equatable {
  public struct Part: Codable, Sendable, Equatable {
    public let name: String
    public let tensors: Int
    public let parameters: Int
    /// Tensors by element type.
    public let dtypes: [String: Int]
  }

  public let family: String
  public let layout: String
  public let parts: [Part]
  public let nativeWidth: Int
  public let nativeHeight: Int
  public let prediction: String
  /// Weights that are multiplied by a scale beside them.
  public let scaledWeights: Int
  /// What the file holds besides the model, and is not used: "a ControlNet".
  public let additions: [String]
  /// Tensors that no part of the engine reads.
  public let unknownTensors: [String]
  /// Of the files' content (`ModelStore.fingerprint`); nil if nobody has asked for it.
  public var fingerprint: String?
}

/// Memory that a request takes, in bytes.
public struct MemoryEstimate: Codable, Sendable, Equatable {
  /// Packed weights: of all networks, or, as the other figures, of the one that needs most if they take turns.
  public let weights: Int
  /// The values between operations, shared by all networks.
  public let arena: Int
  /// Working memory of kernels, and pictures on their way.
  public let scratch: Int
  /// Pictures that are sampled together.
  public let batch: Int
  /// What the machine, the device or the engine's limit could give now.
  public let available: Int
  /// If it is more than `available`, the request cannot be carried out; the figures are then those of most memory.
  public var peak: Int { weights + arena + scratch }
  /// Below this the request cannot be carried out at all.
  public let least: Int
  /// Packed weights of the network that has most: what no size makes less.
  public let leastWeights: Int
  /// Whether networks take turns in memory: their weights are read again when their turn comes.
  public let takesTurns: Bool
  /// Into how many strips the autoencoder cuts its pictures, at most; nil if they are whole.
  public let strips: Int?
  /// What strips make the autoencoder compute more, as a share of what whole pictures take; nil without strips.
  public let extraOperations: Double?
}
