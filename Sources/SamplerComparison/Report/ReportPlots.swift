import Glibc

/// The report's section on all methods that are measured against one kind of reference: who is fastest, plots, and
/// what each distance costs.
struct ReportPlots {
  let results: ComparisonResults
  let summary: ComparisonSummary
  let styles: MethodStyles
  let kind: ComparisonKind

  private var methods: [MethodSummary] { summary.methods(of: kind) }

  var html: String {
    (kind == .path ? pathHeading : "") + bars + "<h\(level)>Distance from the converged picture</h\(level)>\n"
      + plots
      + ReportTables.needs(summary, styles, kind, level: level)
  }

  private var level: Int { kind == .path ? 3 : 2 }

  private var pathHeading: String {
    """
    <h2>Samplers that add fresh noise</h2>
    <p>Each of their pictures is measured against the same sampler with many more steps along the same Brownian path,
    so these figures say how far each is from where it is going itself, and cannot be laid beside those above.</p>

    """
  }

  // MARK: Who is fastest

  private var bars: String {
    guard let target = summary.decisiveTarget(of: kind) else { return "" }
    let ranking = summary.ranking(of: kind, target: target)
    let longest = ranking.map(\.1.seconds).max() ?? 1
    let rows = ranking.enumerated().map { index, entry in
      let (method, need) = entry
      let percent = longest > 0 ? 100 * need.seconds / longest : 0
      let mark = need.isFewestTried ? "&le; " : need.isMeasured ? "" : "&asymp; "
      let calls = Numbers.plain(need.networkCalls)
      return """
        <div class="row\(index == 0 ? " first" : "")"><span class="name">\(name(method))</span>\
        <span class="figure seconds">\(Numbers.seconds(need.seconds)) s</span>\
        <span class="figure steps">\(mark)\(need.steps) \(need.steps == 1 ? "step" : "steps")</span>\
        <span class="figure calls">\(calls) \(calls == "1" ? "call" : "calls")</span>\
        <span class="bar \(styles.style(method.method).colourClass)" style="width:\(Numbers.fixed(percent, 1))%"></span>\
        </div>

        """
    }
    let missing = methods.filter { $0.needs[target] == nil }.map { method in
      let best = method.steps.compactMap { $0.psnr?.median }.max() ?? 0
      return """
        <div class="row"><span class="name">\(name(method))</span>\
        <span class="missing">not reached; comes to \(Numbers.fixed(best, 1)) dB</span></div>

        """
    }
    // PSNR's definition, solved for the root mean square.
    let levels = 255 * pow(10, -ComparisonSummary.targets[target] / 20)
    let decibels = Numbers.plain(ComparisonSummary.targets[target])
    return """
      <h\(level)>Seconds to \(decibels) dB</h\(level)>
      <p class="note">At \(decibels) dB a picture differs from the converged one by \
      \(Numbers.fixed(levels, 1)) of 255 levels as a root mean square.</p>
      <div class="bars">
      \((rows + missing).joined())</div>

      """
  }

  private func name(_ method: MethodSummary) -> String {
    styles.style(method.method).swatch + HTML.escaped("\(method.method.sampler) \(method.method.schedule)")
  }

  // MARK: Plots

  private var plots: String {
    let front = summary.front(of: kind).map { Plot.Point(x: $0.seconds, y: $0.psnr, title: "") }
    let byCalls = plot("PSNR over network calls", "network calls", "PSNR, dB", \.networkCalls, \.psnr)
    let bySeconds = plot(
      "PSNR over seconds", "seconds a picture", "PSNR, dB", \.seconds.median, \.psnr, front: front)
    let error = plot(
      "Latent RMSE over network calls", "network calls", "latent RMSE", \.networkCalls, \.latentRMSE)
    return """
      <div class="plots">
      \(figure(byCalls, "Nearer is higher. Medians over seeds and prompts; a step may call the network more than once."))
      \(figure(bySeconds, "The broad grey line is the Pareto front: nothing measured is nearer in less time."))
      \(figure(error, "Both axes logarithmic: a straight line falls with its order. \(uncertaintyNote)"))
      <div>\(legend)</div>
      </div>

      """
  }

  private func figure(_ plot: Plot, _ caption: String) -> String {
    "<figure>\(plot.svg)<figcaption>\(caption)</figcaption></figure>"
  }

  private func plot(
    _ title: String, _ xTitle: String, _ yTitle: String, _ x: KeyPath<StepSummary, Double>,
    _ y: KeyPath<StepSummary, Spread?>, front: [Plot.Point] = []
  ) -> Plot {
    let isError = y == \StepSummary.latentRMSE
    let series = methods.map { method in
      Plot.Series(
        style: styles.style(method.method),
        points: method.steps.compactMap { step in
          step[keyPath: y].map {
            Plot.Point(x: step[keyPath: x], y: $0.median, title: Self.title(method, step))
          }
        })
    }
    let points = series.flatMap(\.points)
    let mark = summary.uncertainties[kind].map { known in
      isError
        ? Plot.Mark(y: known.latentRMSE, label: "uncertainty of the references")
        : Plot.Mark(y: known.psnr, label: "uncertainty of the references")
    }
    let heights = points.map(\.y)
    return Plot(
      title: title, xTitle: xTitle, yTitle: yTitle, x: .logarithmic(points.map(\.x)),
      y: isError ? .logarithmic(heights) : .linear(heights), series: series, front: front, mark: mark)
  }

  private static func title(_ method: MethodSummary, _ step: StepSummary) -> String {
    var parts = ["\(step.steps) steps", "\(Numbers.plain(step.networkCalls)) calls"]
    if let psnr = step.psnr { parts.append("\(Numbers.fixed(psnr.median, 1)) dB") }
    if let error = step.latentRMSE { parts.append("RMSE \(Numbers.scientific(error.median))") }
    parts.append("\(Numbers.seconds(step.seconds.median)) s")
    return "\(Verdict.name(method.method)): \(parts.joined(separator: ", "))"
  }

  private var uncertaintyNote: String {
    guard let known = summary.uncertainties[kind] else {
      return "How well the references are known was not measured."
    }
    return
      "The references are known to \(Numbers.scientific(known.latentRMSE)), or \(Numbers.fixed(known.psnr, 1)) dB."
  }

  private var legend: String {
    let items = methods.map { method in
      let order =
        method.order.map { "order \(Numbers.fixed($0.order, 2)), \($0.points) points" }
        ?? "order not measurable"
      return "<li>\(styles.style(method.method).swatch)<span>"
        + "\(HTML.escaped("\(method.method.sampler) \(method.method.schedule)")) "
        + "<span class=\"note\">\(order)</span></span></li>\n"
    }
    return """
      <ul class="legend">
      \(items.joined())</ul>
      <p class="note">Colour and shape are the sampler's, dashes and hollow shapes the schedule's. The measured order is
      the slope of the error over calls: of order 2, twice the calls leave a quarter of the error.</p>
      """
  }
}
