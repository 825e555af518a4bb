/// What to use, in words.
package struct Verdict: Sendable, Equatable {
  /// What to use, as the beginning of a sentence.
  package let answer: String
  /// The sentence's rest: what else was tried; empty where there is nothing to say.
  package let alternatives: String
  /// Further sentences: what the answer rests on and where it ends.
  package let remarks: [String]

  /// One sentence that answers.
  package var sentence: String {
    alternatives.isEmpty ? "\(answer)." : "\(answer); \(alternatives)."
  }

  package init(_ summary: ComparisonSummary) {
    let kind: ComparisonKind? = [.ode, .path].first { !summary.methods(of: $0).isEmpty }
    guard let kind else {
      answer =
        summary.methods.isEmpty
        ? "Nothing was sampled, so there is nothing to compare"
        : "Nothing here can be compared: no picture has a reference to be measured against"
      alternatives = ""
      remarks = []
      return
    }
    (answer, alternatives) = Self.sentence(kind, summary)
    var remarks = Self.remarks(kind, summary)
    if kind == .ode, !summary.methods(of: .path).isEmpty {
      remarks.append(
        "Samplers that add fresh noise end in pictures of their own and are measured along their own paths. "
          + Self.sentence(.path, summary).0 + ".")
    }
    if let decoding = summary.decodingSeconds?.median {
      remarks.append(
        "Times are of sampling; decoding adds \(Numbers.seconds(decoding)) s to every picture, whichever sampler "
          + "made it.")
    }
    if let factor = summary.repeatFactor, factor > 1.15 {
      remarks.append(
        "The machine was not quiet: a quarter of the pictures took more than "
          + "\(Numbers.fixed(100 * (factor - 1), 0)) % longer one time than another, so calls are surer than seconds."
      )
    }
    self.remarks = remarks
  }

  private static func sentence(_ kind: ComparisonKind, _ summary: ComparisonSummary) -> (String, String) {
    guard let target = summary.decisiveTarget(of: kind) else { return nearest(kind, summary) }
    let ranking = summary.ranking(of: kind, target: target)
    guard let (winner, need) = ranking.first else { return nearest(kind, summary) }
    let level = Numbers.plain(ComparisonSummary.targets[target])
    let few = need.isFewestTried ? " (the fewest tried)" : ""
    let steps = (need.isMeasured ? "" : "about ") + count(need.steps, "step") + few
    let prefix =
      ComparisonSummary.targets[target] < 30 ? "None reaches 30 dB in the steps tried; fastest" : "Fastest"
    let answer =
      "\(prefix) to \(level) dB: \(name(winner.method)), \(steps), \(calls(need)), "
      + "\(Numbers.seconds(need.seconds)) s a picture"
    let others = ranking.dropFirst().filter { $0.0.method.sampler != winner.method.sampler }
    guard let (second, next) = others.first else { return (answer, "") }
    // Closer than that, another run might turn them round.
    let isLevel = next.seconds <= need.seconds * 1.05
    var alternatives = "\(name(second.method)) \(isLevel ? "is all but level: it" : "comes next: it") needs "
    alternatives += "\(calls(next)), \(Numbers.seconds(next.seconds)) s"
    if others.count > 1, let (slowest, last) = others.last {
      alternatives +=
        "; \(name(slowest.method)) is slowest: \(calls(last)), \(Numbers.seconds(last.seconds)) s"
    }
    return (answer, alternatives)
  }

  /// Where not even the lowest target is reached.
  private static func nearest(_ kind: ComparisonKind, _ summary: ComparisonSummary) -> (String, String) {
    let lowest = Numbers.plain(ComparisonSummary.targets[0])
    let none = "None comes within \(lowest) dB of its converged picture in the steps tried"
    guard let point = summary.front(of: kind).last else { return (none, "") }
    let near = "\(name(point.method)), \(count(point.steps, "step"))"
    return (
      none,
      "\(near), is nearest: \(Numbers.fixed(point.psnr, 1)) dB, \(Numbers.seconds(point.seconds)) s a picture"
    )
  }

  private static func remarks(_ kind: ComparisonKind, _ summary: ComparisonSummary) -> [String] {
    guard let target = summary.decisiveTarget(of: kind) else { return [] }
    let level = ComparisonSummary.targets[target]
    var remarks: [String] = []
    let ranking = summary.ranking(of: kind, target: target)
    if ranking.count > 1, ranking.allSatisfy(\.1.isFewestTried) {
      remarks.append(
        "All that reach \(Numbers.plain(level)) dB do so with the fewest steps tried: fewer would tell them apart."
      )
    }
    let missing = summary.methods(of: kind).filter { $0.needs[target] == nil }
    if !missing.isEmpty {
      remarks.append(
        "\(missing.count) of \(summary.methods(of: kind).count) do not reach \(Numbers.plain(level)) dB in the steps "
          + "tried: \(missing.map { name($0.method) }.joined(separator: ", ")).")
    }
    // Half as far as what is measured, 6 dB, is as near as a reference must be known for it to matter little.
    if let known = summary.uncertainties[kind]?.psnr, known < level + 6 {
      remarks.append(
        "The references are themselves known to \(Numbers.fixed(known, 1)) dB only, which blurs the answer: "
          + "finer references would sharpen it.")
    }
    return remarks
  }

  static func name(_ method: SamplingMethod) -> String { "\(method.sampler) with \(method.schedule)" }

  private static func calls(_ need: Need) -> String {
    let calls = Numbers.plain(need.networkCalls)
    return "\(calls) network \(calls == "1" ? "call" : "calls")"
  }

  private static func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }
}
