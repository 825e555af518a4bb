import Families

/// What requests need to know of a model: they can be checked and completed while the model draws something else.
public struct ModelDescription: Sendable {
  /// The name that metadata and file names use.
  public let name: String
  /// Of its files' content; nil where that is not known.
  public var fingerprint: String?
  /// The VAE that the model has instead of its own.
  public var vae: VAEReference?
  /// What holds for fields that a request leaves out.
  public var defaults: RequestDefaults
  package let traits: ModelTraits

  package init(name: String, fingerprint: String? = nil, _ traits: ModelTraits) {
    (self.name, self.fingerprint, self.traits) = (name, fingerprint, traits)
    defaults = RequestDefaults(traits.defaults)
  }

  /// The family's name for people.
  public var family: String { traits.familyTitle }
  /// Pixels of a side of the square pictures that the model was trained with.
  public var nativeSide: Int { traits.nativeSide }
  /// What width and height are multiples of.
  public var sideMultiple: Int { max(traits.sideMultiple, RequestLimits.standard.sideMultiple) }
  /// Layers of the text encoder.
  public var textLayers: Int { traits.textLayers }
  /// Whether pictures can be turned into latents.
  public var hasEncoder: Bool { traits.hasEncoder }
}

extension RequestDefaults {
  init(_ family: SamplingDefaults) {
    (self.sampler, self.steps, self.guidanceScale) = (family.sampler, family.steps, family.guidanceScale)
    self.prediction = family.prediction
  }
}

extension ModelDescription {
  /// Of a model that no engine has loaded, without its fingerprint.
  /// - Throws: `DarkroomError` of kind `model`.
  package init(_ source: ModelSource) throws {
    self = try DarkroomError.wrapping { try LoadedModel(source).description }
  }
}

extension LoadedModel {
  package var description: ModelDescription {
    var description = ModelDescription(name: name, traits)
    // Few steps do for the built-in model, whatever diffusers' pipeline would take.
    if source.isBuiltIn { description.defaults = RequestDefaults() }
    return description
  }
}
