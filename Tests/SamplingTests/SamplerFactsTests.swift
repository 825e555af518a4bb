import Testing

@testable import Sampling

/// What each sampler says of itself in its own file, as a whole: no other file knows samplers by name.
@Suite struct SamplerFactsTests {
  /// Name; space of the latents (preserving or exploding); last sigma; noise on the way; eta; whether noise is drawn;
  /// number of cautions by steps; steps of a normal list of 7, and where it ends; A1111's automatic schedule.
  static let expected = """
    ddim P/P/E/P keeps fresh 0.0 001 00000000 7:0.0/7:0.0413/7:0.0/7:0.0 normal
    ddpm P/E/E/P keeps fresh none 111 00000000 7:0.0 normal
    pndm P/P/E/P keeps fresh none 000 11000000 7:0.0/7:0.0413/7:0.0/7:0.0 normal
    euler E keeps fresh none 000 00000000 7:0.0 normal
    euler_a E keeps fresh 1.0 101 00000000 7:0.0 normal
    heun E keeps fresh none 000 00000000 7:0.0 normal
    dpm2 E drops fresh none 000 00000000 7:0.0 karras
    dpm2_a E drops fresh 1.0 101 00000000 7:0.0 karras
    lms E keeps fresh none 000 11111000 7:0.0 normal
    dpmpp_2m P/E/E/P keeps fresh none 000 00000000 7:0.0 karras
    dpmpp_3m P/E/E/P keeps fresh none 000 11111000 7:0.0 normal
    dpmpp_2s P/E/E/P keeps fresh none 000 00000000 7:0.0 normal
    dpmpp_2s_a E keeps fresh 1.0 101 00000000 7:0.0 karras
    dpmpp_sde E keeps path 1.0 101 00000000 7:0.0 karras
    dpmpp_2m_sde P/E/E/P keeps fresh/path/path/fresh 1.0 101 00000000 7:0.0 exponential
    dpmpp_2m_sde_heun P/E/E/P keeps fresh/path/path/fresh 1.0 101 00000000 7:0.0 exponential
    dpmpp_3m_sde E keeps/drops/keeps/keeps path 1.0 101 11111000 7:0.0 exponential
    unipc P/P/E/P keeps/keeps/drops/keeps fresh none 000 00000000 7:0.0/8:0.0292/7:0.001/7:0.0 normal
    unipc_bh2 P/E/E/P keeps/keeps/drops/keeps fresh none 000 00000000 7:0.0/7:0.0/7:0.001/7:0.0 normal
    deis P/E/E/P keeps fresh none 000 00000000 7:0.0 normal
    lcm P/E/E/P keeps fresh none 111 00001111 7:0.0 normal
    tcd P/E/E/P keeps fresh 0.0 001 00001111 7:0.0 normal
    restart E keeps fresh none 111 11111110 7:0.0 karras
    dpm_fast E keeps fresh 0.0/1.0/0.0/0.0 001/101/001/001 11000000 7:0.0 normal
    dpm_adaptive E keeps fresh 0.0/1.0/0.0/0.0 001/101/001/001 11111111 7:0.0 normal
    """

  /// In the order of `NameSystem`; said once if all agree.
  static func facts(of sampler: Sampler) throws -> String {
    let systems = NameSystem.allCases
    func each(_ fact: (NameSystem) throws -> String) rethrows -> String {
      let facts = try systems.map(fact)
      return Set(facts).count == 1 ? facts[0] : facts.joined(separator: "/")
    }
    let spaces = each { sampler.space(in: $0) == .varianceExploding ? "E" : "P" }
    let drops = each { sampler.dropsLastSigma(in: $0) ? "drops" : "keeps" }
    let noise = each { sampler.stepNoise(in: $0) == .brownian ? "path" : "fresh" }
    let eta = each { sampler.defaultEta(in: $0).map { "\($0)" } ?? "none" }
    // With eta not said, 0 and 1/2.
    let draws = each { system in
      [nil, 0, 0.5].map { sampler.isStochastic(eta: $0, in: system) ? "1" : "0" }.joined()
    }
    let cautions = [1, 3, 4, 8, 9, 10, 19, 20].map { steps in
      let cautions = sampler.cautions(steps: steps, schedule: .karras, guidanceScale: 1, largestSigma: 14.6)
      return "\(cautions.count)"
    }.joined()
    let training = try TrainingNoise(ScheduleSettings())
    let ends = try each { system in
      let list = try Schedule.normal.steps(7, of: training, for: sampler, in: system)
      return "\(list.steps.count):\((list.steps[list.steps.count - 1].to.sigma * 1e4).rounded() / 1e4)"
    }
    let automatic = Schedule.own(of: ScheduleSettings(), for: sampler, in: .a1111).name
    return "\(sampler.name) \(spaces) \(drops) \(noise) \(eta) \(draws) \(cautions) \(ends) \(automatic)"
  }

  @Test func everySampler() throws {
    let facts = try Sampler.all.map(Self.facts(of:))
    let expected = Self.expected.split(separator: "\n").map(String.init)
    #expect(facts.count == expected.count)
    for (fact, line) in zip(facts, expected) { #expect(fact == line) }
  }
}
