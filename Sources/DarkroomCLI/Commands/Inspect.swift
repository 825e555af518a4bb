import Darkroom

extension Command {
  static let inspect = Command(
    name: "inspect", summary: "say what a model is, or how a picture was made",
    arguments: ["MODEL|PICTURE"],
    options: [
      .configuration,
      .switch("fingerprint", "read a large file for its fingerprint, some seconds") { $0.fingerprint = true },
      .json,
    ],
    details: [
      """
      MODEL is a diffusers folder, a .safetensors file, of an upscaler too, OWNER/NAME of a model that darkroom pull has
      fetched, or built-in. Its fingerprint tells its content apart: of a single file it is the SHA-256, of which others show
      the beginning. Of a large file it is shown if it is known from an earlier run, or with --fingerprint.
      """,
      """
      PICTURE is a .png, .jpg or .webp file. Of pictures of this program, of A1111's web UI, of stable-diffusion.cpp, and of
      others that write A1111's text, the request is shown; of ComfyUI's, InvokeAI's, NovelAI's and Fooocus', what they
      plainly tell; of all others, what the file is. All is a success: the exit code is 0.
      """,
    ],
    examples: ["darkroom inspect sd15.safetensors", "darkroom inspect dusk.png --json"]
  ) { invocation in
    let name = invocation.words[0]
    if (try? GeneratedPicture.checkEnding(of: name)) != nil {
      let facts = try PictureFacts(ofPicture: name)
      let record = facts.holdsRequest ? try PictureRecord(fromPicture: name) : nil
      if invocation.settings.json {
        try invocation.console.result(
          json: InspectedPicture(file: facts, record: record.map { RecordResult($0) }))
      } else {
        try invocation.console.result(facts.text + (record.map { "\n\n\($0.text)" } ?? ""))
      }
      return ExitCode.done
    }
    if let upscaler = try UpscalerSummary.inspect(ifUpscaler: name) {
      if invocation.settings.json {
        try invocation.console.result(json: upscaler)
      } else {
        try invocation.console.result(upscaler.text)
      }
      return ExitCode.done
    }
    let source = try invocation.store.source(named: name, configuration: invocation.settings.configuration)
    var summary = try ModelSummary.inspect(source)
    summary.fingerprint =
      try await invocation.settings.fingerprint
      ? invocation.store.fingerprint(of: source).description
      : invocation.store.quickFingerprint(of: source)?.description
    if invocation.settings.json {
      try invocation.console.result(json: summary)
    } else {
      try invocation.console.result(summary.text)
    }
    return ExitCode.done
  }
}

/// What `--json` shows of a picture: the record's keys, if there is one, beside those of the file.
private struct InspectedPicture: Encodable {
  let file: PictureFacts
  let record: RecordResult?

  private enum CodingKeys: String, CodingKey { case file }

  func encode(to encoder: any Encoder) throws {
    try record?.encode(to: encoder)
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(file, forKey: .file)
  }
}

extension PictureFacts {
  fileprivate var text: String {
    var text = "\(format) picture of \(width)x\(height) pixels"
    switch profile {
    case .applied: text += "; its colours are brought to sRGB by its profile"
    case .unfit: text += "; its colour profile is ignored, as it is damaged or of another kind of pixels"
    case .none, .sRGB: break
    }
    if !holdsRequest, foreign == nil { text += "; it holds no request of darkroom and no text of A1111's" }
    text += upscaling.map { "\nenlarged from \($0.width)x\($0.height) by \(singleLine($0.summary))" }.joined()
    guard !holdsRequest, let foreign else { return text }
    let facts = ForeignPicture.order.compactMap { name in foreign.facts[name].map { [name, singleLine($0)] } }
    return text + "\n\n" + table([["made by", foreign.program.rawValue]] + facts)
  }
}

extension UpscalerSummary {
  fileprivate var text: String {
    table([
      ["upscaler", network], ["scale", "\(scale)"], ["parameters", "\(parameters)"],
      ["fingerprint", fingerprint],
    ])
  }
}

private struct RecordResult: Encodable {
  let origin: PictureRecord.Origin
  let engineVersion: String?
  let model: ModelReference?
  let request: GenerationRequest
  let parameters: String?
  let notices: [Notice]

  enum CodingKeys: String, CodingKey {
    case origin, model, request, parameters, notices
    case engineVersion = "engine_version"
  }

  init(_ record: PictureRecord) {
    (origin, engineVersion, model) = (record.origin, record.engineVersion, record.model)
    (request, parameters, notices) = (record.request, record.parameters, record.notices)
  }
}

extension PictureRecord {
  /// The request as a table, then A1111's text as it stands.
  fileprivate var text: String {
    var facts = [["made by", origin == .a1111 ? "a program that writes A1111's text" : origin.rawValue]]
    if let engineVersion { facts.append(["version", singleLine(engineVersion)]) }
    if let model {
      facts.append(["model", singleLine(model.name)])
      if let fingerprint = model.fingerprint { facts.append(["fingerprint", singleLine(fingerprint)]) }
      if let vae = model.vae { facts.append(["VAE", singleLine(vae.description)]) }
    }
    let fields = RequestField.all.map { ($0.key, $0.value(in: request)) }.filter { $0.1 != .null }
    facts += fields.map { [$0, singleLine($1.plain)] }
    var parts = [table(facts)]
    if !notices.isEmpty { parts.append(notices.map { singleLine($0.description) }.joined(separator: "\n")) }
    if let parameters {
      let lines = parameters.split(separator: "\n").map { "  " + singleLine(String($0)) }
      parts.append("A1111's text:\n" + lines.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n")
  }
}

extension ModelSummary {
  /// The summary as tables, with the first ten of the unknown tensors.
  var text: String {
    let facts = table(
      [
        ["family", family], ["layout", layout], ["native size", "\(nativeWidth)x\(nativeHeight)"],
        ["prediction", prediction],
        [
          "scaled weights",
          scaledWeights == 0 ? "" : "\(scaledWeights), multiplied by the scales beside them",
        ],
        ["also holds", additions.isEmpty ? "" : additions.joined(separator: ", ") + ", not used"],
        ["fingerprint", fingerprint ?? "not known yet; --fingerprint reads the file for it"],
      ].filter { !$0[1].isEmpty })
    let rows = parts.map { part in
      let types = part.dtypes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      return [part.name, "\(part.tensors)", Self.readable(part.parameters), types.joined(separator: ", ")]
    }
    let networks = table([["part", "tensors", "parameters", "types"]] + rows)
    var unknown = "unknown tensors: \(unknownTensors.count)"
    for name in unknownTensors.prefix(10) { unknown += "\n  \(singleLine(name))" }
    if unknownTensors.count > 10 { unknown += "\n  …" }
    return [facts, networks, unknown].joined(separator: "\n\n")
  }

  /// 859520964 as 859.52 M.
  private static func readable(_ count: Int) -> String {
    count < 1_000_000 ? "\(count)" : "\(fixed(Double(count) / 1e6, places: 2)) M"
  }
}
