import FoundationEssentials
import Graph
import Sampling

/// A model by name and content.
public struct ModelReference: Codable, Sendable, Equatable {
  public var name: String
  /// Of its files' content; nil where that is not known.
  public var fingerprint: String?
  /// The VAE that it has instead of its own; nil if it has none.
  public var vae: VAEReference?

  public init(name: String, fingerprint: String? = nil, vae: VAEReference? = nil) {
    self.name = name
    self.fingerprint = fingerprint
    self.vae = vae
  }

  /// Of all content together, for what is kept by it.
  package var contentKey: String { [fingerprint, vae?.fingerprint].compactMap { $0 }.joined(separator: "+") }
}

/// A VAE of its own by name and content.
public struct VAEReference: Codable, Sendable, Equatable {
  public var name: String
  /// Of its files' content; nil where that is not known.
  public var fingerprint: String?

  public init(name: String, fingerprint: String? = nil) {
    self.name = name
    self.fingerprint = fingerprint
  }
}

/// A request with every field filled in for one model and device: what makes the same pictures again. Metadata of
/// pictures hold it, as flat JSON: the request's keys and those of `Key`.
@dynamicMemberLookup
public struct ResolvedRequest: Sendable, Equatable {
  /// The version of what is written down now. Pictures of version 0 hold a request alone, whose precision may be
  /// `auto`.
  public static let currentSchema = 1

  /// Complete: only fields that may have no meaning are nil (`RequestField.isOptional`).
  public private(set) var request: GenerationRequest
  /// Nil in version 0, as are the next two.
  public private(set) var model: ModelReference?
  /// How weights are stored while they are used.
  public let weights: WeightFormat?
  public let engineVersion: String?
  public let schemaVersion: Int

  enum Key: String {
    case model, vae, weights
    case vaeFingerprint = "vae_fingerprint"
    case fingerprint = "model_fingerprint"
    case engineVersion = "engine_version"
    case schemaVersion = "schema_version"
  }

  /// A request that is complete already.
  /// - Throws: `DarkroomError` naming the first field that is missing.
  package init(
    complete request: GenerationRequest, model: ModelReference?, weights: WeightFormat?,
    engineVersion: String? = darkroomVersion, schemaVersion: Int = currentSchema
  ) throws {
    for field in RequestField.all where !field.isOptional && field.value(in: request) == .null {
      throw DarkroomError(.request, field: field.key, expected: field.expected(), "is missing")
    }
    self.request = request
    self.model = model
    self.weights = weights
    self.engineVersion = engineVersion
    self.schemaVersion = schemaVersion
  }

  public var prompt: String { request.prompt }
  public var prompts: [WeightedPrompt]? { request.prompts }
  /// Nil if seeds count up from `seed`; else one for each picture.
  public var seeds: [UInt64]? { request.seeds }
  /// Nil if it has no meaning for the sampler.
  public var eta: Double? { request.eta }
  /// Nil if the start noise is the seed's own, as is the next one.
  public var subseed: UInt64? { request.subseed }
  public var subseedStrength: Double? { request.subseedStrength }
  /// Nil if noise is drawn at the picture's size.
  public var seedWidth: Int? { request.seedWidth }
  public var seedHeight: Int? { request.seedHeight }
  /// Nil for the sampler's own, whose Brownian paths span the levels of the schedule and not of the model.
  public var stepNoise: GenerationRequest.StepNoise? { request.stepNoise }
  public var batchPlace: GenerationRequest.BatchPlace? { request.batchPlace }
  /// Nil if pictures are made from noise alone; else with its hash.
  public var initPicture: InputPicture? { request.initPicture }
  /// Nil if all of `initPicture` is drawn anew, or there is none; else with its hash.
  public var mask: InputPicture? { request.mask }
  /// Nil if nothing is drawn beyond `initPicture`'s sides.
  public var outpaint: Margins? { request.outpaint }
  /// Nil if there is neither `mask` nor `outpaint`.
  public var maskBlur: Int? { request.maskBlur }
  public var growMask: Int? { request.growMask }
  /// Nil if there is no `mask`.
  public var inpaintArea: GenerationRequest.InpaintArea? { request.inpaintArea }
  /// Nil unless `inpaintArea` is `masked`.
  public var maskPadding: Int? { request.maskPadding }
  /// Nil if there is neither `mask` nor `outpaint`.
  public var maskFill: GenerationRequest.MaskFill? { request.maskFill }
  /// Nil if the model does not enlarge pictures.
  public var noiseLevel: Int? { request.noiseLevel }
  /// Nil if the model does not edit pictures.
  public var pictureGuidanceScale: Double? { request.pictureGuidanceScale }
  /// Nil if the model decides, or there is no second pass; so are the next three.
  public var secondPassScale: Double? { request.secondPassScale }
  public var secondPassSteps: Int? { request.secondPassSteps }
  public var secondPassStrength: Double? { request.secondPassStrength }
  public var upscaler: UpscalerReference? { request.upscaler }
  /// Nil if all of the picture is seen at once.
  public var tileSize: Int? { request.tileSize }
  /// Nil if there is no `initPicture`, or nothing of it is kept but by its strength.
  public var structureSize: Int? { request.structureSize }
  /// Nil if there is no `initPicture`, or the model enlarges it.
  public var strength: Double? { request.strength }
  /// Nil for what the model's content says.
  public var prediction: GenerationRequest.Prediction? { request.prediction }

  /// A field that is always there.
  public subscript<Value>(dynamicMember field: KeyPath<GenerationRequest, Value?>) -> Value {
    guard let value = request[keyPath: field] else {
      preconditionFailure("\(field) may be missing in a resolved request")
    }
    return value
  }
}

extension ResolvedRequest {
  /// The seed of one of its pictures.
  func pictureSeed(_ index: Int) -> UInt64 {
    request.seeds?[index] ?? (request.subseed == nil ? self.seed &+ UInt64(index) : self.seed)
  }

  /// How the start noise of one of its pictures is varied; nil if it is not.
  func variation(_ index: Int, factor: Int) -> NoiseVariation? {
    let size = request.seedWidth.flatMap { width in
      request.seedHeight.map { (height: $0 / factor, width: width / factor) }
    }
    guard request.subseed != nil || size != nil else { return nil }
    return NoiseVariation(
      seed: (request.subseed ?? 0) &+ UInt64(index), strength: request.subseedStrength ?? 0, size: size)
  }

  /// What makes one of its pictures by itself.
  func picture(_ index: Int) -> ResolvedRequest {
    var single = self
    if self.batchNoise == .perPicture {
      single.request.seed = pictureSeed(index)
      single.request.seeds = nil
      single.request.subseed = request.subseed.map { $0 &+ UInt64(index) }
    } else {
      single.request.batchPlace = pictureBatchPlace(index)
    }
    single.request.count = 1
    return single
  }

  /// Whether `pictures` can make them apart.
  package var hasPicturesApart: Bool { self.batchNoise == .perPicture }

  /// What makes some of its pictures, each as it is among all of them.
  /// - Precondition: `hasPicturesApart`, and the pictures are among those of the request.
  package func pictures(_ range: Range<Int>) -> ResolvedRequest {
    precondition(hasPicturesApart && !range.isEmpty && range.upperBound <= self.count, "pictures \(range)")
    var part = self
    part.request.seed = pictureSeed(range.lowerBound)
    part.request.seeds = request.seeds.map { Array($0[range]) }
    part.request.subseed = request.subseed.map { $0 &+ UInt64(range.lowerBound) }
    part.request.count = range.count
    return part
  }

  /// Where a picture stands among those that share one generator.
  func pictureBatchPlace(_ index: Int) -> GenerationRequest.BatchPlace {
    batchPlace ?? GenerationRequest.BatchPlace(picture: index + 1, of: self.count)
  }

  /// The same of a model whose content is known now.
  func of(_ model: ModelReference) -> ResolvedRequest {
    var other = self
    other.model = model
    return other
  }
}

extension ResolvedRequest: Codable {
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: FieldKey.self)
    func read<Value: Decodable>(_ key: Key, _ type: Value.Type) throws -> Value? {
      try fields.decodeIfPresent(type, forKey: FieldKey(key.rawValue))
    }
    let fingerprint = try read(.fingerprint, String.self)
    let vaeFingerprint = try read(.vaeFingerprint, String.self)
    let vae = try read(.vae, String.self).map { VAEReference(name: $0, fingerprint: vaeFingerprint) }
    do {
      try self.init(
        complete: RequestDefaults().filling(GenerationRequest(from: decoder)),
        model: read(.model, String.self).map { ModelReference(name: $0, fingerprint: fingerprint, vae: vae) },
        weights: read(.weights, WeightFormat.self), engineVersion: read(.engineVersion, String.self),
        schemaVersion: read(.schemaVersion, Int.self) ?? 0)
    } catch let error as DarkroomError {
      throw DecodingError.dataCorrupted(
        .init(codingPath: fields.codingPath, debugDescription: error.description))
    }
  }

  public func encode(to encoder: any Encoder) throws { try fields.encode(to: encoder) }

  private var fields: [String: FieldValue] {
    var fields = request.fields
    func set(_ key: Key, _ value: FieldValue?) { fields[key.rawValue] = value }
    set(.model, (model?.name).map(FieldValue.text))
    set(.fingerprint, (model?.fingerprint).map(FieldValue.text))
    set(.vae, (model?.vae?.name).map(FieldValue.text))
    set(.vaeFingerprint, (model?.vae?.fingerprint).map(FieldValue.text))
    set(.weights, (weights?.rawValue).map(FieldValue.text))
    set(.engineVersion, engineVersion.map(FieldValue.text))
    if schemaVersion > 0 { set(.schemaVersion, .number("\(schemaVersion)")) }
    return fields
  }

  /// The one way to write it, for hashes and metadata: keys in order, no spaces.
  public var canonicalJSON: String { FieldValue.object(fields).json }
}

extension ResolvedRequest {
  /// Reads what a picture was made of back from a picture that this engine made.
  /// - Throws: `DarkroomError` of kind `request` if the file cannot be read or holds no request.
  public static func read(fromPicture path: String) throws -> ResolvedRequest {
    try GenerationRequest.decode(fromPicture: path)
  }
}
