/// One run of a sampler: what its body is given, may ask and must tell.
struct SamplingRun {
  /// One at least.
  let steps: [Step]
  let levels: LevelScale
  let eta: Double
  /// Whose rules hold where programs differ.
  let system: NameSystem
  /// Calls of the network so far.
  private(set) var calls = 0
  private(set) var noise: any NoiseSource
  /// Noise as generators make it; empty before the first.
  private var fresh: [Float] = []
  private let threshold: DynamicThreshold?
  private let denoise: Sampler.Denoise
  private let afterStep: Sampler.AfterStep

  init(
    _ list: StepList, eta: Double, system: NameSystem, threshold: DynamicThreshold?,
    noise: any NoiseSource, denoise: @escaping Sampler.Denoise, afterStep: @escaping Sampler.AfterStep
  ) {
    steps = list.steps
    levels = list.levels
    self.eta = eta
    self.system = system
    self.threshold = threshold
    self.noise = noise
    self.denoise = denoise
    self.afterStep = afterStep
  }

  /// The first step that begins with some signal. Before it lambda is infinite, so multistep methods take no
  /// differences to its estimate.
  var firstWithSignal: Int { steps[0].from.alpha > 0 ? 0 : 1 }

  /// Asks the network for the clean picture in `x`.
  mutating func estimate(_ clean: inout Latents, in x: Latents, at level: NoiseLevel) throws {
    try estimateUnlimited(&clean, in: x, at: level)
    threshold?.apply(to: &clean)
  }

  /// The same without the threshold on the estimate.
  mutating func estimateUnlimited(_ clean: inout Latents, in x: Latents, at level: NoiseLevel) throws {
    calls += 1
    try denoise(x, level, &clean)
  }

  var hasThreshold: Bool { threshold != nil }
  func limit(_ clean: inout Latents) { threshold?.apply(to: &clean) }

  /// `x += factor * noise`, where the noise is that of the way between two levels. It is drawn even if the factor
  /// is 0, so that generators stand where the reference's would.
  mutating func addNoise(
    _ factor: Double, to x: inout Latents, from: NoiseLevel, to: NoiseLevel
  ) {
    if fresh.isEmpty { fresh = [Float](repeating: 0, count: x.count) }
    let (start, end) = (levels.pathTime(of: from), levels.pathTime(of: to))
    fresh.withUnsafeMutableBufferPointer { noise.fill($0, from: start, to: end) }
    x.add(factor, times: fresh)
  }

  func finish(_ x: inout Latents, at level: NoiseLevel, step: Int) throws {
    try afterStep(&x, level, step)
  }
}

extension Latents {
  /// One first-order step: x goes to another level as if the estimate of the clean picture and so of the noise
  /// were right. DDIM, Euler's method in sigma, the flow models' Euler and the first order of all DPM-Solvers
  /// are this formula.
  mutating func move(from: NoiseLevel, to: NoiseLevel, clean: Latents) {
    let kept = to.sigma / from.sigma
    combine(kept, adding: to.alpha - kept * from.alpha, of: clean)
  }

  /// `self += factor * noise`.
  fileprivate mutating func add(_ factor: Double, times noise: [Float]) {
    precondition(noise.count == count, "\(noise.count) numbers for latents of \(shape)")
    values.withUnsafeMutableBufferPointer { values in
      noise.withUnsafeBufferPointer { noise in
        for index in values.indices { values[index] += factor * Double(noise[index]) }
      }
    }
  }

  /// `self = (x - alpha * clean) / sigma`: the noise in x, if the estimate of the clean picture is right.
  mutating func setNoise(in x: Latents, at level: NoiseLevel, clean: Latents) {
    values.withUnsafeMutableBufferPointer { noise in
      x.values.withUnsafeBufferPointer { x in
        clean.values.withUnsafeBufferPointer { clean in
          for index in noise.indices { noise[index] = (x[index] - level.alpha * clean[index]) / level.sigma }
        }
      }
    }
  }

  /// `self = (x - clean) / sigma`: the slope of x over sigma on the probability flow, where alpha does not change
  /// (Karras et al., 2022, equation 4), and the velocity of a flow model.
  mutating func setSlope(of x: Latents, clean: Latents, sigma: Double) {
    values.withUnsafeMutableBufferPointer { slope in
      x.values.withUnsafeBufferPointer { x in
        clean.values.withUnsafeBufferPointer { clean in
          for index in slope.indices { slope[index] = (x[index] - clean[index]) / sigma }
        }
      }
    }
  }
}
