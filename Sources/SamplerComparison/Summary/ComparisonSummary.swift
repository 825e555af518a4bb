/// What a comparison comes to: one summary a method, and who is fastest.
package struct ComparisonSummary: Sendable, Equatable {
  /// In dB: how near is asked for.
  package static let targets: [Double] = [20, 25, 30, 35, 40]

  /// In the order in which the results name them.
  package let methods: [MethodSummary]
  /// Of decoding one picture, which every method adds; nil without a cell.
  package let decodingSeconds: Spread?
  /// How far references are from solutions with half their calls: the medians, per kind.
  package let uncertainties: [ComparisonKind: CellMeasure]

  /// How much longer the slowest repeat of the same picture took than the fastest, as a factor: of four pictures,
  /// one more than this. Nil where none was repeated.
  package let repeatFactor: Double?

  package init(_ results: ComparisonResults) {
    var order: [SamplingMethod] = []
    let byMethod = Dictionary(grouping: results.cells, by: \.key.method)
    for cell in results.cells where !order.contains(cell.key.method) { order.append(cell.key.method) }
    methods = order.map { MethodSummary(method: $0, cells: byMethod[$0] ?? [], in: results) }
    let factors = results.cells.compactMap { cell -> Double? in
      guard cell.samplingSeconds.count > 1, let least = cell.samplingSeconds.min(), least > 0 else {
        return nil
      }
      return cell.samplingSeconds.max().map { $0 / least }
    }
    repeatFactor = Spread(factors)?.upperQuartile
    decodingSeconds = Spread(results.cells.map(\.decodingSeconds))
    uncertainties = Dictionary(grouping: results.references, by: \.kind).compactMapValues { references in
      let known = references.compactMap(\.uncertainty)
      guard let rmse = Spread(known.map(\.latentRMSE)), let psnr = Spread(known.map(\.psnr)),
        let ssim = Spread(known.map(\.ssim))
      else { return nil }
      return CellMeasure(latentRMSE: rmse.median, psnr: psnr.median, ssim: ssim.median)
    }
  }

  package func methods(of kind: ComparisonKind) -> [MethodSummary] { methods.filter { $0.kind == kind } }

  /// The methods of a kind that reach `targets[target]`, the fastest first.
  package func ranking(of kind: ComparisonKind, target: Int) -> [(MethodSummary, Need)] {
    methods(of: kind)
      .compactMap { method in method.needs[target].map { (method, $0) } }
      .sorted { ($0.1.seconds, $0.1.networkCalls) < ($1.1.seconds, $1.1.networkCalls) }
  }

  /// The target that methods of a kind are judged by: 30 dB, or the nearest one below that any of them reaches.
  package func decisiveTarget(of kind: ComparisonKind) -> Int? {
    let usual = Self.targets.firstIndex(of: 30) ?? 0
    return (0...usual).last { !ranking(of: kind, target: $0).isEmpty }
  }

  /// A number of steps of a method that nothing beats: whatever is nearer takes longer.
  package struct FrontPoint: Sendable, Equatable {
    package let method: SamplingMethod
    package let steps: Int
    package let seconds: Double
    package let psnr: Double
  }

  /// The Pareto front of median seconds against median PSNR over all methods of a kind, the fastest first.
  package func front(of kind: ComparisonKind) -> [FrontPoint] {
    let points = methods(of: kind).flatMap { summary in
      summary.steps.compactMap { step in
        step.psnr.map {
          FrontPoint(
            method: summary.method, steps: step.steps, seconds: step.seconds.median, psnr: $0.median)
        }
      }
    }
    var front: [FrontPoint] = []
    for point in points.sorted(by: { ($0.seconds, -$0.psnr) < ($1.seconds, -$1.psnr) })
    where point.psnr > front.last?.psnr ?? -.infinity {
      front.append(point)
    }
    return front
  }
}
