import CPUBackend
import Darkroom
import Graph
import Sampling
import SystemFiles

/// How long a machine takes for the parts of a picture, in seconds.
package struct SpeedMeasurement: Codable, Sendable, Equatable {
  /// Reading and packing the weights, and encoding the prompt.
  package let load: Double
  /// Sampling steps, all predictions of guidance in each; after one that is not counted.
  package let steps: [Double]
  /// Decodings of one picture; after one that is not counted.
  package let decodes: [Double]
  /// From the prompt to the pixels, everything loaded.
  package let pictures: [Double]
  /// Steps of each of `pictures`.
  package let stepsOfPicture: Int
  /// Operations per second of AVX2 multiply-adds on one core, in a loop of some milliseconds before and after each
  /// sample. About half of the most of them: somebody else was busy on the core's other hyper-thread.
  package let coreSpeeds: [Double]
  /// The most memory that the process had at once, in bytes; nil where the system does not tell.
  package let peakMemory: Int?
  package let threads: Int
  /// What computed: the kernels' instruction set such as `avx512` or `portable`, or `vulkan` and a device's name.
  package let instructions: String
  /// The arithmetic that `auto` stands for, if that was asked for.
  package let precision: String
}

/// One timed part of a picture.
package struct SpeedSample: Sendable, Equatable {
  package enum Kind: String, Sendable { case load, step, decode, picture }

  package let kind: Kind
  package let seconds: Double
  /// As in `SpeedMeasurement`: before it and after it.
  package let coreSpeeds: [Double]
}

extension Engine {
  /// Times a request's parts: its loading, steps and decodings `rounds` times each (at least once), and one whole picture with the
  /// request's steps. The pictures are thrown away.
  /// - Parameters:
  ///   - before: is called before each timed sample but the loading; it may wait, so that two programs can take turns.
  ///   - after: is called after each sample.
  /// - Throws: as `generate`, and what the two throw.
  package func measure(
    _ request: GenerationRequest, rounds: Int,
    before: @escaping @Sendable (SpeedSample.Kind) throws -> Void = { _ in },
    after: @escaping @Sendable (SpeedSample) throws -> Void = { _ in }
  ) throws -> SpeedMeasurement {
    let rounds = max(1, rounds)
    var whole = request
    // A step at the size that was asked for is to be timed.
    (whole.count, whole.secondPass) = (1, .never)
    var short = whole
    short.steps = rounds + 1
    let pipeline = try pipeline()
    return try DarkroomError.wrapping {
      let jobs = (short: try pipeline.resolve(short), whole: try pipeline.resolve(whole))
      let samples = try Samples(before: before, after: after) { samples in
        try pipeline.measure(jobs.short, jobs.whole, rounds: rounds, samples)
      }
      return SpeedMeasurement(
        load: samples.seconds(.load)[0], steps: samples.seconds(.step), decodes: samples.seconds(.decode),
        pictures: samples.seconds(.picture), stepsOfPicture: jobs.whole.request.steps,
        coreSpeeds: samples.all.flatMap(\.coreSpeeds), peakMemory: ResidentMemory.peak, threads: threads,
        instructions: pipeline.backend.summary, precision: pipeline.format(jobs.short).name)
    }
  }
}

extension Pipeline {
  /// - Parameters:
  ///   - job: has one step more than `rounds`.
  ///   - whole: the request itself.
  fileprivate func measure(_ job: Job, _ whole: Job, rounds: Int, _ samples: Samples) throws {
    samples.begin()
    let reservation = try reserve(job)
    let conditioning = try encode(job, reservation, ProgressTracker(job))
    let encoded = try encodePictures(job.passes[0], of: job, reservation)
    try prepare(job, reservation)
    try samples.end(.load)

    let (latents, _) = try run(
      job.passes[0], of: job, conditioning, pictures: 0..<1, encoded, reservation, ProgressTracker(job)
    ) { index in
      if index > 0 { try samples.end(.step) }
      if index < rounds { try samples.begin(.step) }
    }
    for index in 0...rounds {
      if index > 0 { try samples.begin(.decode) }
      _ = try decode(latents, reservation)
      if index > 0 { try samples.end(.decode) }
    }

    try samples.begin(.picture)
    let tracker = ProgressTracker(whole)
    let (clean, _) = try run(
      whole.passes[0], of: whole, try encode(whole, reservation, tracker), pictures: 0..<1,
      encodePictures(whole.passes[0], of: whole, reservation), reservation, tracker)
    _ = try decode(clean, reservation)
    try samples.end(.picture)
  }
}

/// Takes the time, and the core's speed beside it.
private final class Samples {
  private(set) var all: [SpeedSample] = []
  private let before: (SpeedSample.Kind) throws -> Void
  private let after: (SpeedSample) throws -> Void
  private let clock = ContinuousClock()
  private var start: ContinuousClock.Instant
  private var coreSpeed = 0.0

  /// Everything that `body` times.
  init(
    before: @escaping (SpeedSample.Kind) throws -> Void, after: @escaping (SpeedSample) throws -> Void,
    _ body: (Samples) throws -> Void
  ) throws {
    self.before = before
    self.after = after
    start = clock.now
    try body(self)
  }

  func begin(_ kind: SpeedSample.Kind) throws {
    try before(kind)
    begin()
  }

  func begin() {
    coreSpeed = CPUBackend.coreSpeed()
    start = clock.now
  }

  func end(_ kind: SpeedSample.Kind) throws {
    let seconds = (clock.now - start).seconds
    let speeds = [coreSpeed, CPUBackend.coreSpeed()]
    all.append(
      SpeedSample(kind: kind, seconds: seconds, coreSpeeds: speeds))
    try after(all[all.count - 1])
  }

  func seconds(_ kind: SpeedSample.Kind) -> [Double] { all.filter { $0.kind == kind }.map(\.seconds) }
}
