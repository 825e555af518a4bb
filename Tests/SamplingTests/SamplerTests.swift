import Sampling
import Testing

@Suite struct SamplerTests {
  /// Pixels drawn from a Gaussian, whose best denoiser is known.
  struct GaussianPictures {
    var mean = 0.8
    var deviation = 0.5

    func denoise(_ x: Latents, _ level: NoiseLevel, _ clean: inout Latents) {
      let (alpha, sigma) = (level.alpha, level.sigma)
      let gain =
        alpha * deviation * deviation / (alpha * alpha * deviation * deviation + sigma * sigma)
      for index in clean.values.indices {
        clean.values[index] = Float(mean + gain * (Double(x.values[index]) - alpha * mean))
      }
    }

    /// Where the probability flow takes x: the distance from the mean shrinks with the spread.
    func exact(_ x: Float, from: NoiseLevel, to: NoiseLevel) -> Double {
      func spread(_ level: NoiseLevel) -> Double {
        (level.alpha * level.alpha * deviation * deviation + level.sigma * level.sigma).squareRoot()
      }
      return to.alpha * mean + (Double(x) - from.alpha * mean) * spread(to) / spread(from)
    }
  }

  static func steps(_ count: Int, _ sampler: Sampler, _ schedule: String = "trailing") throws -> StepList {
    try Schedule.named(schedule).steps(count, of: TrainingNoise(ScheduleSettings()), in: sampler.space)
  }

  static func start(_ list: StepList, batch: Int = 1, size: Int = 16) -> (Latents, BatchNoise) {
    var noise = BatchNoise(seed: 11, batch: batch)
    var x = Latents(batch: batch, channels: 4, height: size, width: size)
    noise.fill(&x)
    x.scale(by: list.initialScale)
    return (x, noise)
  }

  @Test(arguments: ["ddim", "euler"]) func followsTheFlowOfAGaussian(_ name: String) throws {
    let sampler = try Sampler.named(name)
    let pictures = GaussianPictures()
    var errors: [Double] = []
    for count in [50, 500] {
      let list = try Self.steps(count, sampler)
      let (begin, noise) = Self.start(list)
      var (x, source) = (begin, noise as any NoiseSource)
      try sampler.sample(&x, steps: list.steps, noise: &source, denoise: pictures.denoise)
      let (first, last) = (list.steps[0].from, list.steps[count - 1].to)
      errors.append(
        zip(begin.values, x.values).map { abs(pictures.exact($0, from: first, to: last) - Double($1)) }
          .max() ?? .infinity)
    }
    // First order: a tenth of the step, a tenth of the error.
    #expect(errors[1] < 0.02, "\(errors)")
    #expect(errors[1] < errors[0] / 7, "\(errors)")
  }

  @Test(arguments: [("ddim", 1.0), ("ddim", 0.5), ("euler_a", 1), ("euler_a", 0.5)])
  func keepsTheDistributionWithNoise(_ name: String, _ eta: Double) throws {
    let sampler = try Sampler.named(name)
    let pictures = GaussianPictures()
    let list = try Self.steps(200, sampler)
    let (begin, noise) = Self.start(list, size: 64)
    var (x, source) = (begin, noise as any NoiseSource)
    try sampler.sample(
      &x, steps: list.steps, noise: &source, options: SamplerOptions(eta: eta), denoise: pictures.denoise)
    let statistics = x.statistics
    #expect(abs(statistics.mean - 0.8) < 0.03, "\(statistics)")
    #expect(abs(statistics.standardDeviation - 0.5) < 0.03, "\(statistics)")
    #expect(statistics.nonFinite == 0)
  }

  @Test(arguments: Sampler.all.map(\.name)) func aBatchIsItsPictures(_ name: String) throws {
    let sampler = try Sampler.named(name)
    let list = try Self.steps(6, sampler, "karras")
    func run(seed: UInt64, batch: Int) throws -> Latents {
      var noise: any NoiseSource = BatchNoise(seed: seed, batch: batch)
      var x = Latents(batch: batch, channels: 3, height: 5, width: 3)
      noise.fill(&x)
      x.scale(by: list.initialScale)
      try sampler.sample(
        &x, steps: list.steps, noise: &noise, options: SamplerOptions(eta: 1),
        denoise: GaussianPictures().denoise)
      return x
    }
    let together = try run(seed: 40, batch: 3)
    for picture in 0..<3 {
      #expect(try together.picture(picture) == run(seed: 40 + UInt64(picture), batch: 1))
    }
  }

  /// A source that counts, for the position of the generator.
  struct CountingNoise: NoiseSource {
    var fills = 0
    mutating func fill(_ values: UnsafeMutableBufferPointer<Float>) {
      fills += 1
      values.update(repeating: 0)
    }
  }

  @Test func noiseIsDrawnAsOftenAsInDiffusers() throws {
    for (name, eta, expected) in [
      ("ddim", nil, 0), ("ddim", 0.1, 5), ("euler", 1.0, 0), ("euler_a", nil, 5), ("euler_a", 0, 5),
    ] as [(String, Double?, Int)] {
      let sampler = try Sampler.named(name)
      let list = try Self.steps(5, sampler)
      var (x, _) = Self.start(list, size: 2)
      var noise: any NoiseSource = CountingNoise()
      try sampler.sample(
        &x, steps: list.steps, noise: &noise, options: SamplerOptions(eta: eta),
        denoise: GaussianPictures().denoise)
      #expect((noise as? CountingNoise)?.fills == expected, "\(name) \(String(describing: eta))")
    }
  }

  struct Stop: Error, Equatable {}

  @Test(arguments: Sampler.all.map(\.name)) func closuresEndTheSampling(_ name: String) throws {
    let sampler = try Sampler.named(name)
    let list = try Self.steps(5, sampler)
    var (x, source) = Self.start(list, size: 2)
    var noise: any NoiseSource = source
    var calls = 0
    #expect(throws: Stop()) {
      try sampler.sample(&x, steps: list.steps, noise: &noise) { _, _, _ in
        calls += 1
        if calls == 3 { throw Stop() }
      }
    }
    var finished = 0
    #expect(throws: Stop()) {
      try sampler.sample(&x, steps: list.steps, noise: &noise, denoise: { _, _, _ in }) { _, _, step in
        finished = step + 1
        if step == 1 { throw Stop() }
      }
    }
    #expect(calls == 3 && finished == 2)
    source.fill(&x)
  }

  @Test(arguments: Sampler.all.map(\.name)) func afterStepMayChangeTheLatents(_ name: String) throws {
    let sampler = try Sampler.named(name)
    let list = try Self.steps(4, sampler)
    var (x, source) = Self.start(list, size: 2)
    source.fill(&x)
    var noise: any NoiseSource = source
    var seen: [Float] = []
    try sampler.sample(
      &x, steps: list.steps, noise: &noise,
      denoise: { x, _, clean in
        seen.append(x.values[0])
        clean = Latents(zerosLike: x)
      }, afterStep: { x, _, _ in x.scale(by: 0) })
    #expect(seen.count == 4 && seen[1...].allSatisfy { $0 == 0 })
    #expect(x.values.allSatisfy { $0 == 0 })
  }

  @Test func wrongOptionsAreRefused() throws {
    var x = Latents(batch: 1, channels: 1, height: 1, width: 1)
    var noise: any NoiseSource = CountingNoise()
    for eta in [-0.1, 1.1, Double.nan] {
      #expect(throws: SamplingError.self) {
        try Sampler.ddim.sample(
          &x, steps: [], noise: &noise, options: SamplerOptions(eta: eta), denoise: { _, _, _ in })
      }
    }
    let clean = NoiseLevel(timestep: 0, alpha: 1, sigma: 0)
    for sampler in Sampler.all {
      #expect(throws: SamplingError.level(clean)) {
        try sampler.sample(
          &x, steps: [Step(from: clean, to: clean)], noise: &noise, denoise: { _, _, _ in })
      }
    }
  }
}
