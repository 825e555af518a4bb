import Families
import Graph
import Sampling

extension Pipeline {
  /// How a job's networks store their numbers.
  package func format(_ job: Job) -> NumberFormat {
    job.request.precision.format ?? NumberFormat(backend.storages[0])
  }

  /// What a job takes as it would run now, or, if it cannot, as it would run in more memory.
  package func estimate(_ job: Job, storing format: NumberFormat? = nil) throws -> MemoryEstimate {
    residents.estimate(try workload(job, storing: format ?? self.format(job)))
  }

  /// Decides how a job will run. Where memory does not hold what is there and what comes, what is there goes.
  /// - Parameter storage: nil for the job's own.
  /// - Throws: `DarkroomError` of kind `resources` if there is no way.
  package func reserve(
    _ job: Job, storing format: NumberFormat? = nil, _ reporter: Reporter? = nil
  ) throws -> Reservation {
    let format = format ?? self.format(job)
    guard let reservation = residents.reserve(try workload(job, storing: format)) else {
      throw DarkroomError.tooLarge(try estimate(job, storing: format))
    }
    for notice in reservation.notices { reporter?.notice(notice) }
    return reservation
  }

  /// All networks that a job runs, at their sizes.
  package func workload(_ job: Job, storing format: NumberFormat) throws -> Workload {
    let first = job.passes[0]
    var encoders: [Module] = []
    if first.encodesPictures(in: job.request.system) {
      encoders.append(try first.model.encoder(first.latents))
    }
    var after = [first.model.decoder(first.latents)]
    for pass in job.passes.dropFirst() {
      if job.enlargement.needsEncoder, pass.latents != first.latents {
        after.append(try pass.model.encoder(pass.latents))
      }
      if pass.encodesPictures(in: job.request.system) {
        encoders.append(try pass.model.encoder(pass.latents))
      }
      after += denoisers(pass, job, batch: 1)
      after.append(pass.model.decoder(pass.latents))
    }
    return Workload(
      format: format, before: job.conditioner.modules + encoders, after: after,
      denoisers: { [self] in denoisers(first, job, batch: $0) },
      mostTogether: min(job.request.count, job.sampler.isAdaptive ? 1 : Pipeline.mostTogether),
      pictureBytes: pictureBytes(job))
  }

  /// Pictures sampled together at most: more would only make the first wait for the last.
  private static let mostTogether = 4

  /// The denoisers of a pass, the largest first: for all predictions of guided steps, for one of the others.
  package func denoisers(_ pass: Pass, _ job: Job, batch: Int) -> [Module] {
    let guided = job.guidance.guidedSteps(of: pass.count).count
    let all = job.conditioner.predictions
    let predictions = guided == 0 ? [1] : guided < pass.count ? [all, 1] : [all]
    return predictions.map {
      pass.model.denoiser(pass.denoised, rows: $0 * batch, conditioning: job.conditioner.shapes)
    }
  }

  /// Reads and packs the weights of all networks that one picture of a job needs.
  package func prepare(_ job: Job, _ reservation: Reservation) throws {
    let pass = job.passes[0]
    _ = try residents.program(denoisers(pass, job, batch: 1)[0], reservation)
    _ = try residents.program(pass.model.decoder(pass.latents), reservation)
  }

  /// What lies outside of the networks, of one picture: the picture to start from as bytes, and its moments; the decoded
  /// picture as floats and as bytes; the enlarged picture with its columns in between, as floats; and latents, of which
  /// samplers hold up to six as doubles, and the network's inputs and outputs eight as floats.
  package func pictureBytes(_ job: Job) -> Int {
    let float = MemoryLayout<Float>.stride
    let decoded = job.passes.map { $0.width * $0.height * 3 * (float + 1) }.max() ?? 0
    let enlarged =
      zip(job.passes, job.passes.dropFirst()).map { small, large in
        large.width * (large.height + small.height) * 3 * float
      }.max() ?? 0
    var initial = 0
    if case .picture(let start) = job.passes[0].start {
      initial = start.bytes + 2 * job.passes[0].emptyLatents().count * float
    }
    let values = job.passes.map { $0.emptyLatents().count }.max() ?? 0
    return initial + decoded + enlarged + values * (6 * MemoryLayout<Double>.stride + 8 * float)
  }
}

extension DarkroomError {
  static func tooLarge(_ estimate: MemoryEstimate) -> DarkroomError {
    func mebibytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
    // No size helps where the weights alone are too large.
    let advice =
      estimate.leastWeights > estimate.available
      ? "the weights of one network alone take \(mebibytes(estimate.leastWeights)) MiB, whatever the size: free memory, raise --memory-limit, or choose a smaller model or another device"
      : "ask for a smaller size"
    return DarkroomError(
      .resources,
      "the request needs \(mebibytes(estimate.least)) MiB of memory at least, and \(estimate.available >> 20) MiB are available; \(advice)"
    )
  }
}
