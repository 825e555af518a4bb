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
        clean.values[index] = mean + gain * (x.values[index] - alpha * mean)
      }
    }

    /// Where the probability flow takes x: the distance from the mean shrinks with the spread.
    func exact(_ x: Double, from: NoiseLevel, to: NoiseLevel) -> Double {
      func spread(_ level: NoiseLevel) -> Double {
        (level.alpha * level.alpha * deviation * deviation + level.sigma * level.sigma).squareRoot()
      }
      return to.alpha * mean + (x - from.alpha * mean) * spread(to) / spread(from)
    }
  }

  static func steps(_ count: Int, _ sampler: Sampler, _ schedule: Schedule = .trailing) throws -> StepList {
    try schedule.steps(count, of: TrainingNoise(ScheduleSettings()), for: sampler)
  }

  static func start(_ list: StepList, batch: Int = 1, size: Int = 16) -> (Latents, BatchNoise) {
    var noise = BatchNoise(seed: 11, batch: batch)
    var x = Latents(batch: batch, channels: 4, height: size, width: size)
    noise.fill(&x)
    x.scale(by: list.initialScale)
    return (x, noise)
  }

  /// Every sampler without noise comes to the picture that the flow leads to; how fast, ConvergenceTests says.
  @Test(arguments: Sampler.all.filter { $0.limit != .none }.map(\.name))
  func followsTheFlowOfAGaussian(_ name: String) throws {
    let sampler = try NameSystem.diffusers.sampler(name).sampler
    guard name != "ddpm" else { return }
    let pictures = GaussianPictures()
    var errors: [Double] = []
    for count in [50, 500] {
      let list = try Self.steps(count, sampler)
      let (begin, noise) = Self.start(list)
      var (x, source, end) = (begin, noise as any NoiseSource, list.steps[count - 1].to)
      try sampler.sample(
        &x, steps: list, noise: &source, options: SamplerOptions(eta: 0), denoise: pictures.denoise
      ) { _, level, _ in end = level }
      errors.append(
        zip(begin.values, x.values)
          .map { abs(pictures.exact($0, from: list.steps[0].from, to: end) - $1) }.max() ?? .infinity)
    }
    // The last step, to the clean picture, is of first order for all.
    #expect(errors[1] < (sampler.isAdaptive ? 0.1 : 0.02), "\(errors)")
    #expect(sampler.isAdaptive || errors[1] < errors[0] / 7, "\(errors)")
  }

  /// TCD without noise goes along the flow; LCM always ends at an estimate of the clean picture.
  @Test func distilledSamplersFollowTheirFormulas() throws {
    let pictures = GaussianPictures()
    var errors: [Double] = []
    for count in [10, 50] {
      let list = try Self.steps(count, .tcd)
      let (begin, noise) = Self.start(list)
      var (x, source) = (begin, noise as any NoiseSource)
      try Sampler.tcd.sample(
        &x, steps: list, noise: &source, options: SamplerOptions(eta: 0), denoise: pictures.denoise)
      let (from, to) = (list.steps[0].from, list.steps[count - 1].to)
      errors.append(
        zip(begin.values, x.values).map { abs(pictures.exact($0, from: from, to: to) - $1) }.max()
          ?? .infinity)
    }
    #expect(errors[1] < 0.15 && errors[1] < errors[0] / 3, "\(errors)")

    let list = try Self.steps(4, .lcm)
    let (begin, noise) = Self.start(list)
    var (x, source, estimate) = (begin, noise as any NoiseSource, Latents(zerosLike: begin))
    try Sampler.lcm.sample(&x, steps: list, noise: &source) { x, level, clean in
      pictures.denoise(x, level, &clean)
      estimate = clean
    }
    // The consistency function keeps 1e-7 of x at the last timestep.
    #expect(largestDifference(x.values, estimate.values) < 1e-5)
  }

  /// Samplers with noise keep the distribution of the pictures.
  @Test(
    arguments: Sampler.all.filter { $0.limit == .path && $0.name != "dpm_adaptive" }.map(\.name), [0.5, 1])
  func keepsTheDistributionWithNoise(_ name: String, _ eta: Double) throws {
    let sampler = try NameSystem.diffusers.sampler(name).sampler
    try expectTheDistribution(sampler, eta: eta, steps: 200, noise: .generator)
    try expectTheDistribution(sampler, eta: eta, steps: 200, noise: .brownian)
  }

  @Test(arguments: ["dpm_adaptive", "restart"])
  func keepsTheDistributionInItsOwnWay(_ name: String) throws {
    let sampler = try NameSystem.diffusers.sampler(name).sampler
    try expectTheDistribution(sampler, eta: name == "restart" ? nil : 1, steps: 50, noise: .generator)
  }

  private func expectTheDistribution(
    _ sampler: Sampler, eta: Double?, steps: Int, noise: Sampler.StepNoise
  ) throws {
    let list = try Self.steps(steps, sampler)
    var source = NoiseRule(steps: noise).source(seed: 11, pictures: 0..<1, of: 1, path: list.noisyRange)
    var x = Latents(batch: 1, channels: 4, height: 32, width: 32)
    source.fill(&x)
    x.scale(by: list.initialScale)
    var end = list.steps[steps - 1].to
    try sampler.sample(
      &x, steps: list, noise: &source, options: SamplerOptions(eta: eta), denoise: GaussianPictures().denoise
    ) { _, level, _ in end = level }
    let statistics = x.statistics
    // What a level adds to the spread of the pictures is subtracted: DPM fast ends at one.
    let spread = statistics.standardDeviation * statistics.standardDeviation - end.sigma * end.sigma
    #expect(abs(statistics.mean / end.alpha - 0.8) < 0.03, "\(noise): \(statistics)")
    #expect(abs(max(spread, 0).squareRoot() / end.alpha - 0.5) < 0.03, "\(noise): \(statistics)")
    #expect(statistics.nonFinite == 0)
  }

  @Test(arguments: Sampler.all.filter { !$0.isAdaptive }.map(\.name)) func aBatchIsItsPictures(_ name: String)
    throws
  {
    let sampler = try NameSystem.diffusers.sampler(name).sampler
    let list = try Self.steps(6, sampler, .karras)
    func run(seed: UInt64, batch: Int) throws -> Latents {
      var noise: any NoiseSource = BatchNoise(seed: seed, batch: batch)
      var x = Latents(batch: batch, channels: 3, height: 5, width: 3)
      noise.fill(&x)
      x.scale(by: list.initialScale)
      try sampler.sample(
        &x, steps: list, noise: &noise, options: SamplerOptions(eta: 1),
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
      ("ddpm", nil, 5), ("dpm2_a", nil, 4), ("lcm", nil, 4), ("tcd", nil, 0), ("tcd", 0.3, 4),
      ("dpmpp_2m_sde", nil, 5), ("restart", nil, 0),
    ] as [(String, Double?, Int)] {
      let sampler = try NameSystem.diffusers.sampler(name).sampler
      let list = try Self.steps(5, sampler)
      var (x, _) = Self.start(list, size: 2)
      var noise: any NoiseSource = CountingNoise()
      try sampler.sample(
        &x, steps: list, noise: &noise, options: SamplerOptions(eta: eta),
        denoise: GaussianPictures().denoise)
      #expect((noise as? CountingNoise)?.fills == expected, "\(name) \(String(describing: eta))")
    }
  }

  struct Stop: Error, Equatable {}

  @Test(arguments: Sampler.all.map(\.name)) func closuresEndTheSampling(_ name: String) throws {
    let sampler = try NameSystem.diffusers.sampler(name).sampler
    let list = try Self.steps(5, sampler)
    var (x, source) = Self.start(list, size: 2)
    var noise: any NoiseSource = source
    var calls = 0
    #expect(throws: Stop()) {
      try sampler.sample(&x, steps: list, noise: &noise) { _, _, _ in
        calls += 1
        if calls == 3 { throw Stop() }
      }
    }
    var finished = 0
    #expect(throws: Stop()) {
      try sampler.sample(&x, steps: list, noise: &noise, denoise: { _, _, _ in }) { _, _, step in
        finished = step + 1
        if step >= 1 { throw Stop() }
      }
    }
    #expect(calls == 3 && (2...5).contains(finished))
    source.fill(&x)
  }

  @Test(arguments: Sampler.all.map(\.name)) func afterStepMayChangeTheLatents(_ name: String) throws {
    let sampler = try NameSystem.diffusers.sampler(name).sampler
    let list = try Self.steps(4, sampler)
    var (x, source) = Self.start(list, size: 2)
    source.fill(&x)
    var noise: any NoiseSource = source
    var isFresh = false
    var steps: [Int] = []
    try sampler.sample(
      &x, steps: list, noise: &noise,
      denoise: { x, _, clean in
        if isFresh { #expect(x.values.allSatisfy { $0 == 0 }) }
        isFresh = false
        clean = Latents(zerosLike: x)
      },
      afterStep: { x, _, step in
        x.scale(by: 0)
        isFresh = true
        steps.append(step)
      })
    #expect(x.values.allSatisfy { $0 == 0 })
    #expect(steps.last == 3 && steps == steps.sorted() && steps.allSatisfy { (0..<4).contains($0) })
  }

  @Test func wrongOptionsAreRefused() throws {
    var x = Latents(batch: 1, channels: 1, height: 1, width: 1)
    var noise: any NoiseSource = CountingNoise()
    var list = try Self.steps(1, .ddim)
    for eta in [-0.1, 1.1, Double.nan] {
      #expect(throws: SamplingError.self) {
        try Sampler.ddim.sample(
          &x, steps: list, noise: &noise, options: SamplerOptions(eta: eta), denoise: { _, _, _ in })
      }
    }
    let clean = NoiseLevel(timestep: 0, alpha: 1, sigma: 0)
    list.steps = [Step(from: clean, to: clean)]
    for sampler in Sampler.all {
      #expect(throws: SamplingError.level(clean)) {
        try sampler.sample(&x, steps: list, noise: &noise, denoise: { _, _, _ in })
      }
    }
  }
}
