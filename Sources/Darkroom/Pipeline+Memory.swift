import Graph
import Models
import Sampling
import Tokenizer

extension Pipeline {
  /// Pictures sampled together at most: more would only make the first wait for the last.
  private static let largestBatch = 4

  /// What a job takes when as many pictures run together as fit.
  package func estimate(_ job: Job) throws -> MemoryEstimate {
    var batch = min(job.request.count, Pipeline.largestBatch)
    while true {
      let estimate = try estimate(job, batch: batch)
      if batch == 1 || estimate.peak <= estimate.available { return estimate }
      batch -= 1
    }
  }

  private func estimate(_ job: Job, batch: Int) throws -> MemoryEstimate {
    let storage = storage(job)
    let plans = try modules(job, batch: batch).map { backend.plan(try $0.graph(model), storing: storage) }
    let need = backend.bytesNeeded(for: plans)
    let scratch = need.scratch + Pipeline.pictureBytes(job)
    let largest = plans.map { backend.bytesNeeded(for: [$0]).weights }.max() ?? 0
    return MemoryEstimate(
      weights: need.weights, arena: need.arena, scratch: scratch, batch: batch,
      available: backend.bytesAvailable ?? AvailableMemory.bytes, least: largest + need.arena + scratch)
  }

  /// The estimate by which a job will run; where memory does not hold all networks, they take turns in it.
  /// - Throws: `DarkroomError` of kind `resources` if it does not hold even the largest.
  func reserve(_ job: Job) throws -> MemoryEstimate {
    programs.takeTurns = false
    var estimate = try estimate(job)
    if estimate.peak > estimate.available {
      programs.removeAll()
      estimate = try self.estimate(job)
      programs.takeTurns = estimate.peak > estimate.available
    }
    guard min(estimate.peak, estimate.least) <= estimate.available else {
      throw DarkroomError.tooLarge(estimate)
    }
    return estimate
  }

  /// All networks that a job runs, at their sizes.
  func modules(_ job: Job, batch: Int) -> [Module] {
    let chunks = max(job.prompt.chunks.count, job.negative?.chunks.count ?? 0)
    let tokens = chunks * model.textEncoder.configuration.positions
    var modules: [Module] = [
      .textEncoder(skip: job.request.clipSkip), unet(job.first, job, batch: batch, tokens: tokens),
      decoder(job.first),
    ]
    if let second = job.second {
      modules += [encoder(second), unet(second, job, batch: 1, tokens: tokens), decoder(second)]
    }
    return modules
  }

  /// The decoded picture as floats and as bytes; the enlarged picture with its columns in between, as floats.
  private static func pictureBytes(_ job: Job) -> Int {
    let float = MemoryLayout<Float>.stride
    let decoded = job.passes.map { $0.width * $0.height * 3 * (float + 1) }.max() ?? 0
    let enlarged = job.second.map { $0.width * ($0.height + job.first.height) * 3 * float } ?? 0
    return decoded + enlarged
  }

  func unet(_ pass: SamplingPass, _ job: Job, batch: Int, tokens: Int) -> Module {
    let (height, width) = latentSize(pass)
    let halves = job.guidance.usesUnconditional ? 2 : 1
    return .unet(batch: halves * batch, height: height, width: width, tokens: tokens)
  }

  func decoder(_ pass: SamplingPass) -> Module {
    let (height, width) = latentSize(pass)
    return .decoder(height: height, width: width)
  }

  private func encoder(_ pass: SamplingPass) -> Module {
    let (height, width) = latentSize(pass)
    return .encoder(height: height, width: width)
  }

  private func latentSize(_ pass: SamplingPass) -> (height: Int, width: Int) {
    let factor = model.decoder.configuration.factor
    return (pass.height / factor, pass.width / factor)
  }
}

extension Notice {
  init(oneNetworkAtATime estimate: MemoryEstimate) {
    self.init(
      description:
        "memory: all networks need \(estimate.peak >> 20) MiB, and \(estimate.available >> 20) MiB are available; they are read one at a time"
    )
  }
}

extension DarkroomError {
  static func tooLarge(_ estimate: MemoryEstimate) -> DarkroomError {
    DarkroomError(
      .resources,
      "the request needs \(estimate.least >> 20) MiB of memory at least (all weights \(estimate.weights >> 20), values \(estimate.arena >> 20), working memory \(estimate.scratch >> 20)), and \(estimate.available >> 20) MiB are available; ask for a smaller size"
    )
  }
}
