import Darkroom

/// What a request of the web UI asks for, part by part.
struct A1111Draft {
  /// The same for all pictures, but for seeds and starting pictures.
  let request: GenerationRequest
  let settings: A1111Settings
  let styles: [String]
  let seed: UInt64
  let subseed: UInt64
  /// Pictures of a part.
  let batch: Int
  let iterations: Int
  /// Pixels of the first pass.
  let size: (width: Int, height: Int)
  private let pictures: [InputPicture]

  /// - Throws: `Refusal` that names the parameter.
  init(_ visit: Visit) throws {
    let arguments = visit.arguments
    try A1111Absent.check(arguments)
    let options = visit.premises.a1111.options.merging(try arguments.object("override_settings")) { $1 }
    settings = try A1111Settings(options, visit.premises.models)
    styles = try Self.styles(arguments)
    func given(_ name: String) -> UInt64 {
      arguments.integer(name).flatMap(UInt64.init(exactly:)) ?? UInt64(UInt32.random(in: 0...UInt32.max))
    }
    (seed, subseed) = (given("seed"), given("subseed"))
    var request = GenerationRequest(
      a1111: arguments.text("prompt") ?? "", negativePrompt: arguments.text("negative_prompt") ?? "")
    try arguments.fill(&request)
    for style in styles { try Styles.apply(style, to: &request) }
    request.noise = settings.noise
    request.clipSkip = (arguments.integer("clip_skip") ?? settings.textLayer) - 1
    if try arguments.object("override_settings")["CLIP_stop_at_last_layers"] != nil {
      request.clipSkip = settings.textLayer - 1
    }
    // The web UI cuts sizes to whole latents.
    request.width = request.width.map { $0 / 8 * 8 }
    request.height = request.height.map { $0 / 8 * 8 }
    size = (request.width ?? 0, request.height ?? 0)
    try request.takeSampling(arguments)
    request.takeSeedSize(arguments)
    try request.takeHiresFix(arguments, settings.model, visit.premises.upscalers)
    pictures = try request.takePictures(arguments)
    (batch, iterations) = (
      max(pictures.count, arguments.integer("batch_size") ?? 1), arguments.integer("n_iter") ?? 1
    )
    guard batch * iterations <= Self.mostPictures else {
      throw Refusal(.request, field: "n_iter", "times batch_size must be at most \(Self.mostPictures)")
    }
    self.request = request
  }

  private static let mostPictures = 64

  /// Seeds of each picture, as the web UI counts them: variations share theirs.
  var isVaried: Bool { request.subseedStrength ?? 0 > 0 }
  func seed(of picture: Int) -> UInt64 { isVaried ? seed : seed &+ UInt64(picture) }
  func subseed(of picture: Int) -> UInt64 { subseed &+ UInt64(picture) }

  /// One for each iteration; where each picture starts from another one, one for each picture.
  var parts: [Ask] {
    let step = pictures.count > 1 ? 1 : batch
    return stride(from: 0, to: batch * iterations, by: step).map { first in
      var part = request
      (part.seed, part.subseed) = (seed(of: first), isVaried ? subseed(of: first) : nil)
      part.count = step
      if !pictures.isEmpty { part.initPicture = pictures[first % pictures.count] }
      return Ask(.drawing(part), settings.model, Order.Output(settings.format))
    }
  }

  private static func styles(_ arguments: Arguments) throws -> [String] {
    let names = (arguments.list("styles") ?? []).compactMap(\.name)
    if let unknown = names.first(where: { !Styles.names.contains($0) }) {
      throw Refusal(
        .request, field: "styles",
        "\(unknown.prefix(64)) is not one of \(Styles.names.joined(separator: ", "))")
    }
    return names
  }
}

extension GenerationRequest {
  /// - Throws: `Refusal` of kind `notFound` for a name that the web UI does not know.
  fileprivate mutating func takeSampling(_ arguments: Arguments) throws {
    let sampler = arguments.name("sampler_name") ?? arguments.name("sampler_index") ?? "Euler"
    guard Catalogue.hasSampler(sampler, in: .a1111) else { throw Refusal(.notFound, "Sampler not found") }
    self.sampler = sampler
    guard let name = arguments.name("scheduler") else { return }
    guard let schedule = A1111Names.schedule(name) else { throw Refusal(.notFound, "Scheduler not found") }
    self.schedule = schedule
  }

  fileprivate mutating func takeSeedSize(_ arguments: Arguments) {
    let sides = ["seed_resize_from_w", "seed_resize_from_h"].map { (arguments.integer($0) ?? 0) / 8 * 8 }
    (seedWidth, seedHeight) = sides.allSatisfy { $0 > 0 } ? (sides[0], sides[1]) : (nil, nil)
  }
}
