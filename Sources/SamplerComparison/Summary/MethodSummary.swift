/// What a sampler with a schedule costs and gives at one number of steps, over all seeds and prompts.
package struct StepSummary: Sendable, Equatable {
  package let steps: Int
  package let cells: Int
  /// The median, of the cells that are measured, or of all where none is.
  package let networkCalls: Double
  /// Of sampling one picture: over the same cells and their repeats.
  package let seconds: Spread
  /// In dB, over the measured cells; nil where none is measured.
  package let psnr: Spread?
  package let latentRMSE: Spread?
  package let ssim: Spread?

  /// - Parameter cells: of one method and one number of steps.
  /// - Returns: nil without a cell or without a time.
  init?(steps: Int, cells: [CellRecord], kind: ComparisonKind) {
    // A picture that failed halfway is quick, and shows nothing.
    let measured = cells.filter { $0.kind == kind && $0.measure != nil }
    let timed = measured.isEmpty ? cells : measured
    guard let networkCalls = Spread(timed.map { Double($0.networkCalls) })?.median,
      let seconds = Spread(timed.flatMap(\.samplingSeconds))
    else { return nil }
    let measures = measured.compactMap(\.measure)
    self.steps = steps
    self.cells = cells.count
    self.networkCalls = networkCalls
    self.seconds = seconds
    psnr = Spread(measures.map(\.psnr))
    latentRMSE = Spread(measures.map(\.latentRMSE))
    ssim = Spread(measures.map(\.ssim))
  }
}

/// All about one sampler with one schedule.
package struct MethodSummary: Sendable, Equatable {
  package let method: SamplingMethod
  /// What its cells are measured against; `.none` if not one of them is measured.
  package let kind: ComparisonKind
  /// One an entry of the step counts, the fewest first.
  package let steps: [StepSummary]
  /// Nil where nothing is measured, or not enough to fit a line to.
  package let order: MeasuredOrder?
  /// What it takes to reach each of `ComparisonSummary.targets`; nil for those that it does not reach.
  package let needs: [Need?]
  /// False if any cell came out differently in a repeat, nil if none was repeated.
  package let isRepeatable: Bool?
  /// What its cells say, each sentence once.
  package let notices: [String]

  /// - Parameter cells: of one method, at least one.
  init(method: SamplingMethod, cells: [CellRecord], in results: ComparisonResults) {
    self.method = method
    let kind = cells.first { $0.measure != nil }?.kind ?? .none
    self.kind = kind
    let byStep = Dictionary(grouping: cells, by: \.key.steps)
    let steps = byStep.keys.sorted().compactMap { count in
      StepSummary(steps: count, cells: byStep[count] ?? [], kind: kind)
    }
    self.steps = steps
    order = kind == .none ? nil : MeasuredOrder(cells: cells.filter { $0.kind == kind }, in: results)
    needs = ComparisonSummary.targets.map { Need(psnr: $0, steps: steps) }
    let repeated = cells.compactMap(\.isRepeatable)
    isRepeatable = repeated.isEmpty ? nil : !repeated.contains(false)
    var seen: Set<String> = []
    notices = cells.flatMap(\.notices).filter { seen.insert($0).inserted }
  }
}
