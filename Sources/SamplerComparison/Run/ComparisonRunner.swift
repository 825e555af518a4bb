import Darkroom
import Families
import Graph
import Pictures
import Sampling

/// Makes the pictures of a comparison one by one, each with what it is measured against, and writes down every one
/// as soon as it is finished.
package final class ComparisonRunner {
  let pipeline: Pipeline
  let request: ComparisonRequest
  let folder: ComparisonFolder
  private let cells: [PlannedCell]
  private let tell: (ComparisonProgress) -> Void
  private let notice: (Notice) -> Void
  private let setting: ComparisonSetting
  private let prompts: [String]
  var references: OrderedRecords<ReferenceKey, ReferenceRecord>
  private var records: OrderedRecords<CellKey, CellRecord>
  var progress: ComparisonClock
  private var told: Set<String> = []
  /// When the results were written last, and how long that took.
  private var written: (end: ContinuousClock.Instant, took: Duration)?
  /// What the network is told of the prompt at work, and how its pictures run.
  private var prepared: (prompt: String, setup: Setup)?
  /// The reference at work with its decoded picture.
  var reference: (key: ReferenceKey, made: MadePicture)?
  /// References that this run could not make, and why.
  var failures: [ReferenceKey: String] = [:]

  /// - Parameters:
  ///   - folder: is there.
  ///   - computes: what computes, in words.
  ///   - tell: is called after each step.
  /// - Throws: `DarkroomError` or `SamplingError` for the first picture that is not possible, before anything is made.
  package init(
    _ request: ComparisonRequest, _ pipeline: Pipeline, folder path: String, computes: String,
    tell: @escaping (ComparisonProgress) -> Void, notice: @escaping (Notice) -> Void
  ) throws {
    (self.pipeline, self.request, self.tell, self.notice) = (pipeline, request, tell, notice)
    folder = ComparisonFolder(path: path)
    let requests = try request.requests()
    setting = try ComparisonSetting(pipeline.resolve(requests[0]), pipeline, computes, request)
    guard min(setting.width, setting.height) >= GaussianWindow.size else {
      throw ComparisonError.sizes(
        width: setting.width, height: setting.height, otherWidth: setting.width,
        otherHeight: setting.height, smallestSide: GaussianWindow.size)
    }
    let earlier = try folder.read()
    if let earlier { try setting.requireSame(as: earlier.setting, path) }
    var places: [String: Int] = [:]
    var prompts: [String] = []
    for prompt in (earlier?.prompts ?? []) + request.prompts where places[prompt] == nil {
      places[prompt] = prompts.count
      prompts.append(prompt)
    }
    self.prompts = prompts
    var seen: Set<CellKey> = []
    cells = try requests.map { try PlannedCell($0, pipeline, prompt: places[$0.prompt] ?? 0) }
      .filter { seen.insert($0.key).inserted }
    let ofReferences = Set(cells.compactMap(\.referenceKey)).map { "\($0.fileStem).png" }
    try folder.refuseForeign(earlier, pictures: cells.map(\.key.picture) + ofReferences)
    try folder.check(cells.map(\.key.picture))
    // What has lost its picture is made again.
    let files = folder.names
    let kept = (earlier?.cells ?? []).filter { files.contains($0.picture) }
    records = OrderedRecords(
      kept, by: \.key, order: kept.map(\.key).filter { !seen.contains($0) } + cells.map(\.key))
    let known = (earlier?.references ?? []).filter { files.contains($0.picture) }
    references = OrderedRecords(known, by: \.key, order: known.map(\.key))
    progress = ComparisonClock(pictures: cells.count * request.repeats)
  }

  /// What is left to do.
  package var plan: ComparisonPlan {
    let missing = cells.filter { timesMade($0) < request.repeats }
    let files = folder.names
    let needed = Set(missing.filter { records[$0.key] == nil }.compactMap(\.referenceKey)).filter {
      references[$0].map { !files.contains($0.latentsName) } ?? true
    }
    return ComparisonPlan(
      cells: missing.count, finished: cells.count - missing.count,
      calls: missing.reduce(0) { $0 + $1.calls * (request.repeats - timesMade($1)) },
      referenceCalls: needed.count * (request.referenceCalls / 2 + request.referenceCalls))
  }

  /// - Throws: `DarkroomError`; `CancellationError`. What is finished is on disk then.
  package func run() throws -> ComparisonOutcome {
    let plan = plan
    let made = cells.reduce(0) { $0 + min(timesMade($1), request.repeats) }
    progress.begin(finished: made, calls: plan.calls + plan.referenceCalls)
    do {
      try makePictures()
    } catch {
      // Whatever ended the run, what is finished is kept.
      try? write()
      throw error
    }
    try write()
    let results = results
    let sheets = try folder.writePages(results)
    let verdict = Verdict(ComparisonSummary(results))
    return ComparisonOutcome(
      verdict: verdict.sentence, remarks: verdict.remarks, made: plan.cells, kept: plan.finished,
      report: folder.file(ComparisonFolder.report), results: folder.file(ComparisonFolder.results),
      table: folder.file(ComparisonFolder.table), contactSheets: sheets)
  }

  /// All once, then all again: a machine that is slow for a while is so for every sampler.
  private func makePictures() throws {
    for round in 0..<request.repeats {
      for cell in cells where timesMade(cell) <= round {
        try Task.checkCancellation()
        let job = try pipeline.resolve(cell.request)
        let setup = try setup(job)
        if let record = records[cell.key] {
          records[cell.key] = try remade(cell, job, setup, record)
        } else {
          records[cell.key] = try measured(cell, job, setup)
        }
        progress.finishedPicture()
        try writeIfDue()
      }
    }
  }

  private func timesMade(_ cell: PlannedCell) -> Int { records[cell.key]?.samplingSeconds.count ?? 0 }

  private var results: ComparisonResults {
    ComparisonResults(setting: setting, prompts: prompts, references: references.all, cells: records.all)
  }

  func write() throws {
    let start = ContinuousClock.now
    try folder.write(results)
    written = (.now, .now - start)
  }

  /// The file is written as a whole, which takes a second where there are ten thousand pictures: it waits until that
  /// is a twentieth of the time.
  private func writeIfDue() throws {
    if let written, .now - written.end < written.took * 20 { return }
    try write()
  }

  /// Shows how far a picture or reference has come.
  func show(_ label: String, calls: Int) { tell(progress.shown(label, done: calls)) }

  func tellOnce(_ note: Notice) {
    if told.insert(note.description).inserted { notice(note) }
  }

  /// Encodes the prompt and packs the weights, so that no picture pays for them.
  private func setup(_ job: Job) throws -> Setup {
    if let prepared, prepared.prompt == job.request.prompt { return prepared.setup }
    job.promptNotices.forEach(tellOnce)
    // It is the comparison that asks for one pass.
    job.withoutEffect.filter { $0.field != "second_pass" }.map(\.notice).forEach(tellOnce)
    let reservation = try pipeline.reserve(job)
    reservation.notices.forEach(tellOnce)
    let setup = Setup(
      conditioning: try pipeline.encode(job, reservation, ProgressTracker(job)), reservation: reservation)
    try pipeline.prepare(job, reservation)
    // The first run of a network touches its memory for the first time.
    var short = job
    short.passes[0].steps.steps = Array(short.passes[0].steps.steps.prefix(1))
    if short.sampler.isAdaptive { short.sampler = .euler }
    _ = try make(short, setup, nil)
    prepared = (job.request.prompt, setup)
    progress.start()
    return setup
  }

  /// What pictures of one prompt share.
  struct Setup {
    let conditioning: Conditioning
    let reservation: Reservation
  }
}
