import Comparison
import Graph
import Pictures
import Sampling

extension ComparisonRunner.PlannedCell {
  /// - Throws: `DarkroomError` or `SamplingError` if the picture is not possible.
  init(_ cell: ComparisonRequest.Cell, _ request: ComparisonRequest, _ pipeline: Pipeline) throws {
    (prompt, seed, steps) = (cell.prompt, cell.seed, cell.steps)
    var wanted = request.request(cell)
    var job = try pipeline.resolve(wanted)
    let isStochastic = job.sampler.isStochastic(eta: wanted.eta, in: wanted.system.names)
    switch job.sampler.limit {
    case .flow: kind = .ode
    case .path where !isStochastic: kind = .ode
    case .path: kind = .path
    case .none: kind = .none
    }
    if kind == .path {
      // A path can be refined; the generator's next numbers cannot.
      wanted.stepNoise = .brownian
      job = try pipeline.resolve(wanted)
    }
    self.job = job
  }

  func key(prompt index: Int) -> CellKey {
    CellKey(
      sampler: method.sampler, schedule: method.schedule, steps: steps, seed: seed, prompt: index)
  }

  /// Why there is nothing to measure the picture against.
  var whyNotComparable: String? {
    kind == .none
      ? "\(method.sampler) has no limit: each number of steps has its own pictures, so there is nothing to converge to"
      : nil
  }
}

extension Picture {
  /// Stands for one that could not be made.
  init(blank pass: SamplingPass) {
    self.init(
      width: pass.width, height: pass.height,
      pixels: [UInt8](repeating: 0, count: pass.width * pass.height * 3))
  }
}

extension CellKey {
  static func stem(prompt: Int, seed: UInt64) -> String { "p\(prompt + 1)-s\(seed)" }

  /// The name of the cell's picture without its ending.
  var fileStem: String { "\(Self.stem(prompt: prompt, seed: seed))-\(method.stem)-\(steps)" }
}

extension SamplingMethod {
  /// For file names: letters, digits and what else names may hold.
  var stem: String {
    let text = "\(sampler)-\(schedule)".lowercased().unicodeScalars.map { scalar -> Character in
      switch scalar {
      case "a"..."z", "0"..."9", "_", "-": Character(scalar)
      default: "_"
      }
    }
    return String(text)
  }
}

extension ReferenceRecord {
  /// The file with the latents, beside the picture.
  var latentsName: String { picture.replacing(".png", with: ".latents") }
}

extension ComparisonSetting {
  init(_ job: Job, _ pipeline: Pipeline, computes: String, repeats: Int) {
    let request = job.request
    self.init(
      engineVersion: darkroomVersion, model: pipeline.model.name, computes: computes,
      precision: pipeline.storage(job).rawValue, width: job.first.width, height: job.first.height,
      guidanceScale: request.guidanceScale, negativePrompt: request.negativePrompt,
      noise: Self.noise(request), repeats: repeats)
  }

  /// Everything else that all pictures share and that is not the default.
  private static func noise(_ request: GenerationRequest) -> String {
    var parts = [request.noise.rawValue]
    if request.system != .diffusers { parts.append("rules of \(request.system.rawValue)") }
    if let eta = request.eta { parts.append("eta \(eta.shortest)") }
    if request.guidanceRescale > 0 { parts.append("guidance rescale \(request.guidanceRescale.shortest)") }
    if request.guidanceStart > 0 || request.guidanceEnd < 1 {
      parts.append("guidance from \(request.guidanceStart.shortest) to \(request.guidanceEnd.shortest)")
    }
    if request.clipSkip > 0 { parts.append("clip skip \(request.clipSkip)") }
    return parts.joined(separator: ", ")
  }

  /// - Throws: `DarkroomError` naming the first difference: times and distances would not be comparable.
  func requireSame(as earlier: ComparisonSetting, _ folder: String) throws {
    func require<Value: Equatable>(_ name: String, _ mine: Value, _ other: Value) throws {
      guard mine != other else { return }
      throw DarkroomError(
        .request,
        "\(folder): holds a comparison with \(name) \(other), this one has \(mine); expected another folder")
    }
    try require("engine", engineVersion, earlier.engineVersion)
    try require("model", model, earlier.model)
    try require("device", computes, earlier.computes)
    try require("precision", precision, earlier.precision)
    try require("width", width, earlier.width)
    try require("height", height, earlier.height)
    try require("cfg_scale", guidanceScale, earlier.guidanceScale)
    try require("negative_prompt", negativePrompt, earlier.negativePrompt)
    try require("noise", noise, earlier.noise)
  }
}

/// Counts network calls to say how long a comparison will take.
struct ComparisonClock {
  private let pictures: Int
  private var finished = 0
  private var calls = 0
  private var done = 0
  private let clock = ContinuousClock()
  private var start: ContinuousClock.Instant

  init(pictures: Int) {
    self.pictures = pictures
    start = clock.now
  }

  mutating func begin(finished: Int, calls: Int) {
    (self.finished, self.calls, done) = (finished, calls, 0)
    start = clock.now
  }

  mutating func finishedCalls(_ count: Int) { done += count }
  mutating func finishedPicture() { finished += 1 }

  /// - Parameter done: calls of what is being made.
  func shown(_ label: String, done current: Int) -> ComparisonProgress {
    let all = min(done + current, calls)
    let fraction = calls > 0 ? Double(all) / Double(calls) : 1
    let elapsed = (clock.now - start).seconds
    return ComparisonProgress(
      label: label, finished: finished, pictures: pictures, fraction: fraction,
      secondsLeft: all > 0 ? elapsed / Double(all) * Double(calls - all) : nil)
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
