import Darkroom
import Families
import Graph
import Pictures
import Sampling

/// What decides which reference a cell has.
struct ReferenceKey: Hashable {
  /// The prompt's place in the results.
  let prompt: Int
  let seed: UInt64
  let kind: ComparisonKind
  /// Nil for the flow's solution, which is the same for all. Schedules are ways to the same solution.
  let sampler: String?
}

extension ReferenceKey {
  /// Nil for the flow's solution.
  var method: SamplingMethod? {
    sampler.map { SamplingMethod(sampler: $0, schedule: Schedule.karras.name) }
  }

  /// The name of its picture, without the ending.
  var fileStem: String {
    "reference-\(CellKey.stem(prompt: prompt, seed: seed))" + (method.map { "-" + $0.stem } ?? "")
  }
}

extension ReferenceRecord {
  var key: ReferenceKey { ReferenceKey(prompt: prompt, seed: seed, kind: kind, sampler: of?.sampler) }

  /// The file with the latents, beside the picture.
  var latentsName: String { picture.replacing(".png", with: ".latents") }
}

extension ComparisonRunner {
  /// The reference of a cell: the one at work, else from its file, else made now.
  /// - Returns: nil if the cell has none, or if it cannot be made, which `failures` explains.
  func reference(of cell: PlannedCell, _ job: Job, _ setup: Setup) throws -> MadePicture? {
    guard let key = cell.referenceKey, failures[key] == nil else { return nil }
    if let reference, reference.key == key { return reference.made }
    // Latents are made of pictures only once more, so their file may go.
    if let known = references[key],
      let latents = folder.latents(known.latentsName, like: job.passes[0].emptyLatents())
    {
      let picture = try pipeline.decode(latents, setup.reservation)
      reference = (key, MadePicture(latents: latents, picture: picture))
    } else {
      reference = try madeReference(key, job, setup).map { (key, $0) }
    }
    return reference?.made
  }

  /// A solution with very many calls, and how far one with half as many is from it.
  private func madeReference(
    _ key: ReferenceKey, _ job: Job, _ setup: Setup
  ) throws -> MadePicture? {
    let label = "reference of seed \(key.seed)" + (key.sampler.map { " for \($0)" } ?? "")
    func solution(_ calls: Int) throws -> MadePicture {
      defer { progress.finishedCalls(calls) }
      return try make(try fineJob(key, job, calls: calls), setup, label)
    }
    let half = try solution(request.referenceCalls / 2)
    let fine = try solution(request.referenceCalls)
    if let failure = half.failure ?? fine.failure {
      failures[key] = failure
      tellOnce(Notice(description: "\(label): \(failure)"))
      return nil
    }
    let record = ReferenceRecord(
      prompt: key.prompt, seed: key.seed, sampler: key.sampler ?? Sampler.unipc.name,
      schedule: Schedule.karras.name, networkCalls: fine.calls, kind: key.kind,
      uncertainty: try Self.distance(half, fine),
      picture: "\(key.fileStem).png", of: key.method)
    try folder.write(fine.picture, record.picture)
    try folder.write(fine.latents, record.latentsName)
    references[key] = record
    try write()
    return fine
  }

  /// A sampler over all levels that the model knows along Karras' sigmas, whose timesteps are not rounded: schedules
  /// are rounded to timesteps, and some begin where their number of steps does not divide that of the timesteps.
  ///
  /// The probability flow is solved by UniPC, a third order at one call a step; what a sampler with noise comes to by
  /// that sampler along the same Brownian path.
  private func fineJob(_ key: ReferenceKey, _ job: Job, calls: Int) throws -> Job {
    var job = job
    if key.kind == .ode { job.sampler = .unipc }
    job.passes[0].steps = try pipeline.model.traits.noise.fineSteps(
      calls / job.sampler.callsPerStep, for: job.sampler, in: job.request.system)
    return job
  }
}
