import Graph
import Sampling

/// How long a machine takes for the parts of a picture, in seconds.
public struct SpeedMeasurement: Codable, Sendable, Equatable {
  /// Reading and packing the weights, and encoding the prompt.
  public let load: Double
  /// Sampling steps, both halves of guidance in each; after one that is not counted.
  public let steps: [Double]
  /// Decodings of one picture; after one that is not counted.
  public let decodes: [Double]
  public let threads: Int
  /// What computed: the kernels' instruction set `avx512`, `avx2` or `portable`, or `vulkan` and a device's name.
  public let instructions: String
  /// The arithmetic that `auto` stands for, if that was asked for.
  public let precision: String
}

extension Engine {
  /// Times a request's parts, each `rounds` times. The pictures are thrown away.
  /// - Parameter before: is called before each timed sample with what comes, `step` or `decode`, and after it
  ///   with its seconds; it may wait, so that two programs can take turns.
  /// - Throws: as `generate`.
  public func measure(
    _ request: GenerationRequest, rounds: Int,
    sample: @escaping @Sendable (_ name: String, _ seconds: Double?) throws -> Void = { _, _ in }
  ) throws -> SpeedMeasurement {
    var request = request
    (request.steps, request.count) = (rounds + 1, 1)
    // A step at the size that was asked for is to be timed.
    request.secondPass = .never
    let pipeline = try loadedPipeline()
    return try DarkroomError.wrapping {
      try pipeline.measure(pipeline.resolve(request), rounds: rounds, threads: threads, sample)
    }
  }
}

extension Pipeline {
  fileprivate func measure(
    _ job: Job, rounds: Int, threads: Int, _ sample: (String, Double?) throws -> Void
  ) throws -> SpeedMeasurement {
    let clock = ContinuousClock()
    func seconds(since start: ContinuousClock.Instant) -> Double {
      let (whole, attoseconds) = (clock.now - start).components
      return Double(whole) + Double(attoseconds) * 1e-18
    }
    var mark = clock.now
    func timed(_ name: String, _ index: Int, into samples: inout [Double]) throws {
      if index > 0 {
        samples.append(seconds(since: mark))
        try sample(name, samples.last)
      }
      if index < rounds { try sample(name, nil) }
      mark = clock.now
    }

    _ = try reserve(job)
    let conditioning = try encode(job, StepClock(job))
    try prepare(job, conditioning)
    let load = seconds(since: mark)
    var steps: [Double] = []
    let latents = try self.sample(job, conditioning, pictures: 0..<1, StepClock(job)) { index in
      try timed("step", index, into: &steps)
    }
    var decodes: [Double] = []
    for index in 0...rounds {
      _ = try decode(latents, storing: storage(job))
      try timed("decode", index, into: &decodes)
    }
    return SpeedMeasurement(
      load: load, steps: steps, decodes: decodes, threads: threads,
      instructions: backend.summary, precision: storage(job).rawValue)
  }
}
