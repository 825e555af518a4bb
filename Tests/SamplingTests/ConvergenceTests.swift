import Foundation
import Sampling
import Testing

/// How fast the error falls with the step: the slope of ln(error) over ln(step), on a Gaussian whose flow is known,
/// in double precision, along levels uniform in lambda that end above zero.
///
/// Multistep methods begin with steps of lower order, and UniPC ends with one, which would decide the slope: the
/// first and the last interval are divided into ever smaller ones towards their ends, so that what is seen is the
/// method between them.
@Suite struct ConvergenceTests {
  /// The orders that the methods have by their papers, eta 0. UniPC corrects its second order to third. DPM fast ends
  /// with a step of second order where the rest of its calls by 3 is 2. PNDM takes uneven steps for even ones.
  /// The references' solvers of third order give the second difference half of the weight that a parabola through
  /// three estimates asks for, and so have second order; we follow them.
  static let orders: [(name: String, order: Double)] = [
    ("ddim", 1), ("euler", 1), ("euler_a", 1), ("dpmpp_sde", 2), ("heun", 2), ("dpm2", 2), ("dpm2_a", 2),
    ("lms", 4), ("dpmpp_2m", 2), ("dpmpp_3m", 2), ("dpmpp_2s", 2), ("dpmpp_2s_a", 2), ("dpmpp_2m_sde", 2),
    ("dpmpp_2m_sde_heun", 2), ("dpmpp_3m_sde", 2), ("unipc", 3), ("unipc_bh2", 4), ("deis", 2),
    ("dpm_fast", 3), ("pndm", 2),
  ]

  /// DDPM has noise always, DPM adaptive its own steps, LCM and TCD no limit; Restart is Heun's method but for noise.
  @Test func everyMethodIsListed() {
    let without = ["ddpm", "dpm_adaptive", "lcm", "tcd", "restart"]
    #expect(Set(Self.orders.map(\.name) + without) == Set(Sampler.all.map(\.name)))
  }

  @Test(arguments: orders) func order(_ name: String, _ expected: Double) throws {
    let counts = [101, 404]
    let errors = try counts.map { try Self.error(name, steps: $0) }
    let measured = log(errors[0] / errors[1]) / log(Double(counts[1]) / Double(counts[0]))
    #expect(abs(measured - expected) < 0.3, "\(measured), errors \(errors)")
  }

  /// Levels uniform in lambda, the outer intervals divided at 1/2, 1/4, … of their width.
  static func levels(_ count: Int, _ scale: LevelScale, isGraded: Bool) -> [NoiseLevel] {
    let (noisy, least) = (scale.level(timestep: 999).ratio, scale.cleanest.ratio)
    let places = (0...count).map(Double.init)
    let start = isGraded ? (1...10).reversed().map { pow(0.5, Double($0)) } : []
    let end = start.reversed().map { Double(count) - $0 }
    return ([0] + start + places.dropFirst().dropLast() + end + [Double(count)]).map {
      scale.level(ratio: noisy * pow(least / noisy, $0 / Double(count)))
    }
  }

  static func error(_ name: String, steps count: Int) throws -> Double {
    let sampler = try NameSystem.diffusers.sampler(name).sampler
    let scale = LevelScale(sampler.space(in: .diffusers), of: try TrainingNoise(ScheduleSettings()))
    // These take uneven steps for even ones, or pairs of them for one.
    let levels = levels(count, scale, isGraded: !["pndm", "dpmpp_2s", "dpm_fast"].contains(name))
    let steps = zip(levels, levels.dropFirst()).map(Step.init(from:to:))
    let list = StepList(steps: steps, initialScale: steps[0].from.sigma, levels: scale)
    var noise: any NoiseSource = TorchNoise(seed: 3)
    var x = Latents(batch: 1, channels: 1, height: 4, width: 4)
    noise.fill(&x)
    x.scale(by: list.initialScale)
    let begin = x
    var end = steps[steps.count - 1].to
    let pictures = SamplerTests.GaussianPictures()
    try sampler.sample(
      &x, steps: list, noise: &noise, options: SamplerOptions(eta: 0), denoise: pictures.denoise
    ) { _, level, _ in end = level }
    return zip(begin.values, x.values)
      .map { abs(pictures.exact($0, from: steps[0].from, to: end) - $1) }.max() ?? .infinity
  }
}
