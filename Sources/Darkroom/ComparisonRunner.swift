import Comparison
import Graph
import Pictures
import Sampling

/// Makes the pictures of a comparison one by one, each with what it is measured against, and writes down every one
/// as soon as it is finished.
final class ComparisonRunner {
  private let pipeline: Pipeline
  private let request: ComparisonRequest
  private let cells: [PlannedCell]
  private let folder: ComparisonFolder
  private let tell: (ComparisonProgress) -> Void
  private let notice: (Notice) -> Void
  private let setting: ComparisonSetting
  private var prompts: [String]
  private var references: [ReferenceRecord]
  private var finished: [CellRecord]
  private var progress: ComparisonClock
  /// What references and pictures of the prompt at work are told.
  private var conditioning: (prompt: String, value: GuidedConditioning)?
  /// The reference at work with its decoded picture.
  private var reference: (record: ReferenceRecord, made: MadePicture)?

  /// A picture to make, with every name looked up.
  struct PlannedCell {
    let job: Job
    let prompt: String
    let seed: UInt64
    let steps: Int
    let kind: ComparisonKind
    var method: SamplingMethod {
      SamplingMethod(sampler: job.request.sampler, schedule: job.request.schedule ?? "")
    }
    var calls: Int { job.first.count * job.sampler.callsPerStep }
  }

  /// - Throws: `DarkroomError` for the first cell that is not possible, before anything is made.
  init(
    _ request: ComparisonRequest, _ pipeline: Pipeline, folder: String, computes: String,
    tell: @escaping (ComparisonProgress) -> Void, notice: @escaping (Notice) -> Void
  ) throws {
    (self.pipeline, self.request) = (pipeline, request)
    self.folder = ComparisonFolder(path: folder)
    (self.tell, self.notice) = (tell, notice)
    var seen: Set<CellKey> = []
    cells = try request.cells().map { try PlannedCell($0, request, pipeline) }.filter {
      seen.insert($0.key(prompt: request.prompts.firstIndex(of: $0.prompt) ?? 0)).inserted
    }
    setting = ComparisonSetting(cells[0].job, pipeline, computes: computes, repeats: request.repeats)
    let earlier = try self.folder.read()
    if let earlier { try setting.requireSame(as: earlier.setting, folder) }
    prompts = earlier?.prompts ?? []
    prompts += request.prompts.filter { !(earlier?.prompts ?? []).contains($0) }
    (references, finished) = (earlier?.references ?? [], earlier?.cells ?? [])
    progress = ComparisonClock(pictures: cells.count * request.repeats)
  }

  /// What is left to do.
  var plan: ComparisonPlan {
    let missing = cells.filter { timesMade($0) < request.repeats }
    return ComparisonPlan(
      cells: missing.count, finished: cells.count - missing.count,
      calls: missing.reduce(0) { $0 + $1.calls * (request.repeats - timesMade($1)) },
      referenceCalls: neededReferences(missing).count * (request.referenceCalls * 3 / 2))
  }

  func run() throws -> ComparisonOutcome {
    let plan = plan
    let made = cells.reduce(0) { $0 + min(timesMade($1), request.repeats) }
    progress.begin(finished: made, calls: plan.calls + plan.referenceCalls)
    // All once, then all again: a machine that is slow for a while is so for every sampler.
    for round in 0..<request.repeats {
      for cell in cells where timesMade(cell) <= round {
        try Task.checkCancellation()
        try warmUp(cell)
        let key = key(cell)
        if let index = finished.firstIndex(where: { $0.key == key }) {
          finished[index] = try remade(cell, finished[index])
        } else {
          finished.append(try measured(cell, against: try reference(of: cell)))
        }
        try write()
        progress.finishedPicture()
      }
    }
    let results = results()
    let sheets = try folder.writePages(results)
    return ComparisonOutcome(
      verdict: Verdict(ComparisonSummary(results)).sentence, made: plan.cells, kept: plan.finished,
      report: folder.file(ComparisonFolder.report), results: folder.file(ComparisonFolder.results),
      table: folder.file(ComparisonFolder.table), contactSheets: sheets)
  }

  private func timesMade(_ cell: PlannedCell) -> Int {
    let key = key(cell)
    return finished.first { $0.key == key }?.samplingSeconds.count ?? 0
  }

  private func key(_ cell: PlannedCell) -> CellKey {
    cell.key(prompt: prompts.firstIndex(of: cell.prompt) ?? 0)
  }

  private func results() -> ComparisonResults {
    ComparisonResults(setting: setting, prompts: prompts, references: references, cells: finished)
  }

  private func write() throws { try folder.write(results()) }
}

// MARK: - Pictures

extension ComparisonRunner {
  /// A picture with what it cost.
  struct MadePicture {
    var latents: Latents
    var picture: Picture
    var calls = 0
    var samplingSeconds = 0.0
    var decodingSeconds = 0.0
  }

  /// Encodes the prompt and packs the weights, so that no picture pays for them.
  private func warmUp(_ cell: PlannedCell) throws {
    if conditioning?.prompt == cell.prompt, conditioning != nil { return }
    for note in cell.job.promptNotices { notice(note) }
    for note in try pipeline.reserve(cell.job).notices { notice(note) }
    let value = try pipeline.encode(cell.job, StepClock(cell.job))
    try pipeline.prepare(cell.job, value)
    conditioning = (cell.prompt, value)
    // The first run of a network touches its memory for the first time.
    var short = cell.job
    short.first.steps.steps = Array(short.first.steps.steps.prefix(1))
    if short.sampler.isAdaptive { short.sampler = .euler }
    _ = try make(short, value)
  }

  private func make(_ job: Job, _ conditioning: GuidedConditioning, _ label: String = "") throws
    -> MadePicture
  {
    let clock = ContinuousClock()
    let start = clock.now
    var noise = job.noise(of: 0..<1, in: job.first)
    var latents = pipeline.startLatents(job.first, batch: 1, &noise)
    let calls = try pipeline.sample(
      &latents, job.first, job, conditioning, &noise, StepClock(job),
      afterStep: { [self] step in
        guard !label.isEmpty else { return }
        tell(progress.shown(label, done: (step + 1) * job.sampler.callsPerStep))
      })
    let sampled = clock.now
    let picture = try pipeline.decode(latents, storing: pipeline.storage(job))
    return MadePicture(
      latents: latents, picture: picture, calls: calls, samplingSeconds: (sampled - start).seconds,
      decodingSeconds: (clock.now - sampled).seconds)
  }

  private func measured(
    _ cell: PlannedCell, against reference: (record: ReferenceRecord, made: MadePicture)?
  ) throws -> CellRecord {
    guard let conditioning else { preconditionFailure("a picture before its prompt") }
    let key = key(cell)
    let name = "\(key.fileStem).png"
    var notices = cell.job.cautions.map(\.description)
    let made: MadePicture
    do {
      made = try make(cell.job, conditioning.value, label(key))
      progress.finishedCalls(cell.calls)
    } catch let error as DarkroomError where error.kind == .nonFinite {
      notices.append("\(error)")
      try folder.write(Picture(blank: cell.job.first), name)
      return CellRecord(
        key: key, networkCalls: cell.calls, samplingSeconds: Array(repeating: 0, count: request.repeats),
        decodingSeconds: 0, measure: nil, kind: .none, isRepeatable: nil, picture: name, notices: notices)
    }
    let whole = try pipeline.finished(made.picture, cell.job, index: 0)
    try folder.write(made.picture, name, whole.metadata)
    if let reason = cell.whyNotComparable { notices.append(reason) }
    return CellRecord(
      key: key, networkCalls: made.calls, samplingSeconds: [made.samplingSeconds],
      decodingSeconds: made.decodingSeconds, measure: try reference.map { try Self.distance(made, $0.made) },
      kind: cell.kind, isRepeatable: nil, picture: name, notices: notices)
  }

  /// A picture once more: its time, and whether its bytes are the same.
  private func remade(_ cell: PlannedCell, _ record: CellRecord) throws -> CellRecord {
    guard let conditioning else { preconditionFailure("a picture before its prompt") }
    let made = try make(cell.job, conditioning.value, label(record.key))
    progress.finishedCalls(cell.calls)
    let isSame = try folder.picture(record.picture) == made.picture
    return CellRecord(
      key: record.key, networkCalls: record.networkCalls,
      samplingSeconds: record.samplingSeconds + [made.samplingSeconds],
      decodingSeconds: record.decodingSeconds,
      measure: record.measure, kind: record.kind, isRepeatable: isSame && record.isRepeatable ?? true,
      picture: record.picture, notices: record.notices)
  }

  private func label(_ key: CellKey) -> String {
    "\(key.sampler), \(key.schedule), \(key.steps) steps, seed \(key.seed)"
  }

  private static func distance(_ one: MadePicture, _ other: MadePicture) throws -> CellMeasure {
    CellMeasure(
      latentRMSE: try LatentDistance.rmse(one.latents.values, other.latents.values),
      psnr: try PictureDistance.psnr(one.picture, other.picture),
      ssim: try PictureDistance.ssim(one.picture, other.picture))
  }
}

// MARK: - References

extension ComparisonRunner {
  /// What decides which reference a cell has.
  private struct ReferenceKey: Hashable {
    let prompt: String
    let seed: UInt64
    let kind: ComparisonKind
    /// Nil for the flow's solution, which is the same for all.
    let method: SamplingMethod?

    init?(_ cell: PlannedCell) {
      guard cell.kind != .none else { return nil }
      (prompt, seed, kind) = (cell.prompt, cell.seed, cell.kind)
      method = cell.kind == .path ? cell.method : nil
    }
  }

  private func record(of key: ReferenceKey) -> ReferenceRecord? {
    references.first {
      prompts[$0.prompt] == key.prompt && $0.seed == key.seed && $0.kind == key.kind && $0.of == key.method
    }
  }

  private func neededReferences(_ cells: [PlannedCell]) -> Set<ReferenceKey> {
    Set(cells.compactMap(ReferenceKey.init)).filter { record(of: $0) == nil }
  }

  private func reference(of cell: PlannedCell) throws -> (record: ReferenceRecord, made: MadePicture)? {
    guard let key = ReferenceKey(cell) else { return nil }
    let known = record(of: key)
    if let reference, reference.record == known { return reference }
    if let known, let latents = folder.latents(known.latentsName, like: pipeline.emptyLatents(cell.job.first))
    {
      let picture = try pipeline.decode(latents, storing: pipeline.storage(cell.job))
      reference = (known, MadePicture(latents: latents, picture: picture))
    } else {
      reference = try makeReference(key, cell)
    }
    return reference
  }

  /// A solution with very many calls, and how far one with half as many is from it.
  private func makeReference(
    _ key: ReferenceKey, _ cell: PlannedCell
  ) throws -> (record: ReferenceRecord, made: MadePicture) {
    guard let conditioning else { preconditionFailure("a reference before its prompt") }
    let label =
      "reference of seed \(key.seed)" + (key.method.map { " for \($0.sampler), \($0.schedule)" } ?? "")
    func solution(_ calls: Int) throws -> MadePicture {
      let job = key.method == nil ? try flowJob(cell, calls: calls) : try pathJob(cell, calls: calls)
      defer { progress.finishedCalls(calls) }
      return try make(job, conditioning.value, label)
    }
    let half = try solution(request.referenceCalls / 2)
    let fine = try solution(request.referenceCalls)
    let prompt = prompts.firstIndex(of: key.prompt) ?? 0
    let record = ReferenceRecord(
      prompt: prompt, seed: key.seed, sampler: key.method?.sampler ?? Sampler.unipc.name,
      schedule: key.method?.schedule ?? Schedule.karras.name, networkCalls: fine.calls, kind: key.kind,
      uncertainty: try Self.distance(half, fine),
      picture:
        "reference-\(CellKey.stem(prompt: prompt, seed: key.seed))\(key.method.map { "-" + $0.stem } ?? "").png",
      of: key.method)
    try folder.write(fine.picture, record.picture)
    try folder.write(fine.latents, record.latentsName)
    references.removeAll { $0.picture == record.picture }
    references.append(record)
    try write()
    return (record, fine)
  }

  /// The probability flow from the model's noisiest level to its cleanest along Karras' sigmas, whose timesteps are
  /// not rounded, by UniPC: a third order at one call a step.
  private func flowJob(_ cell: PlannedCell, calls: Int) throws -> Job {
    var job = cell.job
    let scale = LevelScale(.variancePreserving, of: try pipeline.model.training(for: .unipc))
    job.sampler = .unipc
    job.first.steps = Schedule.fineSteps(calls, scale)
    return job
  }

  /// The same sampler and schedule with more steps along the same Brownian path.
  private func pathJob(_ cell: PlannedCell, calls: Int) throws -> Job {
    var job = cell.job
    let system = job.request.system.names
    let schedule = try system.schedule(job.request.schedule ?? "")
    job.first.steps = try schedule.steps(
      calls / job.sampler.callsPerStep, of: try pipeline.model.training(for: job.sampler), for: job.sampler,
      in: system)
    return job
  }
}
