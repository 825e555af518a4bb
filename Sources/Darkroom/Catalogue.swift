import Sampling

/// The samplers and schedules that requests may name.
public enum Catalogue {
  /// A sampler, its names and what it costs.
  public struct Sampler: Codable, Sendable, Equatable {
    public let name: String
    /// What else the command's own system calls it.
    public let aliases: [String]
    /// Its names in each system of `GenerationRequest.System` that knows it.
    public let systems: [String: [String]]
    /// Network calls a step, but for the last, which may need fewer.
    public let callsPerStep: Int
    /// Whether it draws noise on the way, if the request does not give an eta of 0.
    public let isStochastic: Bool
    /// Eta if the request gives none; nil if it has no meaning here.
    public let defaultEta: Double?
    /// Whether it chooses its steps itself, whatever number was asked for.
    public let isAdaptive: Bool

    enum CodingKeys: String, CodingKey {
      case name, aliases, systems
      case callsPerStep = "calls_per_step"
      case isStochastic = "stochastic"
      case defaultEta = "default_eta"
      case isAdaptive = "adaptive"
    }
  }

  /// A schedule and its names.
  public struct Schedule: Codable, Sendable, Equatable {
    public let name: String
    /// What else the command's own system calls it.
    public let aliases: [String]
    /// Its names in each system of `GenerationRequest.System` that knows it.
    public let systems: [String: [String]]
  }

  public static var samplers: [Sampler] {
    Sampling.Sampler.all.map { sampler in
      Sampler(
        name: sampler.name, aliases: sampler.aliases, systems: systems(sampler),
        callsPerStep: sampler.callsPerStep, isStochastic: sampler.isStochastic(eta: nil),
        defaultEta: sampler.defaultEta, isAdaptive: sampler.isAdaptive)
    }
  }

  public static var schedules: [Schedule] {
    Sampling.Schedule.all.map { Schedule(name: $0.name, aliases: $0.aliases, systems: systems($0)) }
  }

  /// Whether a sampler has this name in any system.
  public static func hasSampler(_ name: String) -> Bool {
    NameSystem.allCases.contains { hasSampler(name, in: $0) }
  }

  /// Whether a system has this name of a sampler.
  package static func hasSampler(_ name: String, in system: GenerationRequest.System) -> Bool {
    (try? system.sampler(name)) != nil
  }

  /// Whether a system has this name of a schedule, or leaves the choice to the sampler by it.
  package static func hasSchedule(_ name: String, in system: GenerationRequest.System) -> Bool {
    system.isAutomatic(name) || (try? system.schedule(name)) != nil
  }

  /// Whether a schedule has this name in any system.
  public static func hasSchedule(_ name: String) -> Bool {
    NameSystem.allCases.contains { hasSchedule(name, in: $0) }
  }

  private static func systems(_ entry: some Named) -> [String: [String]] {
    Dictionary(uniqueKeysWithValues: entry.names.map { ($0.key.rawValue, $0.value) })
  }
}

/// The version of this engine.
public let darkroomVersion = "0.1.0"
