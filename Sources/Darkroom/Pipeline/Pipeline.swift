import Graph
import Models
import Pictures
import Sampling
import Tokenizer

/// From a request to its pictures: tokens, conditioning, noise, sampling, decoding; large pictures are enlarged and
/// sampled again in between.
package final class Pipeline {
  package let model: LoadedModel
  let backend: any Backend
  let programs: ProgramCache
  /// Bytes that weights, values and working memory may take in all.
  let memoryLimit: Int?
  private var remarksTold = 0

  package init(_ model: LoadedModel, _ backend: any Backend, memoryLimit: Int? = nil) {
    self.model = model
    self.backend = backend
    self.memoryLimit = memoryLimit
    programs = ProgramCache(model, backend)
  }

  package func resolve(_ request: GenerationRequest) throws -> Job {
    let job = try Job(request, model)
    if let storage = job.request.precision.storage, !backend.storages.contains(storage) {
      let possible = GenerationRequest.Precision.allCases.filter {
        $0.storage.map(backend.storages.contains) ?? true
      }
      throw DarkroomError(
        .request,
        "precision: \(job.request.precision.rawValue) is not possible on \(backend.summary); expected \(possible.map(\.rawValue).joined(separator: " or "))"
      )
    }
    return job
  }

  /// How a job's networks store their values.
  package func storage(_ job: Job) -> Storage { job.request.precision.storage ?? backend.storages[0] }

  /// Makes the pictures of a job in order, as many at a time as memory allows.
  package func generate(_ job: Job, _ reporter: Reporter) throws {
    for notice in job.notices { reporter.notice(notice) }
    var batch = try reserve(job, reporter)

    let clock = StepClock(job, preview: previewer(job, reporter), reporter.progress)
    let conditioning = try withFallback(job, "encoding the prompt", reporter, clock, &batch) { job, _ in
      try encode(job, clock)
    }
    var first = 0
    while first < job.request.count {
      let pictures = first..<min(first + batch, job.request.count)
      let latents = try withFallback(job, "sampling", reporter, clock, &batch) { job, batch in
        try sample(job, conditioning, pictures: pictures, atOnce: batch, clock)
      }
      for remark in backend.remarks.dropFirst(remarksTold) { reporter.notice(Notice(description: remark)) }
      remarksTold = backend.remarks.count
      for (index, var picture) in zip(pictures, latents) {
        if let pass = job.second {
          picture = try withFallback(job, "the second pass", reporter, clock, &batch) { [picture] job, _ in
            try refine(picture, pass, job, conditioning, index: index, clock)
          }
        }
        clock.enter(.decoding, finished: index)
        let pixels = try withFallback(job, "decoding", reporter, clock, &batch) { [picture] job, _ in
          try decode(picture, storing: storage(job))
        }
        try reporter.finished(try finished(pixels, job, index: index))
      }
      first = pictures.upperBound
    }
  }

  /// Nil if nobody asks for previews or the model's latents cannot be shown.
  private func previewer(_ job: Job, _ reporter: Reporter) -> Previewer? {
    guard let preview = reporter.preview else { return nil }
    guard let colours = model.previewColours else {
      reporter.notice(
        Notice(
          description:
            "preview: there is none, since it is not known how the latents of \(model.name) look; scripts/preview-factors finds out"
        ))
      return nil
    }
    let size = job.second ?? job.first
    return Previewer(colours, pictureWidth: size.width, pictureHeight: size.height, tell: preview)
  }

  /// Decides how a job will run, and tells what its user should know of that.
  /// - Returns: how many pictures are sampled together.
  private func reserve(_ job: Job, _ reporter: Reporter) throws -> Int {
    let reservation = try reserve(job)
    for notice in reservation.notices { reporter.notice(notice) }
    return reservation.batch
  }

  /// Runs a stage of a job, and again in float32 if 16 bits gave numbers that are not finite. That takes more memory,
  /// so it may run otherwise: with fewer pictures at once, in strips.
  /// - Parameter batch: how many pictures are sampled together, before and after.
  private func withFallback<Result>(
    _ job: Job, _ stage: String, _ reporter: Reporter, _ clock: StepClock, _ batch: inout Int,
    _ body: (Job, _ batch: Int) throws -> Result
  ) throws -> Result {
    do {
      return try body(job, batch)
    } catch let error as DarkroomError where error.kind == .nonFinite && storage(job) != .float32 {
      reporter.notice(Notice(description: "\(error); \(stage) again in float32"))
      let exact = job.in(.float32)
      programs.removeAll()
      let smaller = try reserve(exact, reporter)
      clock.beginAgain()
      let result = try body(exact, smaller)
      batch = try reserve(job).batch
      return result
    }
  }

  /// The latents of some pictures of a job, of so many at a time.
  private func sample(
    _ job: Job, _ conditioning: GuidedConditioning, pictures: Range<Int>, atOnce batch: Int,
    _ clock: StepClock
  ) throws -> [Latents] {
    try stride(from: pictures.lowerBound, to: pictures.upperBound, by: batch).flatMap { first in
      let some = first..<min(first + batch, pictures.upperBound)
      let latents = try sample(job, conditioning, pictures: some, clock)
      return (0..<some.count).map(latents.picture)
    }
  }

  /// What the network is told of a job's prompts.
  package func encode(_ job: Job, _ clock: StepClock) throws -> GuidedConditioning {
    clock.enter(.loading)
    // As in diffusers, the negative prompt always passes through all layers.
    let program = try programs.program(.textEncoder(skip: job.request.clipSkip), storing: storage(job))
    clock.enter(.encoding)
    let chunks = max(job.prompt.chunks.count, job.negative?.chunks.count ?? 0)
    let positive = try PromptEncoder(model: model, program: program).encode(job.prompt, chunks: chunks)
    // A network may be gone when the next comes.
    let negative = try job.negative.map { negative in
      let full = try programs.program(.textEncoder(skip: 0), storing: storage(job))
      return try PromptEncoder(model: model, program: full).encode(negative, chunks: chunks)
    }
    return GuidedConditioning(negative: negative, positive: positive)
  }

  /// Noise to clean latents in the first pass, for some pictures of the job together.
  package func sample(
    _ job: Job, _ conditioning: GuidedConditioning, pictures: Range<Int>, _ clock: StepClock,
    afterStep: (_ index: Int) throws -> Void = { _ in }
  ) throws -> Latents {
    let pass = job.first
    clock.start(pass, batch: pictures.count, finished: pictures.lowerBound)
    var noise = job.noise(of: pictures, in: pass)
    var latents = startLatents(pass, batch: pictures.count, &noise)
    try sample(&latents, pass, job, conditioning, &noise, clock, afterStep: afterStep)
    return latents
  }

  /// The noise that a pass begins with.
  func startLatents(_ pass: SamplingPass, batch: Int, _ noise: inout any NoiseSource) -> Latents {
    var latents = emptyLatents(pass, batch: batch)
    noise.fill(&latents)
    latents.scale(by: pass.steps.initialScale)
    return latents
  }

  func emptyLatents(_ pass: SamplingPass, batch: Int = 1) -> Latents {
    let factor = model.decoder.configuration.factor
    return Latents(
      batch: batch, channels: model.unet.configuration.inputChannels, height: pass.height / factor,
      width: pass.width / factor)
  }

  /// Takes noisy latents through the steps of a pass, in place.
  /// - Returns: how often the network was asked.
  @discardableResult
  func sample(
    _ latents: inout Latents, _ pass: SamplingPass, _ job: Job, _ conditioning: GuidedConditioning,
    _ noise: inout any NoiseSource, _ clock: StepClock, afterStep: (_ index: Int) throws -> Void = { _ in }
  ) throws -> Int {
    let batch = latents.batch
    let denoiser = try Denoiser(
      like: latents, timeChannels: model.unet.configuration.blockChannels[0], prediction: model.prediction,
      guidance: job.guidance, steps: pass.count
    ) { [self] halves in
      let program = try programs.program(
        unet(pass, halves: halves, batch: batch, tokens: conditioning.tokens), storing: storage(job))
      conditioning.batched(batch, halves: halves).withUnsafeBufferPointer { program.write($0, to: "context") }
      try program.run(.picture) { try Task.checkCancellation() }
      return program
    }
    clock.enter(.sampling)
    return try job.sampler.sample(
      &latents, steps: pass.steps, noise: &noise, options: job.samplerOptions,
      denoise: {
        try denoiser($0, $1, &$2)
        clock.preview?.take($2)
      },
      afterStep: { latents, _, step in
        try Pipeline.requireFinite(latents, after: step, of: pass)
        clock.finishedStep(step)
        denoiser.step = step + 1
        try afterStep(step)
        try Task.checkCancellation()
      })
  }

  /// Reads and packs the weights of all networks.
  func prepare(_ job: Job, _ conditioning: GuidedConditioning) throws {
    let storage = storage(job)
    _ = try programs.program(unet(job.first, job, batch: 1, tokens: conditioning.tokens), storing: storage)
    _ = try programs.program(decoder(job.first), storing: storage)
  }

  private static func requireFinite(_ latents: Latents, after step: Int, of pass: SamplingPass) throws {
    let statistics = latents.statistics
    guard statistics.nonFinite > 0 else { return }
    throw DarkroomError(
      .nonFinite,
      "\(pass.index == 0 ? "sampling" : "second pass"): latents are not finite after step \(step + 1) of \(pass.count): \(statistics)"
    )
  }

  /// One picture's latents to pixels.
  package func decode(_ latents: Latents, storing storage: Storage = .float32) throws -> Picture {
    let c = model.decoder.configuration
    let program = try programs.program(
      .decoder(height: latents.height, width: latents.width), storing: storage)
    let unscaled = latents.values.map { Float($0) / c.latentScale + c.latentShift }
    unscaled.withUnsafeBufferPointer { program.write($0, to: "latents") }
    try program.run(.picture) { try Task.checkCancellation() }
    let (width, height) = (latents.width * c.factor, latents.height * c.factor)
    do {
      if let pixels = program.readPixels("picture") {
        return try Picture(rounded: pixels.bytes, notFinite: pixels.notFinite, width: width, height: height)
      }
      var decoded = [Float](repeating: 0, count: width * height * c.pictureChannels)
      decoded.withUnsafeMutableBufferPointer { program.read("picture", into: $0) }
      return try Picture(decoded: decoded.span, width: width, height: height)
    } catch {
      throw DarkroomError(.nonFinite, "decoding: \(error); latents: \(latents.statistics)")
    }
  }

  func finished(_ picture: Picture, _ job: Job, index: Int) throws -> GeneratedPicture {
    let request = job.request(ofPicture: index)
    return GeneratedPicture(
      index: index, request: request, width: picture.width, height: picture.height,
      metadata: try request.metadata(job, model: model.name, version: darkroomVersion),
      picture: picture)
  }
}
