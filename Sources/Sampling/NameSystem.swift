/// Whose names and rules a request uses: "karras", "leading" and "Euler" mean different levels and different starting
/// noise in different programs.
public enum NameSystem: String, Codable, Sendable, CaseIterable {
  /// The command's own names, and diffusers' class names and rules.
  case diffusers
  /// AUTOMATIC1111's web UI, on k-diffusion.
  case a1111
  /// ComfyUI, on its own k-diffusion.
  case comfyui
  /// The enumerations of Stability's hosted APIs; what they run is not public, diffusers' rules stand in.
  case stability

  /// Whether levels are diffusers'.
  package var followsDiffusers: Bool { self == .diffusers || self == .stability }
}

/// What a sampler's name stands for in a system.
package struct NamedSampler: Sendable {
  package let sampler: Sampler
  /// The schedule that the name itself asks for, as "DPM++ 2M Karras" does.
  package let schedule: Schedule?
}

extension NameSystem {
  /// Finds a sampler by the name that this system has for it, else by its canonical name, whatever the case of ASCII
  /// letters: the system's meaning wins. The system of the command also knows the names of other systems.
  ///
  /// - Throws: `SamplingError.unknownName` with the near names, which are all found.
  package func sampler(_ name: String) throws -> NamedSampler {
    if let sampler = find(name, among: Sampler.all) { return NamedSampler(sampler: sampler, schedule: nil) }
    // The enumeration of the gRPC interface has the same names behind a prefix.
    let prefix = "sampler_"
    if self == .stability, NameTable.lowercased(name).starts(with: prefix.utf8) {
      return try sampler(String(name.dropFirst(prefix.count)))
    }
    // A1111 once wrote the schedule into the sampler's name.
    if self == .diffusers || self == .a1111 {
      for (suffix, schedule) in [
        (" karras", Schedule.karras), ("_ka", .karras), (" exponential", .exponential),
      ] where NameTable.lowercased(name).suffix(suffix.utf8.count).elementsEqual(suffix.utf8) {
        let stem = String(name.dropLast(suffix.count))
        if let sampler = find(stem, among: Sampler.all) {
          return NamedSampler(sampler: sampler, schedule: schedule)
        }
      }
    }
    throw unknown(name, "sampler", among: Sampler.all)
  }

  /// Finds a schedule as `sampler` does. Stability's APIs have no names of schedules, so the command's hold.
  package func schedule(_ name: String) throws -> Schedule {
    guard self != .stability else { return try NameSystem.diffusers.schedule(name) }
    if let schedule = find(name, among: Schedule.all) { return schedule }
    throw unknown(name, "schedule", among: Schedule.all)
  }

  /// Whether a schedule's name leaves the choice to the sampler (`Schedule.own`).
  package func isAutomatic(_ schedule: String) -> Bool {
    self == .a1111 && NameTable.lowercased(schedule) == Array("automatic".utf8)
  }

  private func find<Entry: Named>(_ name: String, among entries: [Entry]) -> Entry? {
    NameTable.find(name, among: entries) { $0.names[self] ?? [] }
      ?? NameTable.find(name, among: entries, names: accepted)
  }

  private func unknown<Entry: Named>(_ name: String, _ kind: String, among entries: [Entry]) -> SamplingError
  {
    // A name of another system says what is meant.
    let meant = NameTable.find(name, among: entries) { $0.allNames }
    let near = meant.map { [$0.name] } ?? NameTable.near(name, among: entries, names: accepted)
    return .unknownName(
      kind: kind, name: name, system: self, near: near, all: entries.map(\.name))
  }

  /// The names under which this system knows an entry.
  private func accepted(_ entry: any Named) -> [String] {
    self == .diffusers ? entry.allNames : [entry.name] + (entry.names[self] ?? [])
  }
}

/// Something that other programs have names for.
package protocol Named: Sendable {
  var name: String { get }
  var names: [NameSystem: [String]] { get }
}

extension Named {
  /// The canonical name, then those of diffusers and of every other system that mean the same thing there.
  var allNames: [String] {
    var seen: Set<[UInt8]> = []
    let foreign = NameSystem.allCases.flatMap { names[$0] ?? [] }
    return ([name] + foreign).filter { seen.insert(NameTable.lowercased($0)).inserted }
  }

  /// All names but the canonical one.
  package var aliases: [String] { Array(allNames.dropFirst()) }

  /// The name to write down for a system: its own first one, else the canonical one. The system finds it again.
  package func name(in system: NameSystem) -> String {
    system == .diffusers ? name : names[system]?.first ?? name
  }
}
