import Families
import Graph
import Pictures
import Sampling
import Weights

/// From a request to its pictures: tokens, conditioning, and passes from noise to clean latents, which are decoded.
package final class Pipeline {
  package let model: LoadedModel
  package let residents: ResidentModels
  let upscalers: LoadedUpscalers

  package init(_ model: LoadedModel, _ residents: ResidentModels, _ upscalers: LoadedUpscalers? = nil) {
    (self.model, self.residents) = (model, residents)
    self.upscalers = upscalers ?? LoadedUpscalers(residents)
  }

  package var backend: any Backend { residents.backend }

  package func resolve(_ request: GenerationRequest) throws -> Job {
    let resolved = try resolved(request)
    return try job(resolved, asked: request, from: StartingPicture(resolved, for: model.traits))
  }

  /// The jobs of a request: one, or one for each picture where seeds make choices in its prompts. They share the picture
  /// that they start from.
  package func jobs(_ request: GenerationRequest, _ wildcards: Wildcards, _ limits: RequestLimits = .standard)
    throws -> [Job]
  {
    let resolved = try resolved(request, limits)
    let start = try StartingPicture(resolved, for: model.traits)
    return try resolved.drawn(from: wildcards).map { try job($0, asked: request, from: start) }
  }

  private func job(
    _ resolved: ResolvedRequest, asked: GenerationRequest, from start: StartingPicture?
  ) throws -> Job {
    let job = try Job(resolved, asked: asked, model, from: start)
    // Fails here rather than after the first pass.
    if case .network(let source) = job.enlargement { _ = try upscalers.upscaler(source) }
    return job
  }

  private func resolved(
    _ request: GenerationRequest, _ limits: RequestLimits = .standard
  ) throws -> ResolvedRequest {
    try ResolvedRequest(
      request, for: model.description, precisions: backend.precisions,
      limits: limits)
  }

  /// Makes the pictures of a job in order, as many at a time as memory allows.
  package func generate(_ job: Job, _ reporter: Reporter) throws {
    for notice in job.notices { reporter.notice(notice) }
    var reservation = try reserve(job, reporter)
    _ = model.fingerprint  // It is made while pictures are.
    let tracker = ProgressTracker(job, preview: previewer(job, reporter), reporter.progress)
    func stage<Result>(_ name: String, _ body: (Reservation) throws -> Result) throws -> Result {
      try withFallback(job, name, reporter, tracker, &reservation, body)
    }
    let conditioning = try stage("encoding the prompt") { try encode(job, $0, tracker) }
    let encoded = try job.passes.map { pass in
      try stage("encoding the picture") { try encodePictures(pass, of: job, $0) }
    }
    var first = 0
    while first < job.request.count {
      let pictures = first..<min(first + reservation.batch, job.request.count)
      let latents = try stage("sampling") {
        try sample(job, conditioning, encoded[0], pictures: pictures, $0, tracker)
      }
      tellRemarks(reporter)
      for (index, var picture) in zip(pictures, latents) {
        for pass in job.passes.dropFirst() {
          picture = try stage("the second pass") { [picture] in
            try run(
              pass, of: job, conditioning, pictures: index..<index + 1, from: picture, encoded[pass.index],
              $0, tracker
            ).latents
          }
        }
        tracker.enter(.decoding, finished: index)
        let pixels = try stage("decoding") { [picture] in try decode(picture, $0) }
        try reporter.finished(try finished(job.composite(pixels), job, index: index))
      }
      first = pictures.upperBound
    }
  }

  private func tellRemarks(_ reporter: Reporter) {
    for remark in residents.newRemarks() { reporter.notice(Notice(description: remark)) }
  }

  /// Nil if nobody asks for previews or the model's latents cannot be shown.
  private func previewer(_ job: Job, _ reporter: Reporter) -> Previewer? {
    guard reporter.wantsPreviews else { return nil }
    guard let colours = model.traits.preview else {
      reporter.notice(
        Notice(
          description:
            "preview: there is none, since it is not known how the latents of \(model.name) look; scripts/preview-factors finds out"
        ))
      return nil
    }
    let size = job.passes[job.passes.count - 1]
    return Previewer(colours, pictureWidth: size.width, pictureHeight: size.height, tell: reporter.preview)
  }

  /// Runs a stage of a job, and again in float32 if 16 bits gave numbers that are not finite. That takes more memory,
  /// so it may run otherwise: with fewer pictures at once, in strips.
  /// - Parameter reservation: of the job, before and after.
  private func withFallback<Result>(
    _ job: Job, _ stage: String, _ reporter: Reporter, _ tracker: ProgressTracker,
    _ reservation: inout Reservation, _ body: (Reservation) throws -> Result
  ) throws -> Result {
    do {
      return try body(reservation)
    } catch let error as DarkroomError where error.kind == .nonFinite {
      // Numbers of the file that are none would only come back in float32.
      if let fault = try model.checkpoint.firstNonFinite() { throw fault }
      guard reservation.format != .float32 else { throw error }
      reporter.notice(Notice(description: "\(error); \(stage) again in float32"))
      residents.removeAll()
      let exact = try reserve(job, storing: .float32, reporter)
      tracker.beginAgain()
      let result = try body(exact)
      reservation = try reserve(job)
      return result
    }
  }

  /// The latents of some pictures in the first pass, of as many at a time as were reserved.
  private func sample(
    _ job: Job, _ conditioning: Conditioning, _ encoded: EncodedPictures, pictures: Range<Int>,
    _ reservation: Reservation, _ tracker: ProgressTracker
  ) throws -> [Latents] {
    try stride(from: pictures.lowerBound, to: pictures.upperBound, by: reservation.batch).flatMap { first in
      let some = first..<min(first + reservation.batch, pictures.upperBound)
      let made = try run(
        job.passes[0], of: job, conditioning, pictures: some, encoded, reservation, tracker
      ).latents
      return (0..<some.count).map(made.picture)
    }
  }

  package func finished(_ picture: Picture, _ job: Job, index: Int) throws -> GeneratedPicture {
    let request = try job.request.picture(index).of(model.reference())
    return GeneratedPicture(
      index: index, request: request, width: picture.width, height: picture.height,
      metadata: job.metadata(request, model: model.name),
      picture: picture)
  }
}
