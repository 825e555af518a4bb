extension Sampler {
  /// Xu et al., "Restart Sampling for Improving Generative Processes" (2023): Heun's method on Karras' levels, which
  /// goes back from a small noise to a larger one and down again, as the web UI chooses it: from 20 steps on 9 of
  /// them, from 36 on a quarter of them twice, between sigma 0.1 and 2. Fewer steps are Heun's method.
  package static let restart = Sampler(
    name: "restart", title: "Restart", names: [.a1111: ["Restart"]],
    levels: .sigmas, webUISchedule: .karras, limit: .none, callsPerStep: 2, defaultEta: nil,
    caution: { $0 < 20 ? "restart needs 20 steps to go back once; with \($0) it is heun" : nil }
  ) { x, run in
    var stepper = HeunStep(like: x)
    let steps = withRestarts(run.steps, run.levels)
    var last = steps[0].from
    for (index, step) in steps.enumerated() {
      if step.from.sigma > last.sigma {
        let added = step.from.sigma * step.from.sigma - last.sigma * last.sigma
        run.addNoise(added.squareRoot(), to: &x, from: last, to: step.from)
      }
      try stepper.take(step.from, step.to, &x, &run)
      last = step.to
      try run.finish(&x, at: step.to, step: min(index, run.steps.count - 1))
    }
  }

  /// The steps with their restarts, as many in all.
  private static func withRestarts(_ steps: [Step], _ levels: LevelScale) -> [Step] {
    let count = steps.count
    guard count >= 20 else { return steps }
    let (width, times) = count >= 36 ? (count / 4, 2) : (9, 1)
    let sigmas =
      Schedule.karras(from: steps[0].from.sigma, to: steps[count - 1].from.sigma, count - width * times) + [0]
    let (low, high) = (nearest(to: 0.1, in: sigmas), nearest(to: 2, in: sigmas))
    let main = sigmas.map { level($0, levels) }
    var result: [Step] = []
    for index in 0..<sigmas.count - 1 {
      result.append(Step(from: main[index], to: main[index + 1]))
      guard index + 1 == low, high < low else { continue }
      let again = Schedule.karras(from: sigmas[high], to: sigmas[low], width + 1).map { level($0, levels) }
      for _ in 0..<times { result += zip(again, again.dropFirst()).map(Step.init(from:to:)) }
    }
    return result
  }

  private static func nearest(to sigma: Double, in list: [Double]) -> Int {
    list.indices.min { abs(list[$0] - sigma) < abs(list[$1] - sigma) } ?? 0
  }

  private static func level(_ sigma: Double, _ levels: LevelScale) -> NoiseLevel {
    sigma > 0 ? levels.level(ratio: sigma) : levels.clean
  }
}
