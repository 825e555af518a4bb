import Darkroom

extension Command {
  static let upscale = Command(
    name: "upscale", summary: "enlarge pictures", arguments: ["PICTURE..."],
    options: [
      Option(
        name: "scale", group: .size, placeholder: "N",
        meaning: "how many times as wide and high", initial: "what the upscaler does at once, mostly 4",
        expected:
          "a number from \(plain(RequestLimits.standard.scale.lowerBound)) to \(plain(RequestLimits.standard.scale.upperBound))"
      ) { settings, text in
        guard let scale = Double(text), RequestLimits.standard.scale.contains(scale) else { return false }
        settings.scale = scale
        return true
      },
      Option(
        name: "method", group: .model, placeholder: "NAME", meaning: "how", initial: "fast",
        expected:
          "fast (a network that was trained for it), lanczos (a filter), conservative or creative (fast, then drawn anew with a prompt)",
        choices: UpscaleRequest.Method.allCases.map(\.rawValue)
      ) { settings, text in
        guard let method = UpscaleRequest.Method(rawValue: text) else { return false }
        settings.method = method
        return true
      },
      .path(
        "model", "FILE", letter: "m",
        "upscaler: a .safetensors file with a network of ESRGAN or Real-ESRGAN, the name of one in a model folder, or \(UpscalerSource.builtIn.name), which is built in",
        initial: UpscalerSource.builtIn.name, .model
      ) { $0.model = $1 },
      Option(
        name: "creativity", group: .sampling, placeholder: "X",
        meaning: "how much conservative and creative may change", initial: "0.35, 0.3 with creative",
        expected: "a number from 0 to 1"
      ) { settings, text in
        guard let creativity = Double(text), (0...1).contains(creativity) else { return false }
        settings.creativity = creativity
        return true
      },
      .path(
        "drawing-model", "NAME", "model of conservative and creative, as --model of generate",
        initial: "built-in",
        .model
      ) { $0.drawingModel = $1 },
      .output("a file, or a folder in which names are made", initial: "PICTURE-4x with its ending"),
      .format,
      Option(
        name: "pixel-limit", group: .size, placeholder: "N",
        meaning: "pixels of a result at most, in units of 1024x1024", initial: "16", expected: "1 to 1024"
      ) { settings, text in
        guard let units = Int(text), (1...1024).contains(units) else { return false }
        settings.pixelLimit = units << 20
        return true
      },
    ]
      + [
        "prompt", "negative_prompt", "seed", "steps", "sampler", "schedule", "cfg_scale", "tile_size",
        "structure_size",
      ]
      .flatMap {
        Option.field($0.replacing("_", with: "-"))
      } + Option.field("precision") + [.device, .threads, .memoryLimit, .noPackCache, .json, .quiet],
    details: [
      """
      conservative and creative enlarge with the network, and then draw the picture anew in part, in tiles that overlap: --prompt
      says what it shows, --creativity how much may change. conservative keeps forms.
      """,
      """
      The network enlarges as often as --scale needs, and Lanczos' filter makes what is then too large smaller. It works on
      tiles that overlap so far that the result is the same, byte for byte, as that of the whole picture.
      """,
      """
      PICTURE is a PNG, JPEG or WebP file; transparent pictures are laid over white. What its file tells of how it was
      made is kept, and how it was enlarged is added. "darkroom inspect" shows both, and says what an upscaler is.
      """,
      """
      The ending of --output chooses the format: .png, .jpg, .jpeg or .webp. Several pictures for FILE.png are
      called FILE-1.png, FILE-2.png …; names that are made never replace a file, and in a folder are PNG. - is the standard
      output, for one picture in --format.
      """,
      """
      Each picture's path is a line of the output (on a terminal with size, upscaler and time); with --json an object with
      path, source, width, height, seconds, upscale_seconds (without writing), memory and upscaling. Of several pictures one that fails is reported, and the
      others go on.
      """,
    ],
    examples: [
      "darkroom upscale dusk.png",
      "darkroom upscale scans/*.jpg --scale 2 --output large/",
      "darkroom upscale dusk.png --scale 2 --method creative --prompt 'a house at dusk' --creativity 0.4",
      "darkroom upscale dusk.png --model RealESRGAN_x4plus.safetensors --output dusk-large.webp",
    ]
  ) { try await Upscaling($0).run() }

  private static func plain(_ number: Double) -> String { fixed(number, places: 0) }
}

/// One call of the command.
private struct Upscaling {
  private let invocation: Invocation
  private var console: Console { invocation.console }
  private var settings: Settings { invocation.settings }
  private var files: [String] { invocation.words }

  init(_ invocation: Invocation) { self.invocation = invocation }

  func run() async throws -> Int32 {
    let place = try settings.output.map { try OutputPlace($0) }
    try invocation.checkOutput(place, count: files.count)
    guard settings.method != .lanczos || settings.model == nil else {
      throw DarkroomError(.request, "--model: lanczos has no model")
    }
    try refuseDrawing()
    try place?.prepare(place?.files(count: files.count) ?? [])
    let engine = try Engine(
      device: settings.device ?? invocation.user.device ?? .auto, threads: settings.threads,
      memoryLimit: settings.memoryLimit, packCache: settings.packCache)
    guard files.count > 1 else {
      try await upscale(0, by: engine, to: place)
      return ExitCode.done
    }
    var failed = 0
    for index in files.indices {
      do {
        try await upscale(index, by: engine, to: place)
      } catch let error as DarkroomError where concernsOnePicture(error) {
        failed += 1
        console.error("\(error)")
      }
    }
    if failed > 0 { console.error("\(failed) of \(files.count) pictures failed") }
    return failed > 0 ? ExitCode.failed : ExitCode.done
  }

  /// Refuses what only drawing uses, where nothing is drawn.
  private func refuseDrawing() throws {
    guard !draws else { return }
    var given = settings.fields.subtracting(["precision"])
    if settings.creativity != nil { given.insert("creativity") }
    if settings.drawingModel != nil { given.insert("drawing_model") }
    guard let first = given.min() else { return }
    throw DarkroomError(
      .request,
      "--\(first.replacing("_", with: "-")): belongs to --method conservative or creative, which draw")
  }

  private var draws: Bool { [.conservative, .creative].contains(settings.method) }

  private func concernsOnePicture(_ error: DarkroomError) -> Bool {
    [.request, .nonFinite, .resources].contains(error.kind)
  }

  private func upscale(_ index: Int, by engine: Engine, to place: OutputPlace?) async throws {
    let laps = Laps(console)
    let progress = Progress(console, files.count > 1 ? "picture \(index + 1) of \(files.count), " : "")
    let picture = try await engine.upscale(try request(files[index])) { progress.tell($0) }
    let upscaled = console.now - progress.start
    let place = try place ?? own(files[index], picture.record)
    if case .standardOutput = place {
      try console.result(bytes: picture.encoded(as: settings.format ?? .png))
      return tell("", picture, seconds: laps.next())
    }
    let path = try place.write(
      picture, index: index, count: files.count, name: name(files[index], picture.record))
    let seconds = laps.next()
    if settings.json {
      try console.result(json: UpscaleResult(picture, path: path, source: files[index], (upscaled, seconds)))
    } else {
      tell("\(path): ", picture, seconds: seconds)
      // People who read both streams need the name once.
      if !(console.isReadByPeople && console.outputIsTerminal) { try console.result(singleLine(path)) }
    }
  }

  private func request(_ file: String) throws -> UpscaleRequest {
    var request = UpscaleRequest(
      InputPicture(file: file), scale: settings.scale, method: settings.method,
      precision: invocation.request.precision ?? .auto)
    if let model = settings.model { request.upscaler = try invocation.store.upscaler(named: model) }
    if draws {
      let usual = invocation.environment["DARKROOM_MODEL"] ?? ""
      let name = settings.drawingModel ?? (usual.isEmpty ? ModelSource.builtIn.path : usual)
      request.redrawing = Redrawing(
        invocation.request, creativity: settings.creativity, model: try invocation.store.source(named: name))
    }
    if let limit = settings.pixelLimit { request.limits.upscaledPixels = limit }
    return request
  }

  /// Beside the picture, with its ending if that is one of pictures.
  private func own(_ file: String, _ record: UpscaleRecord) throws -> OutputPlace {
    let ending = OutputPlace.ending(of: file)
    let stem = "\(file.dropLast(ending.count))\(suffix(record))"
    return try (try? OutputPlace(freeLike: stem + ending)) ?? OutputPlace(freeLike: "\(stem).png")
  }

  private func name(_ file: String, _ record: UpscaleRecord) -> String {
    let name = String(file.split(separator: "/").last ?? "")
    return "\(name.dropLast(OutputPlace.ending(of: name).count))\(suffix(record))"
  }

  private func suffix(_ record: UpscaleRecord) -> String { "-\(record.scaleText)x" }

  private func tell(_ head: String, _ picture: UpscaledPicture, seconds: Double) {
    guard console.isReadByPeople else { return }
    let size = "\(picture.width)x\(picture.height)"
    let how = "\(picture.record.summary), \(picture.record.scaleText)x"
    console.notice(singleLine("\(head)\(size), \(how), \(fixed(seconds, places: 1)) s"))
  }
}

/// Shows how far one picture is.
private struct Progress: Sendable {
  private let console: Console
  private let head: String
  let start: Double

  init(_ console: Console, _ head: String) { (self.console, self.head, start) = (console, head, console.now) }

  func tell(_ event: UpscaleEvent) {
    switch event {
    case .notice(let notice): console.notice(head + notice.description)
    case .progress(1): break
    case .progress(let share):
      let left = share > 0 ? (console.now - start) * (1 - share) / share : 0
      let done = "\(Int(100 * share)) %"
      console.status(
        "\(head)upscaling, \(done), \(clock(left)) left", short: "\(done), \(clock(left)) left", isNew: false)
    }
  }
}

extension UpscaleRecord {
  /// 4, 1.5 …
  fileprivate var scaleText: String { scale == scale.rounded() ? fixed(scale, places: 0) : "\(scale)" }
}

/// An enlarged picture, as `--json` shows it.
private struct UpscaleResult: Encodable {
  let path: String
  let source: String
  let width: Int
  let height: Int
  /// Of all, and of that until the picture was there to be written.
  let seconds: Double
  let upscaleSeconds: Double
  /// The most memory that the process has had so far, in bytes; nil where the system does not tell.
  let memory: Int?
  let upscaling: UpscaleRecord

  enum CodingKeys: String, CodingKey {
    case path, source, width, height, seconds, memory, upscaling
    case upscaleSeconds = "upscale_seconds"
  }

  init(_ picture: UpscaledPicture, path: String, source: String, _ seconds: (upscaled: Double, all: Double)) {
    (self.path, self.source) = (path, source)
    (width, height) = (picture.width, picture.height)
    func short(_ time: Double) -> Double { (time * 1000).rounded() / 1000 }
    (self.seconds, upscaleSeconds) = (short(seconds.all), short(seconds.upscaled))
    memory = ResidentMemory.peak
    upscaling = picture.record
  }
}
