import Sampling

/// The samplers and schedules that requests may name.
public enum Catalogue {
  public struct Entry: Codable, Sendable, Equatable {
    public let name: String
    public let aliases: [String]
  }

  public static var samplers: [Entry] { Sampler.all.map { Entry(name: $0.name, aliases: $0.aliases) } }
  public static var schedules: [Entry] { Schedule.all.map { Entry(name: $0.name, aliases: $0.aliases) } }
}

/// The version of this engine.
public let darkroomVersion = "0.1.0"
