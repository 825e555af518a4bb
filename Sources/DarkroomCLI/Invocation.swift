import Darkroom
import SystemFiles

/// A command as it was called.
package struct Invocation: Sendable {
  let settings: Settings
  /// The arguments that are no flags.
  let words: [String]
  let console: Console
  let environment: [String: String]
  let user: UserConfiguration

  package init(
    settings: Settings, words: [String], console: Console, environment: [String: String],
    user: UserConfiguration = UserConfiguration()
  ) {
    self.settings = settings
    self.words = words
    self.console = console
    self.user = user
    // The environment stands above what is written down.
    let named = environment["DARKROOM_MODEL"] ?? ""
    self.environment = environment.merging(["DARKROOM_MODEL": named.isEmpty ? user.model ?? "" : named]) {
      $1
    }
  }

  /// The models in folders and in the Hub's cache.
  var store: ModelStore { ModelStore(environment: environment, folders: user.modelFolders) }

  /// The fields of a request that flags give, and those that the user has written down.
  var request: GenerationRequest { user.defaults.overridden(by: settings.request, fields: settings.fields) }

  /// The model of `--model`, else of the environment, else the user's, else the built-in one; with the VAE of `--vae`.
  func model() throws -> ModelSource {
    var source = ModelSource.builtIn
    if let path = settings.model ?? environment["DARKROOM_MODEL"], !path.isEmpty {
      source = try store.source(named: path, configuration: settings.configuration)
    } else {
      try refuseConfiguration()
    }
    source.vae = try settings.vae.map { try store.vae(named: $0) }
    return source
  }
}

extension Invocation {
  /// - Throws: `DarkroomError` of kind `request` if there is a configuration for a model that no flag names.
  func refuseConfiguration() throws {
    guard settings.configuration != nil else { return }
    throw DarkroomError(.request, "--config: belongs to a model; expected --model FILE.safetensors as well")
  }

  /// An engine with the model, and a word about tensors in it that nothing reads.
  /// - Throws: `DarkroomError`.
  func engine(_ model: ModelSource) async throws -> Engine {
    let engine = try Engine(
      device: settings.device ?? user.device ?? .auto, threads: settings.threads,
      memoryLimit: settings.memoryLimit, wildcards: settings.wildcards, packCache: settings.packCache)
    let unknown = try await engine.load(model).unknownTensors
    if !unknown.isEmpty {
      let names = unknown.prefix(3).map { quoted($0) }.joined(separator: ", ")
      console.notice(
        "model: \(unknown.count) tensors that nothing reads: \(names)\(unknown.count > 3 ? " …" : "")")
    }
    return engine
  }

  /// Makes the pictures of one request.
  /// - Parameter paths: files that a preview must not replace, beside the pictures themselves.
  /// - Throws: `DarkroomError`; `CancellationError`.
  func make(
    _ request: GenerationRequest, with model: ModelSource, to place: OutputPlace, keeping paths: [String] = []
  ) async throws -> Int32 {
    try checkOutput(place, count: request.pictureCount)
    try place.check(for: request)
    let report = try pictureReport()
    let previews = try previews(besides: paths + place.files(count: request.pictureCount))
    let engine = try await engine(model)
    if settings.dryRun {
      let estimate = try await engine.estimate(request)
      try EstimateResult(estimate).show(on: console, json: settings.json)
    } else {
      try place.prepare(for: request)
      try await make(request, to: place, by: engine, showing: previews, telling: report)
    }
    return ExitCode.done
  }

  package func make(
    _ request: GenerationRequest, to place: OutputPlace, by maker: any PictureMaker,
    showing previews: PreviewShow? = nil, telling told: PictureReport? = nil
  ) async throws {
    defer { previews?.finish() }
    let report = ProgressReport(console: console)
    let laps = Laps(console)
    let told = told ?? PictureReport(console: console, json: settings.json)
    let format = settings.format ?? .png
    try await maker.make(
      request, progress: { report.show($0) }, notice: { report.tell($0) }, preview: previews.map { $0.take }
    ) { picture in
      if case .standardOutput = place {
        return try told.write(picture, as: format, seconds: laps.next())
      }
      let path = try place.write(picture, count: request.pictureCount)
      try told.tell(picture, path: path, seconds: laps.next())
    }
  }

  /// - Throws: `DarkroomError` of kind `request` if so many pictures cannot go there.
  func checkOutput(_ place: OutputPlace?, count: Int) throws {
    guard case .standardOutput? = place else {
      guard settings.format == nil else {
        throw DarkroomError(
          .request, "--format: belongs to --output -; elsewhere a name's ending chooses the format")
      }
      return
    }
    func refusal(_ reason: String) -> DarkroomError { DarkroomError(.request, "--output -: \(reason)") }
    guard count == 1 else { throw refusal("takes one picture; expected a folder for \(count)") }
    guard !settings.json else { throw refusal("the picture is the output; expected no --json") }
    guard !console.outputIsTerminal || settings.dryRun else {
      throw refusal("the output is a terminal; expected a file or a program, as in --output - > picture.png")
    }
  }

  /// Makes the pictures of all rows of a file, or those that an earlier run has not made.
  /// - Throws: `DarkroomError`; `CancellationError`.
  func makeRows(of path: String) async throws -> Int32 {
    let place = try OutputPlace(settings.output)
    guard case .folder(let folder) = place else {
      throw DarkroomError(
        .request, "--output: is a file; expected a folder with --from (a new one ends in /)")
    }
    try checkOutput(place, count: 0)
    let told = try pictureReport()
    let file = try RowFile(path: path, defaults: request)
    for problem in file.problems.prefix(10) { console.error(problem) }
    guard file.problems.isEmpty else {
      throw DarkroomError(
        .request, "\(singleLine(file.name)): \(file.problems.count) values are not possible")
    }
    guard !file.rows.isEmpty else {
      throw DarkroomError(.request, "\(singleLine(file.name)): has no rows; expected one at least")
    }
    let model = try model()
    if settings.dryRun {
      try place.check(for: request)
    } else {
      try place.prepare(for: request)
    }
    let journal = JournalFile(folder: folder, rowFile: file.name)
    let lock = try settings.dryRun ? nil : RunLock.take(forFlag: "--from", journal.path)
    defer { withExtendedLifetime(lock) {} }
    let plan = try BatchPlan(file, folder: folder, model: model, journal: journal.read())
    if OutputPlace.isTaken(folder) { for path in plan.files + [journal.path] { try OutputPlace.check(path) } }
    let previews = try previews(besides: plan.files)
    let engine = try await engine(model)
    if settings.dryRun { return try await estimate(plan, by: engine) }
    return try await Batch(
      plan: plan, journal: journal, maker: engine, console: console, json: settings.json, previews: previews,
      graphics: told.graphics
    ).run()
  }

  private func estimate(_ plan: BatchPlan, by engine: Engine) async throws -> Int32 {
    var largest: EstimateResult?
    for item in plan.items {
      try Task.checkCancellation()
      let result: EstimateResult
      do {
        result = EstimateResult(try await engine.estimate(item.row.request), row: item.row.number)
      } catch let error as DarkroomError {
        throw error.at(plan.label(item))
      }
      if settings.json { try result.show(on: console, json: true) }
      if result.peak > largest?.peak ?? -1 { largest = result }
    }
    if !settings.json { try largest?.show(on: console, json: false) }
    return ExitCode.done
  }
}
