import Glibc

extension Schedule {
  /// The steps by the rules of A1111 and ComfyUI: a list of sigmas that ends at 0, whatever the sampler. Some of
  /// A1111's samplers alone go through timesteps (`Sampler.webUILevels`).
  func foreignSteps(
    _ count: Int, of training: TrainingNoise, for sampler: Sampler, in system: NameSystem
  ) throws -> StepList {
    let kept = training.kept(by: system)
    var training = kept
    var isQuantized = system == .comfyui
    if system == .a1111, case .distilled = sampler.levels {
      (training, isQuantized) = (try training.taught(50), true)
    }
    let scale = LevelScale(sampler.space(in: system), of: training, isQuantized: isQuantized)
    if system == .a1111, sampler.webUILevels != .sigmas {
      let steps =
        sampler.webUILevels == .times
        ? Self.webUITimes(count, training) : Self.webUITimesteps(count, training, scale)
      return StepList(steps: steps, initialScale: 1, levels: scale)
    }
    let rule = (system == .comfyui ? comfyRule : nil) ?? webUIRule ?? rule
    let drops = sampler.dropsLastSigma(in: system)
    var (sigmas, isOpen) = try Self.foreignSigmas(rule, drops ? count + 1 : count, training, all: kept)
    if drops { sigmas.removeLast() }
    var end = isOpen ? scale.level(ratio: sigmas.removeLast()) : scale.clean
    if system == .comfyui, let ratio = sampler.comfyEnd { end = scale.level(ratio: ratio) }
    // About as many steps as timesteps would visit some twice, which is no step.
    let distinct = sigmas.indices.filter { $0 == 0 || sigmas[$0] != sigmas[$0 - 1] }
    let steps = scale.steps(distinct.map { sigmas[$0] }, end: end)
    guard let first = steps.first?.from else {
      throw SamplingError.setting(
        name: "schedule", value: name, expected: "one that has a level for \(count) steps of this model")
    }
    let isFull = first.sigma >= training.largest * (1 - 1e-5)
    return StepList(
      steps: steps, initialScale: system == .comfyui && isFull ? first.magnitude : first.sigma, levels: scale)
  }

  /// The sigmas of a rule, the noisiest first, and whether the last is the end. Those programs have no spacings of
  /// timesteps; by that name they get the sigmas of diffusers' timesteps.
  /// - Parameter all: the training with every timestep of the table.
  private static func foreignSigmas(
    _ rule: Rule, _ count: Int, _ training: TrainingNoise, all: TrainingNoise
  ) throws -> (sigmas: [Double], isOpen: Bool) {
    let (sigmas, isOpen) =
      switch rule {
      case .list(let isOpen, let list): (list(count, training), isOpen)
      case .spacing(let spacing):
        (try spacing.timesteps(count, all.settings).map(all.sigma(at:)), false)
      case .reshaped(_, let reshape): (reshape(training.largest, training.smallest, count), false)
      }
    return (sigmas.map { training.precision($0) }, isOpen)
  }

  /// Timesteps 1, 1 + T div N, … backwards; the step from timestep 1 is not taken, so there is one step less.
  private static func webUITimesteps(
    _ count: Int, _ training: TrainingNoise, _ scale: LevelScale
  ) -> [Step] {
    let last = training.alphaBars.count
    let timesteps = stride(from: 0, to: last, by: max(last / count, 1)).map { min($0 + 1, last - 1) }
    let levels = timesteps.reversed().map(scale.level(timestep:))
    guard levels.count > 1 else { return scale.steps(levels, end: scale.cleanest) }
    return zip(levels, levels.dropFirst()).map(Step.init(from:to:))
  }

  /// As many steps as those timesteps are, but even in time down to the first timestep, with ln alpha between the
  /// entries of the table: `time_uniform` of UniPC's own code.
  private static func webUITimes(_ count: Int, _ training: TrainingNoise) -> [Step] {
    let alphaBars = training.alphaBars
    let last = alphaBars.count - 1
    let stride = max(alphaBars.count / count, 1)
    let levels = Precision.double.spaced(
      from: Double(last), to: 0, (alphaBars.count + stride - 1) / stride + 1
    ).map { time in
      let low = min(Int(time), last - 1)
      let part = time - Double(low)
      let logAlphaBar = (1 - part) * log(alphaBars[low]) + part * log(alphaBars[low + 1])
      return NoiseLevel(
        timestep: time, alpha: exp(logAlphaBar / 2), sigma: (-expm1(logAlphaBar)).squareRoot())
    }
    return zip(levels, levels.dropFirst()).map(Step.init(from:to:))
  }
}
