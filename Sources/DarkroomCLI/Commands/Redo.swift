import Darkroom

extension Command {
  package static let redo = Command(
    name: "redo", summary: "make a picture again from the request in its file",
    arguments: ["PICTURE"],
    options: Option.fields.map { $0.usually("the picture's own") } + [
      .output("a file, or a folder in which the name is made", initial: "PICTURE-redo with its ending"),
      .wildcards, .format, .show, .preview, .previewTerminal, .model("the picture's own"), .configuration,
      .vae,
      .device,
      .threads,
      .memoryLimit, .noPackCache,
      .json, .quiet, .dryRun,
    ],
    details: [
      """
      With the same model and version the new file has the same bytes. The model is found by its name and content:
      the built-in one, that of DARKROOM_MODEL, those of its name in the model folders, and those in the cache. Where it is not found, nothing is drawn;
      --model draws with another one. Flags stand for what the picture's own request says.
      """,
      """
      Pictures of A1111's web UI, of stable-diffusion.cpp, and of programs that write A1111's text, are drawn by its rules;
      what of them is not understood is named.
      """, previewDetails,
    ],
    examples: ["darkroom redo dusk.png --seed 5 --steps 40", "darkroom redo dusk.png --model sd15/"]
  ) { invocation in
    guard let picture = invocation.words.first else { throw DarkroomError(.request, "no PICTURE") }
    let record = try PictureRecord(fromPicture: picture)
    let place: OutputPlace
    if let output = invocation.settings.output {
      place = try OutputPlace(output)
    } else {
      let ending = OutputPlace.ending(of: picture)
      place = try OutputPlace(freeLike: "\(picture.dropLast(ending.count))-redo\(ending)")
    }
    for notice in record.notices { invocation.console.notice(singleLine("\(picture): \(notice)")) }
    var model = try await invocation.model(of: record)
    model.vae = try await invocation.vae(of: record)
    let request = record.request.overridden(
      by: invocation.settings.request, fields: invocation.settings.fields)
    try request.validate()
    return try await invocation.make(request, with: model, to: place, keeping: [picture])
  }
}

extension Option {
  fileprivate func usually(_ initial: String) -> Option {
    var option = self
    option.initial = initial
    return option
  }
}

extension Invocation {
  /// The model that makes a picture again, and a word where that is not sure.
  /// - Throws: `DarkroomError` of kind `model` if it is not here.
  fileprivate func model(of record: PictureRecord) async throws -> ModelSource {
    if let version = record.engineVersion, version != darkroomVersion {
      console.notice(
        singleLine("made by darkroom \(version); this is \(darkroomVersion), whose picture may differ"))
    }
    if settings.model != nil {
      let source = try model()
      let own = try await ModelReference(name: source.name, store.fingerprint(of: source))
      if let wanted = record.model, !wanted.isSame(as: own) {
        console.notice(singleLine("the picture was drawn with the model \(wanted); this one is \(own)"))
      }
      return source
    }
    try refuseConfiguration()
    guard let wanted = record.model else {
      let source = try model()
      console.notice(
        singleLine("the picture does not say with which model it was drawn; taking \(source.name)"))
      return source
    }
    let source = try await store.find(wanted)
    if wanted.fingerprint == nil {
      console.notice(
        singleLine("the picture tells the model's name alone: taking \(source.name), which may be another"))
    }
    return source
  }
}

extension Invocation {
  /// The VAE of `--vae`, else the one that the picture was drawn with instead of the model's own.
  /// - Throws: `DarkroomError` of kind `model` if it is not here.
  fileprivate func vae(of record: PictureRecord) async throws -> String? {
    if let named = settings.vae { return try store.vae(named: named) }
    guard let wanted = record.model?.vae else { return nil }
    if let found = try await store.findVAE(wanted) { return found }
    // A1111 writes down a VAE that may well be the model's own.
    guard record.origin == .darkroom else {
      console.notice(
        singleLine("the picture was drawn with the VAE \(wanted), which is not here; taking the model's own"))
      return nil
    }
    throw DarkroomError(
      .model, expected: "it in a folder of VAEs that DARKROOM_MODELS or config.json names, or --vae",
      "the picture was drawn with the VAE \(wanted), which is not here")
  }
}

extension ModelReference {
  /// Whether nothing tells two models apart.
  fileprivate func isSame(as other: ModelReference) -> Bool {
    guard let mine = content, let others = other.content else { return name == other.name }
    return mine.matches(others)
  }
}
