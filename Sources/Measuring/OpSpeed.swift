/// How fast nodes of one kind and size run, on the device's own clock where it has one: medians of some runs.
package struct OpSpeed: Codable, Sendable, Equatable {
  package enum Kind: String, Codable, Sendable {
    case convolution, linear, attention
    /// Norms, elementwise work and moving: memory is what they cost.
    case other
  }

  /// `unet` (a step) or `vae` (a decoding).
  package let network: String
  package let kind: Kind
  /// The op with its sizes.
  package let name: String
  /// Which of several kernels it gets, such as `winograd 4x4, int16`; nil if there is but one.
  package let kernel: String?
  /// Nodes of this kind in one step, or in one decoding.
  package let count: Int
  /// Of all of them together.
  package let seconds: Double
  /// Of the seconds of all ops of the network.
  package let shareOfTime: Double
  /// Floating-point operations per second.
  package let operationsPerSecond: Double
  /// Bytes read and written per second, each once: what lies in caches may be faster than memory.
  package let bytesPerSecond: Double
  /// Share of the nearer of the two limits that were measured beside each run; nil if none could be.
  package let share: Double?
}

/// Ops of a network together.
package struct OpSummary: Codable, Sendable, Equatable {
  /// `unet` (a step) or `vae` (a decoding).
  package let network: String
  /// `convolutions and linears`, `attention`, `other` or `all`.
  package let name: String
  package let seconds: Double
  package let shareOfTime: Double
  /// Floating-point operations per second.
  package let operationsPerSecond: Double
  /// Share of the limit of matrix products alone; nil for `other`, and if it could not be measured.
  package let share: Double?
}

/// What the device can do at most, as measured on it; what is nil could not be.
package struct DeviceLimits: Codable, Sendable, Equatable {
  /// Floating-point operations per second of matrix products in 16 bits, or in float32 where there are no matrix cores.
  package let matrixOperationsPerSecond: Double?
  package let scalarOperationsPerSecond: Double?
  package let bytesPerSecond: Double?
}

/// Every op of a step and of a decoding, each timed by itself.
package struct OpMeasurement: Codable, Sendable, Equatable {
  /// A network after the other, the slowest ops first.
  package let ops: [OpSpeed]
  package let summaries: [OpSummary]
  /// Medians of what was measured before each run.
  package let limits: DeviceLimits
  /// The limit of matrix products in the precision that was measured.
  package let matrixLimit: Double?
  package let rounds: Int
  package let threads: Int
  /// What computed, as in `SpeedMeasurement`.
  package let instructions: String
  /// The arithmetic that `auto` stands for, if that was asked for.
  package let precision: String
  /// Operations per second of one core before each run; see `SpeedMeasurement`.
  package let coreSpeeds: [Double]
}
