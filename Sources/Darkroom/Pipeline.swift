import CPUBackend
import Graph
import Models
import Pictures
import Sampling
import Tokenizer

/// From a request to its pictures: tokens, conditioning, noise, sampling, decoding.
final class Pipeline {
  /// Pictures sampled together at most: more would only make the first wait for the last.
  private static let largestBatch = 4

  let model: LoadedModel
  private let backend: CPUBackend
  private let programs: ProgramCache

  init(_ model: LoadedModel, _ backend: CPUBackend) {
    self.model = model
    self.backend = backend
    programs = ProgramCache(model, backend)
  }

  func resolve(_ request: GenerationRequest) throws -> Job { try Job(request, model) }

  /// Makes the pictures of a job in order, as many at a time as memory allows.
  func generate(_ job: Job, _ reporter: Reporter) throws {
    let check = { try Task.checkCancellation() }
    for notice in job.notices { reporter.notice(notice) }
    let estimate = try estimate(job)
    guard estimate.peak <= estimate.available else { throw DarkroomError.tooLarge(estimate) }

    let clock = StepClock(job, reporter.progress)
    clock.enter(.loading)
    let encoder = PromptEncoder(
      model: model, program: try programs.program(.textEncoder(skip: job.request.clipSkip)))
    clock.enter(.encoding)
    let (positive, negative) = try encoder.encode(job.prompt, negative: job.negative, check: check)

    for first in stride(from: 0, to: job.request.count, by: estimate.batch) {
      let batch = min(estimate.batch, job.request.count - first)
      clock.start(batch: batch, finished: first)
      let latents = try sample(job, first: first, batch: batch, positive, negative, clock, check)
      for index in 0..<batch {
        clock.enter(.decoding, finished: first + index)
        let picture = try decode(latents.picture(index), check)
        try reporter.finished(try finished(picture, job, index: first + index))
      }
    }
  }

  private func sample(
    _ job: Job, first: Int, batch: Int, _ positive: Conditioning, _ negative: Conditioning?,
    _ clock: StepClock, _ check: @escaping () throws -> Void
  ) throws -> Latents {
    let program = try programs.program(unet(job, batch: batch, tokens: positive.tokens))
    let halves = [negative, positive].compactMap { $0 }
    let context = halves.flatMap { half in (0..<batch).flatMap { _ in half.context } }
    context.withUnsafeBufferPointer { program.write($0, to: "context") }
    try program.run(.picture, check: check)

    let factor = model.decoder.configuration.factor
    var noise: any NoiseSource = BatchNoise(seed: job.firstSeed &+ UInt64(first), batch: batch)
    var latents = Latents(
      batch: batch, channels: model.unet.configuration.inputChannels, height: job.height / factor,
      width: job.width / factor)
    noise.fill(&latents)
    latents.scale(by: job.steps.initialScale)

    let denoiser = Denoiser(
      program, like: latents, timeChannels: model.unet.configuration.blockChannels[0],
      prediction: model.prediction, guidance: job.guidance, check: check)
    clock.enter(.sampling, finished: first)
    try job.sampler.sample(
      &latents, steps: job.steps.steps, noise: &noise, options: SamplerOptions(eta: job.request.eta),
      denoise: { try denoiser($0, $1, &$2) },
      afterStep: { latents, _, step in
        let statistics = latents.statistics
        guard statistics.nonFinite == 0 else {
          throw DarkroomError(
            .nonFinite,
            "sampling: latents are not finite after step \(step + 1) of \(job.request.steps): \(statistics)")
        }
        clock.finishedStep(step)
        try check()
      })
    return latents
  }

  /// One picture's latents to pixels.
  private func decode(_ latents: Latents, _ check: () throws -> Void) throws -> Picture {
    let c = model.decoder.configuration
    let program = try programs.program(.decoder(height: latents.height, width: latents.width))
    let unscaled = latents.values.map { $0 / c.latentScale + c.latentShift }
    unscaled.withUnsafeBufferPointer { program.write($0, to: "latents") }
    try program.run(.picture, check: check)
    let (width, height) = (latents.width * c.factor, latents.height * c.factor)
    var decoded = [Float](repeating: 0, count: width * height * c.pictureChannels)
    decoded.withUnsafeMutableBufferPointer { program.read("picture", into: $0) }
    do {
      return try Picture(decoded: decoded.span, width: width, height: height)
    } catch {
      throw DarkroomError(.nonFinite, "decoding: \(error); latents: \(latents.statistics)")
    }
  }

  private func finished(_ picture: Picture, _ job: Job, index: Int) throws -> GeneratedPicture {
    let request = job.request(ofPicture: index)
    return GeneratedPicture(
      index: index, request: request, width: picture.width, height: picture.height,
      metadata: try request.metadata(
        model: model.name, samplerTitle: job.sampler.title, version: darkroomVersion),
      picture: picture)
  }

  // MARK: - Memory

  /// What a job takes when as many pictures run together as fit.
  func estimate(_ job: Job) throws -> MemoryEstimate {
    var batch = min(job.request.count, Pipeline.largestBatch)
    while true {
      let estimate = estimate(job, batch: batch)
      if batch == 1 || estimate.peak <= estimate.available { return estimate }
      batch -= 1
    }
  }

  private func estimate(_ job: Job, batch: Int) -> MemoryEstimate {
    let factor = model.decoder.configuration.factor
    let chunks = max(job.prompt.chunks.count, job.negative?.chunks.count ?? 0)
    let modules: [Module] = [
      .textEncoder(skip: job.request.clipSkip),
      unet(job, batch: batch, tokens: chunks * model.textEncoder.configuration.positions),
      .decoder(height: job.height / factor, width: job.width / factor),
    ]
    let needs = modules.map { backend.bytesNeeded(for: $0.plan(model)) }
    let pictureBytes = job.width * job.height * 3 * (MemoryLayout<Float>.stride + 1)
    return MemoryEstimate(
      weights: needs.reduce(0) { $0 + $1.weights }, arena: needs.map(\.arena).max() ?? 0,
      scratch: needs.reduce(0) { $0 + $1.scratch } + pictureBytes, batch: batch,
      available: AvailableMemory.bytes)
  }

  private func unet(_ job: Job, batch: Int, tokens: Int) -> Module {
    let factor = model.decoder.configuration.factor
    let halves = job.guidance.usesUnconditional ? 2 : 1
    return .unet(
      batch: halves * batch, height: job.height / factor, width: job.width / factor, tokens: tokens)
  }
}

extension DarkroomError {
  static func tooLarge(_ estimate: MemoryEstimate) -> DarkroomError {
    DarkroomError(
      .resources,
      "the request needs \(estimate.peak >> 20) MiB of memory (weights \(estimate.weights >> 20), values \(estimate.arena >> 20), working memory \(estimate.scratch >> 20)), and \(estimate.available >> 20) MiB are available; ask for a smaller size"
    )
  }
}
