/// How fast nodes of one kind and size run, on the device's own clock where it has one: medians of some runs.
public struct OpSpeed: Codable, Sendable, Equatable {
  public enum Kind: String, Codable, Sendable {
    case convolution, linear, attention
    /// Norms, elementwise work and moving: memory is what they cost.
    case other
  }

  /// `unet` (a step) or `vae` (a decoding).
  public let network: String
  public let kind: Kind
  /// The op with its sizes.
  public let name: String
  /// Nodes of this kind in one step, or in one decoding.
  public let count: Int
  /// Of all of them together.
  public let seconds: Double
  /// Of the seconds of all ops of the network.
  public let shareOfTime: Double
  /// Floating-point operations per second.
  public let operationsPerSecond: Double
  /// Bytes read and written per second, each once: what lies in caches may be faster than memory.
  public let bytesPerSecond: Double
  /// Share of the nearer of the two limits that were measured beside each run; nil if none could be.
  public let share: Double?
}

/// Ops of a network together.
public struct OpSummary: Codable, Sendable, Equatable {
  /// `unet` (a step) or `vae` (a decoding).
  public let network: String
  /// `convolutions and linears`, `attention`, `other` or `all`.
  public let name: String
  public let seconds: Double
  public let shareOfTime: Double
  /// Floating-point operations per second.
  public let operationsPerSecond: Double
  /// Share of the limit of matrix products alone; nil for `other`, and if it could not be measured.
  public let share: Double?
}

/// What the device can do at most, as measured on it; what is nil could not be.
public struct DeviceLimits: Codable, Sendable, Equatable {
  /// Floating-point operations per second of matrix products in 16 bits, or in float32 where there are no matrix cores.
  public let matrixOperationsPerSecond: Double?
  public let scalarOperationsPerSecond: Double?
  public let bytesPerSecond: Double?
}

/// Every op of a step and of a decoding, each timed by itself.
public struct OpMeasurement: Codable, Sendable, Equatable {
  /// A network after the other, the slowest ops first.
  public let ops: [OpSpeed]
  public let summaries: [OpSummary]
  /// Medians of what was measured before each run.
  public let limits: DeviceLimits
  /// The limit of matrix products in the precision that was measured.
  public let matrixLimit: Double?
  public let rounds: Int
  public let threads: Int
  /// What computed, as in `SpeedMeasurement`.
  public let instructions: String
  /// The arithmetic that `auto` stands for, if that was asked for.
  public let precision: String
  /// Operations per second of one core before each run; see `SpeedMeasurement`.
  public let coreSpeeds: [Double]
}
