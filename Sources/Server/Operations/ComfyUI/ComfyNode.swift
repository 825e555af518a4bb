import Darkroom

/// What a link between two nodes of a ComfyUI graph carries.
enum ComfyType: String, Sendable {
  case model = "MODEL"
  case clip = "CLIP"
  case vae = "VAE"
  case conditioning = "CONDITIONING"
  case latent = "LATENT"
  case image = "IMAGE"
  case mask = "MASK"
  case upscaler = "UPSCALE_MODEL"
}

/// A kind of node: its inputs and outputs, by which graphs are checked and `/object_info` is written, and what it makes
/// of values. A new kind is a row in one of the lists of `all`.
struct ComfyNode: Sendable {
  struct Input: Sendable {
    enum Kind: Sendable {
      case link(ComfyType)
      case text
      case integer(ClosedRange<Int>, step: Int = 1)
      /// 0 to 2^64 - 1.
      case seed
      case number(ClosedRange<Double>)
      /// Some names, of those that the server has.
      case choice(@Sendable (ComfyShelf) -> [String])
      /// The name of a picture that was sent or made.
      case picture
    }

    let name: String
    let kind: Kind
    /// What holds without it; nil if it must be given.
    let initial: FieldValue?

    init(_ name: String, _ kind: Kind, initial: FieldValue? = nil) {
      (self.name, self.kind, self.initial) = (name, kind, initial)
    }
  }

  /// What ComfyUI calls it in graphs.
  let name: String
  /// For people.
  let title: String
  let category: String
  let inputs: [Input]
  let outputs: [ComfyType]
  /// Whether a graph is worked on for its sake.
  var isOutput = false
  let evaluate: @Sendable (_ plan: inout ComfyPlan, _ values: ComfyValues) throws -> [ComfyValue]

  init(
    _ name: String, _ title: String, _ category: String, _ inputs: [Input], _ outputs: [ComfyType],
    isOutput: Bool = false,
    evaluate: @escaping @Sendable (_ plan: inout ComfyPlan, _ values: ComfyValues) throws -> [ComfyValue]
  ) {
    (self.name, self.title, self.category) = (name, title, category)
    (self.inputs, self.outputs, self.isOutput, self.evaluate) = (inputs, outputs, isOutput, evaluate)
  }

  static let all: [ComfyNode] = loaders + latents + sampling + pictures

  static func named(_ name: String) -> ComfyNode? { all.first { $0.name == name } }
}

/// What graphs may name: models, networks, pictures.
struct ComfyShelf: Sendable {
  let models: ModelTable
  let upscalers: UpscalerTable
  let pictures: @Sendable (_ name: String) -> ComfyFiles.File?
  let pictureNames: [String]

  /// Files keep their names; what lies in a folder or is built in has none with an ending.
  var checkpoints: [String] { models.models.map { Self.name($0) } }

  private static func name(_ model: ServedModel) -> String {
    model.source.path.hasSuffix(".safetensors") ? "\(model.name).safetensors" : model.name
  }

  /// The model of a name, with or without the ending of a file, or of a hosted model that stands for it.
  func model(_ name: String) -> ServedModel? {
    models.model(id: name) ?? models.model(id: Self.stem(name))
  }

  /// A model's own VAE has its name.
  var vaes: [String] { models.models.map { $0.description.vae?.name ?? Self.name($0) } }

  func vaeOwner(_ name: String) -> ServedModel? {
    zip(vaes, models.models).first { $0.0 == name }?.1
  }

  func upscaler(_ name: String) -> UpscalerSource? {
    upscalers.network(named: name) ?? upscalers.network(named: Self.stem(name))
  }

  private static func stem(_ name: String) -> String {
    for ending in [".safetensors", ".ckpt", ".pth", ".pt"] where name.lowercased().hasSuffix(ending) {
      return String(name.dropLast(ending.count))
    }
    return name
  }

  static var samplers: [String] { Catalogue.samplers.flatMap { $0.systems["comfyui"] ?? [] } }
  static var schedulers: [String] { Catalogue.schedules.flatMap { $0.systems["comfyui"] ?? [] } }
}
