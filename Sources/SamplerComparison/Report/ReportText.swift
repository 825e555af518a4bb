/// The report's parts in words.
enum ReportText {
  static func setting(_ results: ComparisonResults) -> String {
    let setting = results.setting
    let keys = results.cells.map(\.key)
    let entries = [
      ("model", setting.model), ("size", "\(setting.width)x\(setting.height)"),
      ("computed with", setting.computes), ("precision", setting.precision),
      ("guidance scale", Numbers.plain(setting.guidanceScale)),
      ("negative prompt", setting.negativePrompt.isEmpty ? "none" : setting.negativePrompt),
      ("noise", setting.noise), ("steps", list(Set(keys.map(\.steps)).sorted())),
      ("seeds", list(Set(keys.map(\.seed)).sorted())), ("each picture sampled", times(setting.repeats)),
      ("pictures", "\(keys.count)"), ("engine", setting.engineVersion),
    ]
    let items = entries.map { "<div><dt>\($0.0)</dt><dd>\(HTML.escaped($0.1))</dd></div>\n" }
    let prompts = results.prompts.map { "<li><bdi>\(HTML.escaped($0))</bdi></li>\n" }
    return """
      <h2 id="setting">The setting</h2>
      <dl>
      \(items.joined())</dl>
      <h3>\(prompts.count == 1 ? "Prompt" : "Prompts")</h3>
      <ol class="prompts">
      \(prompts.joined())</ol>

      """
  }

  static func repeatability(_ summary: ComparisonSummary) -> String {
    let repeated = summary.methods.filter { $0.isRepeatable != nil }
    let different = repeated.filter { $0.isRepeatable == false }
    let sentence =
      if summary.methods.isEmpty {
        "Nothing was drawn."
      } else if repeated.isEmpty {
        "Each picture was drawn once, so whether a repeat is the same was not tried."
      } else if different.isEmpty {
        "Every repeat gave the same picture, byte for byte."
          + (repeated.count < summary.methods.count ? " Not all methods were repeated." : "")
      } else {
        "Repeats differed with \(different.map { Verdict.name($0.method) }.joined(separator: ", "))."
      }
    return "<h2>Repeatability</h2>\n<p>\(HTML.escaped(sentence))</p>\n"
  }

  static func method(_ results: ComparisonResults) -> String {
    """
    <h2 id="method">How this was measured</h2>
    <p>Without fresh noise a sampler solves an ordinary differential equation, the probability flow (Song et al.,
    &ldquo;Score-Based Generative Modeling through Stochastic Differential Equations&rdquo;, 2021), whose exact solution
    is the converged picture. For each prompt and seed a reference solves it with many more network calls\(referenceNote(results)).
    How far it is from a solution with half the calls is its uncertainty; nothing nearer than that can be told
    apart.</p>
    <p>A sampler that adds fresh noise has no such solution. It is measured against itself with many more steps along
    the same Brownian path, which is how strong convergence is defined (Kloeden and Platen, &ldquo;Numerical Solution of
    Stochastic Differential Equations&rdquo;, 1992).</p>
    <p>Near the converged picture does not mean more beautiful: these figures say how soon more steps stop changing the
    picture, not which picture anyone would rather have.</p>
    <ul>
    <li><b>PSNR</b>: peak signal-to-noise ratio of the 8-bit RGB values, 10 log&#8321;&#8320;(255&sup2; / mean squared
    difference), at most \(Numbers.plain(PictureDistance.highestPSNR)) dB. At 30 dB values differ by 8 of 255 as a root
    mean square, at 40 dB by 2.6.</li>
    <li><b>SSIM</b>: structural similarity of the luma, Gaussian window of 11 pixels and sigma 1.5 (Wang et al.,
    &ldquo;Image quality assessment: from error visibility to structural similarity&rdquo;, 2004).</li>
    <li><b>Latent RMSE</b>: root of the mean squared difference of the latents before they are decoded.</li>
    <li><b>Calls</b> of the network count, not steps: some samplers call it more than once a step. Guidance needs two
    predictions a call and counts as one.</li>
    <li><b>Seconds</b> are of sampling one picture on this machine, without decoding: the median over seeds, prompts and
    repeats, with the lower and upper quartile as its spread.</li>
    <li><b>What a distance costs</b> follows the medians between numbers of steps that were tried, PSNR over the
    logarithm of calls, and is rounded up to a whole step.</li>
    <li><b>Order</b>: the slope of log error over log calls by least squares, with an offset of its own for each prompt
    and seed, over the pictures whose error is above the uncertainty of their reference; at least three numbers of
    calls.</li>
    </ul>
    <p>Every figure is in <a href="results.json">results.json</a> and, a row a picture, in
    <a href="results.csv">results.csv</a>.</p>

    """
  }

  private static func referenceNote(_ results: ComparisonResults) -> String {
    let references = results.references.filter { $0.kind == .ode }
    let makers = Set(references.map { "\($0.sampler) with \($0.schedule), \($0.networkCalls) calls" })
      .sorted()
    return makers.isEmpty ? "" : " (here \(HTML.escaped(makers.joined(separator: "; "))))"
  }

  private static func list<Value>(_ values: [Value]) -> String {
    values.map { "\($0)" }.joined(separator: ", ")
  }

  private static func times(_ count: Int) -> String {
    count == 1 ? "once" : count == 2 ? "twice" : "\(count) times"
  }
}
