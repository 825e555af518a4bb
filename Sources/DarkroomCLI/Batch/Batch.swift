import Darkroom
import Synchronization

/// Makes the pictures of a plan, row by row, and keeps the journal.
package struct Batch: Sendable {
  let plan: BatchPlan
  let journal: JournalFile
  let maker: any PictureMaker
  let console: Console
  let report: PictureReport
  let previews: PreviewShow?

  package init(
    plan: BatchPlan, journal: JournalFile, maker: any PictureMaker, console: Console, json: Bool,
    previews: PreviewShow? = nil, graphics: TerminalGraphics? = nil
  ) {
    self.previews = previews
    self.plan = plan
    self.journal = journal
    self.maker = maker
    self.console = console
    report = PictureReport(console: console, json: json, graphics: graphics)
  }

  /// A row that fails is reported, and the others go on; the exit code tells.
  /// - Throws: `DarkroomError` if no row can be made any more; `CancellationError`.
  package func run() async throws -> Int32 {
    defer { previews?.finish() }
    let record = Record(plan.journal, file: journal)
    try record.save()
    let left = plan.items.filter { !$0.isDone }
    if left.count < plan.items.count {
      console.notice("\(plan.items.count - left.count) of \(plan.items.count) rows are there already")
    }
    var clock = WorkClock(start: console.now, work: left.map(\.work))
    var failed = 0
    for item in left {
      do {
        try Task.checkCancellation()
        try await make(item, clock, record)
      } catch let error as DarkroomError where Self.concernsOneRow(error) {
        failed += 1
        console.error("\(plan.label(item)): \(error)")
      } catch {
        tellRest(record)
        throw error
      }
      clock.finish()
    }
    guard failed > 0 else { return ExitCode.done }
    console.error("\(plan.fileName): \(failed) of \(plan.items.count) rows failed")
    return ExitCode.failed
  }

  private func make(_ item: BatchPlan.Item, _ clock: WorkClock, _ record: Record) async throws {
    let position = (plan.items.firstIndex { $0.row.number == item.row.number } ?? 0) + 1
    let report = ProgressReport(
      console: console, prefix: plan.items.count > 1 ? "row \(position) of \(plan.items.count), " : "")
    let laps = Laps(console)
    let (told, folder) = (self.report, plan.folder)
    try await maker.make(
      item.rest, progress: { report.show($0, suffix: clock.suffix($0, at: console.now)) },
      notice: { report.tell($0) }, preview: previews.map { $0.take }
    ) { picture in
      let index = item.entry.finished + picture.index
      let path = OutputPlace.join(folder, item.entry.files[index])
      try record.finish(index, of: item) { isOwn in
        if isOwn { return try picture.write(to: path) }
        guard try picture.write(toFirstFreeOf: [path]) != nil else { throw BatchPlan.foreign(path) }
      }
      try told.tell(picture, path: path, seconds: laps.next(), row: item.row.number)
    }
  }

  private func tellRest(_ record: Record) {
    console.notice(
      "\(record.finishedRows) of \(plan.items.count) rows are done; the same command goes on from there")
  }

  private static func concernsOneRow(_ error: DarkroomError) -> Bool {
    switch error.kind {
    case .request, .nonFinite, .resources, .busy, .deviceLost, .filtered: true
    case .model, .unsupported, .download, .output, .cancelled: false
    }
  }
}

/// The journal of a batch on its way.
private final class Record: Sendable {
  private let journal: Mutex<Journal>
  private let file: JournalFile

  init(_ journal: Journal, file: JournalFile) {
    self.journal = Mutex(journal)
    self.file = file
  }

  var finishedRows: Int {
    journal.withLock { $0.rows.values.count { $0.finished == $0.files.count } }
  }

  func save() throws { try journal.withLock { try file.write($0) } }

  /// Writes down that a picture is made before it is, so that a run that is killed between the two knows its own file:
  /// the next run looks for it.
  /// - Parameter write: is told whether a file of this name is one that an earlier run has made.
  func finish(_ index: Int, of item: BatchPlan.Item, write: (_ isOwn: Bool) throws -> Void) throws {
    try journal.withLock { journal in
      let before = journal
      let isNew = journal.ownFiles.insert(item.entry.files[index]).inserted
      journal.rows[item.row.number]?.finished = index + 1
      do {
        try file.write(journal)
        try write(!isNew)
      } catch {
        journal = before
        try? file.write(journal)
        throw error
      }
    }
  }
}

/// Guesses the time of all rows from the sampling steps that are done.
package struct WorkClock: Sendable {
  private let start: Double
  private let total: Int
  private var done = 0
  /// Of the rows that are not done; the first is at work.
  private var waiting: ArraySlice<Int>

  /// - Parameters:
  ///   - start: now, in seconds.
  ///   - work: steps of each row, of all its pictures.
  package init(start: Double, work: [Int]) {
    self.start = start
    total = work.reduce(0, +)
    waiting = work[...]
  }

  /// The row at work is done.
  package mutating func finish() { done += waiting.popFirst() ?? 0 }

  /// Seconds left at a time; nil before the first step.
  package func left(_ progress: GenerationProgress, at now: Double) -> Double? {
    let done = Double(done) + progress.fraction * Double(waiting.first ?? 0)
    return done > 0 ? (now - start) / done * (Double(total) - done) : nil
  }

  /// ", 1:12:30 left in all", if there is more than this row.
  package func suffix(_ progress: GenerationProgress, at now: Double) -> String {
    guard waiting.count > 1, let left = left(progress, at: now) else { return "" }
    return ", \(DarkroomCLI.clock(left)) left in all"
  }
}
