import Graph
import Models
import Pictures
import Sampling

extension Pipeline {
  /// One picture of the first pass, enlarged to the size of the second and sampled again.
  func refine(
    _ latents: Latents, _ pass: SamplingPass, _ job: Job, _ conditioning: GuidedConditioning, index: Int,
    _ clock: StepClock
  ) throws -> Latents {
    clock.start(pass, batch: 1, finished: index)
    clock.enter(.enlarging)
    let enlarged = try encode(
      decode(latents, storing: storage(job)).resized(width: pass.width, height: pass.height),
      storing: storage(job))
    return try sampleAgain(enlarged, pass, job, conditioning, index: index, clock)
  }

  /// Clean latents, noised to where the pass begins, through its steps.
  ///
  /// The noise is that of the picture's own seed, drawn anew: the picture does not depend on the others of its batch.
  package func sampleAgain(
    _ clean: Latents, _ pass: SamplingPass, _ job: Job, _ conditioning: GuidedConditioning, index: Int,
    _ clock: StepClock
  ) throws -> Latents {
    guard let start = pass.steps.steps.first?.from else { return clean }
    var noise = job.noise(of: index..<index + 1, in: pass)
    var fresh = Latents(zerosLike: clean)
    noise.fill(&fresh)
    var latents = clean
    latents.addNoise(fresh, at: start)
    try sample(&latents, pass, job, conditioning, &noise, clock)
    return latents
  }

  /// A picture to the latents that would decode to it: the mean of the posterior, scaled.
  package func encode(_ picture: Picture, storing storage: Storage = .float32) throws -> Latents {
    let c = model.decoder.configuration
    let (height, width) = (picture.height / c.factor, picture.width / c.factor)
    let program = try programs.program(.encoder(height: height, width: width), storing: storage)
    picture.encodable.withUnsafeBufferPointer { program.write($0, to: "picture") }
    try program.run(.picture) { try Task.checkCancellation() }
    var latents = Latents(batch: 1, channels: c.latentChannels, height: height, width: width)
    var means = [Float](repeating: 0, count: latents.count)
    means.withUnsafeMutableBufferPointer { program.read("latents", into: $0) }
    for index in means.indices {
      latents.values[index] = Double((means[index] - c.latentShift) * c.latentScale)
    }
    let statistics = latents.statistics
    guard statistics.nonFinite == 0 else {
      throw DarkroomError(
        .nonFinite, "encoding: the enlarged picture's latents are not finite: \(statistics)")
    }
    return latents
  }
}
