/// The report's tables.
enum ReportTables {
  /// What each distance costs, the fastest to the decisive one first.
  static func needs(
    _ summary: ComparisonSummary, _ styles: MethodStyles, _ kind: ComparisonKind, level: Int
  ) -> String {
    let decisive = summary.decisiveTarget(of: kind) ?? 0
    let ranked = summary.ranking(of: kind, target: decisive).map(\.0)
    let rest = summary.methods(of: kind).filter { $0.needs[decisive] == nil }
    let least = ComparisonSummary.targets.indices.map {
      summary.ranking(of: kind, target: $0).first?.1.seconds
    }
    let head = ComparisonSummary.targets.map { "<th scope=\"col\">\(Numbers.plain($0)) dB</th>" }.joined()
    let rows = (ranked + rest).map { method in
      let cells = zip(method.needs, least).map { need, least -> String in
        guard let need else { return "<td class=\"none\">&ndash;</td>" }
        let mark = need.isFewestTried ? "&le; " : need.isMeasured ? "" : "&asymp; "
        let style = need.seconds == least ? " class=\"best\"" : ""
        return
          "<td\(style)>\(Numbers.seconds(need.seconds)) s <small>\(mark)\(Numbers.plain(need.networkCalls))</small></td>"
      }
      return "<tr>\(rowHead(method, styles))\(cells.joined())</tr>\n"
    }
    return """
      <h\(level)>What each distance costs</h\(level)>
      <p class="note">Seconds a picture and, small, network calls; the fastest to \
      \(Numbers.plain(ComparisonSummary.targets[decisive])) dB first, the fastest of each column marked. &asymp; lies
      between numbers of steps that were tried, &le; is the fewest tried, &ndash; was not reached.</p>
      <div class="wide"><table>
      <thead><tr><th scope="col">sampler, schedule</th>\(head)</tr></thead>
      <tbody>
      \(rows.joined())</tbody></table></div>

      """
  }

  /// Every number of steps of every method.
  static func everything(_ summary: ComparisonSummary, _ styles: MethodStyles) -> String {
    guard !summary.methods.isEmpty else { return "" }
    let fronts = [ComparisonKind.ode, .path].flatMap { summary.front(of: $0) }
    let bodies = summary.methods.map { method in
      let rows = method.steps.enumerated().map { index, step in
        let head = index == 0 ? methodHead(method, rows: method.steps.count) : ""
        let isFront = fronts.contains { $0.method == method.method && $0.steps == step.steps }
        return "<tr>\(head)\(cells(step, isFront: isFront))</tr>\n"
      }
      return "<tbody class=\"method\">\n\(rows.joined())</tbody>\n"
    }
    return """
      <h2 id="figures">Everything in figures</h2>
      <details><summary>\(summary.methods.reduce(0) { $0 + $1.steps.count }) rows: medians, with quartiles in brackets; what is on the Pareto front is marked</summary>
      <div class="wide"><table>
      <thead><tr><th scope="col">sampler, schedule</th><th scope="col">steps</th><th scope="col">calls</th>\
      <th scope="col">seconds</th><th scope="col">PSNR, dB</th><th scope="col">latent RMSE</th>\
      <th scope="col">SSIM</th><th scope="col">pictures</th></tr></thead>
      \(bodies.joined())</table></div></details>

      """
  }

  static func notComparable(_ summary: ComparisonSummary) -> String {
    let items = summary.methods.compactMap { method -> String? in
      guard method.kind == .none || !method.notices.isEmpty else { return nil }
      let reasons = method.notices.isEmpty ? ["no reason is given"] : method.notices
      let what = method.kind == .none ? "not compared" : "to be noted"
      return "<li><b>\(HTML.escaped(Verdict.name(method.method)))</b>, \(what): "
        + "\(HTML.escaped(reasons.joined(separator: " ")))</li>\n"
    }
    guard !items.isEmpty else { return "" }
    return "<h2>Not compared, or with a caveat</h2>\n<ul>\n\(items.joined())</ul>\n"
  }

  private static func rowHead(_ method: MethodSummary, _ styles: MethodStyles) -> String {
    let name = HTML.escaped("\(method.method.sampler) \(method.method.schedule)")
    return "<th scope=\"row\">\(styles.style(method.method).swatch)\(name)</th>"
  }

  private static func methodHead(_ method: MethodSummary, rows: Int) -> String {
    var details: [String] = []
    switch method.kind {
    case .ode: break
    case .path: details.append("against its own path")
    case .none: details.append("not compared")
    }
    if let order = method.order {
      details.append(
        "order \(Numbers.fixed(order.order, 2)) over \(order.points) points, "
          + "\(order.fewestCalls) to \(order.mostCalls) calls")
    }
    return "<th scope=\"rowgroup\" rowspan=\"\(rows)\">\(HTML.escaped(Verdict.name(method.method)))"
      + details.map { "<small>\($0)</small>" }.joined() + "</th>"
  }

  private static func cells(_ step: StepSummary, isFront: Bool) -> String {
    func spread(_ spread: Spread?, isBest: Bool = false, _ format: (Double) -> String) -> String {
      guard let spread else { return "<td class=\"none\">&ndash;</td>" }
      return "<td\(isBest ? " class=\"best\"" : "")>\(format(spread.median)) "
        + "<small>(\(format(spread.lowerQuartile))&ndash;\(format(spread.upperQuartile)))</small></td>"
    }
    return "<td>\(step.steps)</td><td>\(Numbers.plain(step.networkCalls))</td>"
      + spread(step.seconds, isBest: isFront, Numbers.seconds)
      + spread(step.psnr, isBest: isFront) { Numbers.fixed($0, 1) }
      + spread(step.latentRMSE, Numbers.scientific)
      + spread(step.ssim) { Numbers.fixed($0, 4) }
      + "<td>\(step.cells)</td>"
  }
}
