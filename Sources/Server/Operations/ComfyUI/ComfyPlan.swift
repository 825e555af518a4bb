import Darkroom

/// What links of a graph carry, as far as it is known before anything is drawn.
enum ComfyValue: Sendable {
  case model(ServedModel)
  case clip(ComfyText)
  case vae(ServedModel)
  case conditioning(ComfyText)
  case latent(ComfyLatent)
  case image(ComfyPicture)
  case mask(ComfyMask)
  case upscaler(UpscalerSource)
}

/// A model's text encoder, and what it is told.
struct ComfyText: Sendable {
  let model: ServedModel
  /// Layers that are left out at its end.
  var skip = 0
  var text = ""
}

/// A picture that is there, or will have been made by a step of the plan.
indirect enum ComfyPicture: Sendable {
  case given(InputPicture)
  case made(step: Int)
  case scaled(ComfyPicture, ComfyScaling)
}

/// Latents that a sampler starts from, or has made.
struct ComfyLatent: Sendable {
  enum Content: Sendable {
    /// Zeros.
    case empty(width: Int, height: Int, count: Int)
    case encoded(ComfyPicture)
    /// Of a sampler.
    case drawn(step: Int)
  }

  /// Nil for zeros, which belong to no model.
  var model: ServedModel?
  var content: Content
  var mask: ComfyMask?
  /// Pixels by which the mask grows.
  var growth = 0
  /// Whether what is drawn anew is grey at first.
  var hidesMasked = false
}

/// The steps that need an engine, and the pictures that are kept: what a graph comes to. It is made before anything is
/// drawn, so that whatever is not possible is refused before.
struct ComfyPlan: Sendable {
  struct Step: Sendable {
    enum Work: Sendable {
      case draw(ComfyDrawing)
      case enlarge(ComfyPicture, UpscalerSource)
    }

    let node: String
    let work: Work
    /// Pictures that it makes.
    let count: Int
  }

  /// Pictures that a node keeps or shows.
  struct Keeping: Sendable {
    let node: String
    let picture: ComfyPicture
    let folder: ComfyFiles.Folder
    let prefix: ComfyFiles.Prefix
  }

  let shelf: ComfyShelf
  private(set) var steps: [Step] = []
  private(set) var keepings: [Keeping] = []
  private var scalings = 0
  private static let mostScalings = 8

  init(_ shelf: ComfyShelf) { self.shelf = shelf }

  /// - Returns: the step's number.
  mutating func add(_ work: Step.Work, count: Int, for node: String) -> Int {
    steps.append(Step(node: node, work: work, count: count))
    return steps.count - 1
  }

  mutating func keep(
    _ picture: ComfyPicture, in folder: ComfyFiles.Folder, as prefix: ComfyFiles.Prefix, of node: String
  ) {
    keepings.append(Keeping(node: node, picture: picture, folder: folder, prefix: prefix))
  }

  /// - Throws: `ComfyValues.Problem` for one too many: they are done beside the queue.
  mutating func scale(_ picture: ComfyPicture, _ scaling: ComfyScaling) throws -> ComfyPicture {
    scalings += 1
    guard scalings <= Self.mostScalings else {
      throw ComfyValues.Problem("image", "more than \(Self.mostScalings) nodes scale pictures")
    }
    return .scaled(picture, scaling)
  }

  /// How many pictures a value stands for.
  func count(_ picture: ComfyPicture) -> Int {
    switch picture {
    case .given: 1
    case .made(let step): steps[step].count
    case .scaled(let picture, _): count(picture)
    }
  }

  func step(of node: String) -> Int? { steps.firstIndex { $0.node == node } }
  func keeping(of node: String) -> Keeping? { keepings.first { $0.node == node } }
}

/// What a node's inputs are. They have been checked: what the node's row asks for is there.
struct ComfyValues: Sendable {
  let node: String
  let fields: [String: FieldValue]
  let links: [String: ComfyValue]

  /// What a node cannot do with an input.
  struct Problem: Error, Equatable {
    let input: String
    let message: String

    init(_ input: String, _ message: String) { (self.input, self.message) = (input, message) }
  }

  func text(_ name: String) -> String { if case .text(let text)? = fields[name] { text } else { "" } }
  func integer(_ name: String) -> Int { fields[name]?.integer ?? 0 }
  func number(_ name: String) -> Double { fields[name]?.double ?? 0 }
  func seed(_ name: String) -> UInt64 {
    if case .number(let text)? = fields[name] { UInt64(text) ?? 0 } else { 0 }
  }

  func model(_ name: String) throws -> ServedModel {
    guard case .model(let model)? = links[name] else { throw missing(name) }
    return model
  }

  func clip(_ name: String) throws -> ComfyText {
    guard case .clip(let clip)? = links[name] else { throw missing(name) }
    return clip
  }

  func conditioning(_ name: String) throws -> ComfyText {
    guard case .conditioning(let text)? = links[name] else { throw missing(name) }
    return text
  }

  func latent(_ name: String) throws -> ComfyLatent {
    guard case .latent(let latent)? = links[name] else { throw missing(name) }
    return latent
  }

  func image(_ name: String) throws -> ComfyPicture {
    guard case .image(let image)? = links[name] else { throw missing(name) }
    return image
  }

  func mask(_ name: String) throws -> ComfyMask {
    guard case .mask(let mask)? = links[name] else { throw missing(name) }
    return mask
  }

  func upscaler(_ name: String) throws -> UpscalerSource {
    guard case .upscaler(let network)? = links[name] else { throw missing(name) }
    return network
  }

  /// - Throws: `Problem` if a VAE is not that of a model.
  func checkVAE(_ name: String, of model: ServedModel) throws {
    let owner = try vaeModel(name)
    guard owner.name == model.name else {
      throw Problem(name, "is the VAE of \(owner.name); the latents are those of \(model.name)")
    }
  }

  func vaeModel(_ name: String) throws -> ServedModel {
    guard case .vae(let owner)? = links[name] else { throw missing(name) }
    return owner
  }

  private func missing(_ name: String) -> Problem { Problem(name, "is not there") }
}
