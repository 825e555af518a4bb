import CPUBackend
import Graph
import Models
import Pictures
import Sampling
import Tokenizer

/// From a request to its pictures: tokens, conditioning, noise, sampling, decoding.
package final class Pipeline {
  /// Pictures sampled together at most: more would only make the first wait for the last.
  private static let largestBatch = 4

  package let model: LoadedModel
  let backend: CPUBackend
  private let programs: ProgramCache

  package init(_ model: LoadedModel, _ backend: CPUBackend) {
    self.model = model
    self.backend = backend
    programs = ProgramCache(model, backend)
  }

  package func resolve(_ request: GenerationRequest) throws -> Job { try Job(request, model) }

  /// Makes the pictures of a job in order, as many at a time as memory allows.
  func generate(_ job: Job, _ reporter: Reporter) throws {
    for notice in job.notices { reporter.notice(notice) }
    let estimate = try estimate(job)
    guard estimate.peak <= estimate.available else { throw DarkroomError.tooLarge(estimate) }

    let clock = StepClock(job, reporter.progress)
    let conditioning = try encode(job, clock)
    for first in stride(from: 0, to: job.request.count, by: estimate.batch) {
      let batch = min(estimate.batch, job.request.count - first)
      let latents = try sample(job, conditioning, pictures: first..<first + batch, clock)
      for index in 0..<batch {
        clock.enter(.decoding, finished: first + index)
        let picture = try decode(latents.picture(index))
        try reporter.finished(try finished(picture, job, index: first + index))
      }
    }
  }

  /// What the network is told of a job's prompts.
  package func encode(_ job: Job, _ clock: StepClock) throws -> GuidedConditioning {
    clock.enter(.loading)
    // As in diffusers, the negative prompt always passes through all layers.
    let program = try programs.program(.textEncoder(skip: job.request.clipSkip))
    let full = job.negative == nil ? nil : try programs.program(.textEncoder(skip: 0))
    clock.enter(.encoding)
    let chunks = max(job.prompt.chunks.count, job.negative?.chunks.count ?? 0)
    return GuidedConditioning(
      negative: try full.flatMap { program in
        try job.negative.map { try PromptEncoder(model: model, program: program).encode($0, chunks: chunks) }
      },
      positive: try PromptEncoder(model: model, program: program).encode(job.prompt, chunks: chunks))
  }

  /// Noise to clean latents, for some pictures of the job together.
  package func sample(
    _ job: Job, _ conditioning: GuidedConditioning, pictures: Range<Int>, _ clock: StepClock,
    afterStep: (_ index: Int) throws -> Void = { _ in }
  ) throws -> Latents {
    clock.start(batch: pictures.count, finished: pictures.lowerBound)
    let program = try programs.program(unet(job, batch: pictures.count, tokens: conditioning.tokens))
    conditioning.batched(pictures.count).withUnsafeBufferPointer { program.write($0, to: "context") }
    try program.run(.picture) { try Task.checkCancellation() }

    let c = model.unet.configuration
    let factor = model.decoder.configuration.factor
    var noise: any NoiseSource = BatchNoise(
      seed: job.firstSeed &+ UInt64(pictures.lowerBound), batch: pictures.count)
    var latents = Latents(
      batch: pictures.count, channels: c.inputChannels, height: job.height / factor, width: job.width / factor
    )
    noise.fill(&latents)
    latents.scale(by: job.steps.initialScale)

    let denoiser = Denoiser(
      program, like: latents, timeChannels: c.blockChannels[0], prediction: model.prediction,
      guidance: job.guidance)
    clock.enter(.sampling)
    try job.sampler.sample(
      &latents, steps: job.steps.steps, noise: &noise, options: SamplerOptions(eta: job.request.eta),
      denoise: { try denoiser($0, $1, &$2) },
      afterStep: { latents, _, step in
        try Pipeline.requireFinite(latents, after: step, of: job)
        clock.finishedStep(step)
        try afterStep(step)
        try Task.checkCancellation()
      })
    return latents
  }

  /// Reads and packs the weights of all networks.
  func prepare(_ job: Job, _ conditioning: GuidedConditioning) throws {
    let factor = model.decoder.configuration.factor
    _ = try programs.program(unet(job, batch: 1, tokens: conditioning.tokens))
    _ = try programs.program(.decoder(height: job.height / factor, width: job.width / factor))
  }

  private static func requireFinite(_ latents: Latents, after step: Int, of job: Job) throws {
    let statistics = latents.statistics
    guard statistics.nonFinite > 0 else { return }
    throw DarkroomError(
      .nonFinite,
      "sampling: latents are not finite after step \(step + 1) of \(job.request.steps): \(statistics)")
  }

  /// One picture's latents to pixels.
  package func decode(_ latents: Latents) throws -> Picture {
    let c = model.decoder.configuration
    let program = try programs.program(.decoder(height: latents.height, width: latents.width))
    let unscaled = latents.values.map { $0 / c.latentScale + c.latentShift }
    unscaled.withUnsafeBufferPointer { program.write($0, to: "latents") }
    try program.run(.picture) { try Task.checkCancellation() }
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
  package func estimate(_ job: Job) throws -> MemoryEstimate {
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
