import Families
import Pictures

/// How an enlarged picture is drawn anew in part: image to image in tiles of the size that the model draws well, with a
/// prompt.
public struct Redrawing: Sendable {
  /// Its prompt, and what belongs to sampling; sizes, pictures, strength and count are set here.
  public var request: GenerationRequest
  /// How much of the picture may change, 0...1; nil for 0.35 with `conservative` and 0.3 with `creative`.
  public var creativity: Double?
  /// Nil for the model that was loaded or used last.
  public var model: ModelSource?

  public init(_ request: GenerationRequest, creativity: Double? = nil, model: ModelSource? = nil) {
    (self.request, self.creativity, self.model) = (request, creativity, model)
  }

  /// Of the method, where nobody says: as Stability's API has it.
  static func usualCreativity(_ method: UpscaleRequest.Method) -> Double {
    method == .creative ? 0.3 : 0.35
  }

  /// The strength of image to image. What is drawn conservatively keeps its forms, so that its strength is half of the
  /// creativity.
  static func strength(_ creativity: Double, _ method: UpscaleRequest.Method) -> Double {
    method == .creative ? creativity : creativity / 2
  }

  /// The request for a picture that is enlarged already, whose sides are multiples of the model's.
  func request(
    for picture: Picture, _ method: UpscaleRequest.Method, _ model: ModelDescription
  ) -> GenerationRequest {
    var request = request
    request.initPicture = InputPicture(picture, name: "the enlarged picture")
    let strength = Self.strength(creativity ?? Self.usualCreativity(method), method)
    request.strength = strength
    // As many steps at least as keep one.
    let steps = model.defaults.filling(request).steps ?? 1
    request.steps = max(steps, strength > 0 ? Int(min((1 / strength).rounded(.up), 1000)) : 0)
    (request.mask, request.outpaint, request.count, request.seeds) = (nil, nil, 1, nil)
    (request.width, request.height) = (picture.width, picture.height)
    let tile = request.tileSize ?? model.nativeSide
    // Tiles know nothing of the whole: what is as large as a part of one is not theirs to draw, and guidance would have each
    // of them show all that the prompt says.
    request.guidanceScale = request.guidanceScale ?? 2
    let share = method == .creative ? 8 : 16
    request.structureSize = request.structureSize ?? max(16, tile / share / 8 * 8)
    request.tileSize = tile < max(picture.width, picture.height) ? tile : nil
    return request
  }
}

extension Engine {
  /// Draws an enlarged picture anew in part.
  /// - Returns: also the request that did it.
  func redraw(
    _ picture: Picture, _ method: UpscaleRequest.Method, _ drawing: Redrawing,
    notice: @escaping (Notice) -> Void, progress: @escaping (Double) -> Void
  ) throws -> (Picture, ResolvedRequest) {
    let pipeline = try pipeline(drawing.model)
    guard pipeline.model.traits.pictureConditioning == nil else {
      throw DarkroomError(
        .request, field: "drawing_model", expected: "a model that draws by a prompt alone",
        "\(pipeline.model.name) sees a picture beside the latents")
    }
    let multiple = pipeline.model.description.sideMultiple
    func rest(_ side: Int) -> Int { (multiple - side % multiple) % multiple }
    // What is added to have sides that the model can draw is cut off again.
    let whole = picture.extended(Margins(right: rest(picture.width), down: rest(picture.height)))
    let request = drawing.request(for: whole, method, pipeline.model.description)
    var limits = RequestLimits.standard
    limits.side = limits.side.lowerBound...max(limits.side.upperBound, whole.width, whole.height)
    var made: GeneratedPicture?
    let reporter = Reporter { event in
      switch event {
      case .progress(let state): progress(state.fraction)
      case .notice(let text): notice(text)
      case .picture(let picture): made = picture
      case .queued, .preview, .failed: break
      }
    }
    for job in try pipeline.jobs(request, wildcards, limits) { try pipeline.generate(job, reporter) }
    guard let made else { preconditionFailure("a job without a picture") }
    let drawn = made.picture.cropped(left: 0, top: 0, width: picture.width, height: picture.height)
    return (drawn, made.request)
  }
}
