import Darkroom
import Families
import Graph
import Pictures
import Sampling
import Tokenizer

extension Pipeline {
  /// A pipeline with a device of its own.
  package convenience init(
    _ source: ModelSource, _ backend: any Backend, memoryLimit: Int? = nil
  ) throws {
    self.init(try LoadedModel(source), ResidentModels(backend, limit: memoryLimit))
  }

  /// The latents of all pictures of a request, sampled in one batch.
  package func latents(_ request: GenerationRequest) throws -> Latents {
    try sampled(try resolve(request)).latents
  }

  /// All pictures of a job's first pass, sampled in one batch.
  package func sampled(
    _ job: Job, preview: Previewer? = nil, progress: @escaping (GenerationProgress) -> Void = { _ in }
  ) throws -> (latents: Latents, conditioning: Conditioning) {
    let reservation = try reserve(job)
    let conditioning = try encode(job, reservation, ProgressTracker(job))
    let made = try run(
      job.first, of: job, conditioning, pictures: 0..<job.request.count,
      encodePictures(job.first, of: job, reservation), reservation,
      ProgressTracker(job, preview: preview, progress))
    return (made.latents, conditioning)
  }

  /// What runs in float32, for pictures of the size of some latents.
  private func plain(_ latents: (width: Int, height: Int)) throws -> Reservation {
    var request = GenerationRequest(prompt: "")
    let factor = model.traits.latents.factor
    (request.width, request.height) = (latents.width * factor, latents.height * factor)
    (request.precision, request.secondPass) = (.float32, .never)
    return try reserve(try resolve(request))
  }

  package func decode(_ latents: Latents) throws -> Picture {
    try decode(latents, plain((latents.width, latents.height)))
  }

  package func encode(values: [Float], width: Int, height: Int) throws -> Posterior {
    let factor = model.traits.latents.factor
    return try encode(
      values: values, width: width, height: height, plain((width / factor, height / factor)))
  }

  package func encode(_ picture: Picture) throws -> Posterior {
    let factor = model.traits.latents.factor
    return try encode(picture, plain((picture.width / factor, picture.height / factor)))
  }
}

extension Job {
  package var first: Pass {
    get { passes[0] }
    set { passes[0] = newValue }
  }

  package var second: Pass? { passes.dropFirst().first }
}

extension Conditioning {
  package var positive: [Float] { predictions[predictions.count - 1]["context"] ?? [] }
  package var negative: [Float]? { predictions.count > 1 ? predictions[0]["context"] : nil }
}

extension Reporter {
  /// One closure for each kind of event.
  package init(
    progress: @escaping (GenerationProgress) -> Void = { _ in },
    notice: @escaping (Notice) -> Void = { _ in }, preview: ((GenerationPreview) -> Void)? = nil,
    finished: @escaping (GeneratedPicture) throws -> Void
  ) {
    self.init(previews: preview != nil) { event in
      switch event {
      case .progress(let now): progress(now)
      case .notice(let text): notice(text)
      case .preview(let picture): preview?(picture)
      case .picture(let picture): try finished(picture)
      case .queued, .failed: break
      }
    }
  }
}

extension Engine {
  /// One closure for each kind of event.
  package func generate(
    _ request: GenerationRequest, progress: @escaping @Sendable (GenerationProgress) -> Void = { _ in },
    notice: @escaping @Sendable (Notice) -> Void = { _ in },
    preview: (@Sendable (GenerationPreview) -> Void)? = nil,
    finished: @escaping @Sendable (GeneratedPicture) throws -> Void
  ) throws {
    let reporter = Reporter(progress: progress, notice: notice, preview: preview, finished: finished)
    nonisolated(unsafe) let send = reporter.send
    try generate(request, previews: preview != nil) { try send($0) }
  }
}
