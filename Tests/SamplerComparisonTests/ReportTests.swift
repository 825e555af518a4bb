import SamplerComparison
import Foundation
import Pictures
import Testing

@Suite struct ReportTests {
  private let hostile = "<script>alert(\"1\")</script> & 'x' \u{0}\u{202E}"

  @Test func needsNothingBesideItself() throws {
    let html = try ComparisonReport.html(Samples.results()) { Samples.picture($0) }
    #expect(html.utf8.count < 2_300_000)
    #expect(!html.contains("<script") && !html.contains("http:") && !html.contains("https:"))
    #expect(!html.contains("<link") && !html.contains("@import") && !html.contains("url("))
    #expect(html.contains("src=\"data:image/jpeg;base64,"))
    #expect(html.contains("prefers-color-scheme: dark"))
    try expectWellFormed(html)
  }

  @Test func saysWhatWasFound() throws {
    let results = Samples.results()
    let html = try ComparisonReport.html(results)
    #expect(
      html.contains(
        "<p class=\"answer\">Fastest to 30 dB: unipc with karras, 8 steps, 8 network calls, 0.21 s"))
    #expect(html.contains("Every repeat gave the same picture, byte for byte."))
    #expect(html.contains("order 2.70, 9 points"))
    #expect(html.contains("Samplers that add fresh noise"))
    #expect(!html.contains("<img"))
    for name in ["network calls", "seconds a picture", "PSNR, dB", "latent RMSE"] {
      #expect(html.contains(">\(name)<"))
    }
    // A line with a point for each number of steps, in each of three plots.
    #expect(html.components(separatedBy: "<title>").count - 2 == 3 * 5 * 12)
    #expect(html.components(separatedBy: "<svg class=\"plot\"").count - 1 == 6)
  }

  /// Four schedules: two have full shapes, two hollow ones, so dashes must tell these apart.
  @Test func linesDifferWithoutColour() throws {
    let methods = ["euler", "heun", "ddim", "dpmpp_2m", "unipc", "lms", "ipndm"].flatMap { sampler in
      ["karras", "linspace", "trailing", "beta"].map {
        Samples.Method(sampler: sampler, schedule: $0, order: 1, error: 1)
      }
    }
    let html = try ComparisonReport.html(Samples.results(methods: methods, steps: [4, 8], seeds: [1]))
    let swatches = html.components(separatedBy: "<svg class=\"swatch\"").dropFirst().map { part in
      part.components(separatedBy: "</svg>")[0].replacing(/series c[0-9]/, with: "")
    }
    #expect(Set(swatches).count == 28)
  }

  /// Noise is what JPEG can do least about.
  @Test func theSheetIsMadeSmallEnough() throws {
    let noise = Picture(
      width: 512, height: 512,
      pixels: (0..<512 * 512 * 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) })
    let html = try ComparisonReport.html(Samples.results(methods: [Samples.methods[0]], seeds: [1])) { _ in
      noise
    }
    #expect((1_000_000..<2_050_000).contains(html.utf8.count))
  }

  @Test func whatComesFromOutsideIsText() throws {
    let cells = [
      record(hostile, calls: 4, seed: 1, kind: .none, notices: [hostile]), record(hostile, calls: 8, seed: 1),
    ]
    let setting = ComparisonSetting(
      engineVersion: hostile, model: hostile, weights: hostile, computes: hostile, precision: hostile,
      width: 16, height: 16,
      guidanceScale: 1, negativePrompt: hostile, noise: hostile, repeats: 1, referenceCalls: 200)
    let references = [
      ReferenceRecord(
        prompt: 0, seed: 1, sampler: hostile, schedule: hostile, networkCalls: 9, kind: .ode,
        uncertainty: nil,
        picture: "\(hostile).png")
    ]
    let results = ComparisonResults(
      setting: setting, prompts: [hostile], references: references, cells: cells)
    let html = try ComparisonReport.html(results) { Samples.picture($0, width: 16, height: 16) }
    #expect(!html.contains("<script") && !html.contains("\u{0}") && !html.contains("alert(\""))
    #expect(html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39; \u{FFFD}"))
    try expectWellFormed(html)
  }

  @Test func whatIsNotComparedIsListedWithItsReason() throws {
    let cells = [
      record("chaos", calls: 4, seed: 1, kind: .none, notices: ["It has no path."]),
      record("chaos", calls: 8, seed: 1, kind: .none, notices: ["It has no path."]),
      record("euler", calls: 8, seed: 1, psnr: 31, isRepeatable: false),
    ]
    let html = try ComparisonReport.html(results(cells))
    #expect(html.contains("<b>chaos with karras</b>, not compared: It has no path.</li>"))
    #expect(html.contains("Repeats differed with euler with karras."))
  }

  @Test(arguments: [
    [Double](), [0], [1e300, 1e-300], [.leastNonzeroMagnitude, .greatestFiniteMagnitude, 3],
  ])
  func strangeFiguresAreNoTrouble(figures: [Double]) throws {
    let cells = figures.enumerated().map { index, figure in
      CellRecord(
        key: CellKey(sampler: "a", schedule: "b", steps: index == 0 ? 1 : .max - index, seed: 1, prompt: 0),
        networkCalls: index == 0 ? 1 : .max - index, samplingSeconds: [figure], decodingSeconds: figure,
        measure: CellMeasure(latentRMSE: figure, psnr: Double(index * 45), ssim: 1), kind: .ode,
        isRepeatable: nil,
        picture: "\(index).png")
    }
    let results = results(cells, uncertainty: figures.last ?? 0)
    try expectWellFormed(ComparisonReport.html(results) { Samples.picture($0, width: 16, height: 16) })
    _ = try ContactSheet(ComparisonResults(json: Samples.results().encoded()))
    #expect(try ComparisonResults(json: results.encoded()) == results)
  }

  /// Axes have numbers at round places.
  @Test func axesAreLabelled() throws {
    let html = try ComparisonReport.html(Samples.results(uncertainty: 0.05))
    let plot = try #require(html.components(separatedBy: "<svg class=\"plot\"").dropFirst().first)
    let labels = plot.matches(of: /text-anchor="(?:middle|end)">([^<]*)</).map { String($0.1) }
    #expect(labels.prefix(5) == ["5", "10", "20", "50", "100"])
    #expect(
      labels.contains("20") && labels.contains("60") && labels.contains("uncertainty of the references"))
  }

  /// Every element that is opened is closed, in order.
  private func expectWellFormed(_ html: String) throws {
    let empty: Set<String> = ["meta", "img", "br", "!DOCTYPE"]
    var open: [String] = []
    for match in html.matches(of: /<(\/?)([!a-zA-Z0-9]+)(?:"[^"]*"|[^">])*?(\/?)>/) {
      let name = String(match.2)
      if empty.contains(name) || match.3 == "/" { continue }
      if match.1 == "/" {
        try #require(open.popLast() == name, "</\(name)>")
      } else {
        open.append(name)
      }
    }
    #expect(open.isEmpty)
  }
}
