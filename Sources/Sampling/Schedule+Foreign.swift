extension Schedule {
  /// The steps by the rules of A1111 and ComfyUI: a list of sigmas that ends at 0, whatever the sampler. A1111's DDIM
  /// and PLMS alone go through whole timesteps.
  func foreignSteps(
    _ count: Int, _ scale: LevelScale, _ sampler: Sampler, _ system: NameSystem
  ) throws -> StepList {
    if sampler.levels == .table, system == .a1111 {
      return StepList(steps: Self.webUITimesteps(count, scale), initialScale: 1, levels: scale)
    }
    let rule = (system == .comfyui ? comfyRule : nil) ?? webUIRule ?? rule
    guard case .list(let isOpen, let list) = rule else {
      throw SamplingError.setting(
        name: "schedule", value: name, expected: "one of \(system.rawValue)'s; this is one of diffusers'")
    }
    let drops = sampler.dropsLastSigma(in: system)
    var sigmas = list(drops ? count + 1 : count, scale.training)
    if drops { sigmas.removeLast() }
    let end = isOpen ? scale.level(ratio: sigmas.removeLast()) : scale.clean
    let first = sigmas[0]
    let isFull = first >= scale.training.sigmas[scale.training.sigmas.count - 1] * (1 - 1e-5)
    return StepList(
      steps: scale.steps(sigmas, end: end),
      initialScale: system == .comfyui && isFull ? (first * first + 1).squareRoot() : first, levels: scale)
  }

  /// Timesteps 1, 1 + T div N, … backwards; the step from timestep 1 is not taken, so there is one step less.
  private static func webUITimesteps(_ count: Int, _ scale: LevelScale) -> [Step] {
    let last = scale.training.alphaBars.count
    let timesteps = stride(from: 0, to: last, by: max(last / count, 1)).map { min($0 + 1, last - 1) }
    let levels = timesteps.reversed().map(scale.level(timestep:))
    guard levels.count > 1 else { return scale.steps(levels, end: scale.cleanest) }
    return zip(levels, levels.dropFirst()).map(Step.init(from:to:))
  }
}
