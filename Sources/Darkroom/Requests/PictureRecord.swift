import FoundationEssentials
import Pictures
import Sampling

/// What a picture's file tells about how the picture was made.
public struct PictureRecord: Sendable {
  /// Who wrote the request down.
  public enum Origin: String, Codable, Sendable {
    /// This engine.
    case darkroom
    /// A1111's web UI, or a program that writes its text.
    case a1111
    /// stable-diffusion.cpp, whose text is A1111's with other names.
    case stableDiffusionCPP = "stable-diffusion.cpp"
  }

  public let origin: Origin
  /// What makes the picture again, as far as it is told.
  public let request: GenerationRequest
  /// Nil if the file does not say.
  public let model: ModelReference?
  /// Of this engine; nil for other programs.
  public let engineVersion: String?
  /// A1111's text as it stands.
  public let parameters: String?
  /// What was done to enlarge the picture afterwards.
  public let upscaling: [UpscaleRecord]
  /// What is not understood or not sure.
  public let notices: [Notice]

  /// - Throws: `DarkroomError` of kind `request` if the file cannot be read or tells nothing.
  public init(fromPicture path: String) throws {
    try self.init(contents: InputFile.read(picture: path), name: path)
  }

  /// - Parameter path: what the picture is called in errors.
  /// - Throws: as `init(fromPicture:)`.
  public init(contents: [UInt8], name path: String) throws {
    let metadata: PictureMetadata
    do {
      metadata = try PictureMetadata.read(from: contents)
    } catch let error as any DescribedError {
      throw error.described.ofPicture(path)
    }
    (parameters, upscaling) = (metadata.parameters, metadata.upscaling)
    let written = metadata.parameters.map { A1111Text($0) }
    let isOfCPP = written?.isOfStableDiffusionCPP == true
    let text = isOfCPP ? written?.inNamesOfA1111 : written
    if metadata.holdsRequest {
      let resolved: ResolvedRequest = try GenerationRequest.decode(metadata.json, path)
      (origin, request, notices) = (.darkroom, resolved.request, [])
      model = resolved.model ?? text?.model
      engineVersion = resolved.engineVersion ?? text?.engineVersion
    } else if let text, !text.fields.isEmpty {
      var leftOut: [String] = []
      request = try GenerationRequest(text, leftOut: &leftOut)
      (origin, model, engineVersion) = (
        isOfCPP ? .stableDiffusionCPP : .a1111, text.model, text.engineVersion
      )
      notices = text.notices(leftOut: leftOut)
    } else if let foreign = ForeignPicture(metadata) {
      throw DarkroomError(
        .request, field: path, help: "darkroom inspect shows what it tells",
        "is a picture of \(foreign.program.rawValue), whose requests are not drawn again here")
    } else {
      throw DarkroomError(.request, field: path, "holds no request of this engine and no text of A1111's")
    }
  }
}

extension InputFile {
  /// The bytes of a picture's file.
  /// - Throws: `DarkroomError` of kind `request`.
  static func read(picture path: String) throws -> [UInt8] {
    do {
      return try read(path)
    } catch let error as any DescribedError {
      throw error.described.ofPicture(path)
    }
  }
}

extension DarkroomError {
  /// The same about a picture that was to be read.
  func ofPicture(_ path: String) -> DarkroomError {
    DarkroomError(
      .request, field: field ?? path, found: found, expected: expected, help: help, message)
  }
}

extension A1111Text {
  fileprivate func notices(leftOut: [String]) -> [Notice] {
    var texts: [String] = []
    // With a second pass, that is the one that the strength belongs to.
    if self["Denoising strength"] != nil, !fields.contains(where: { $0.name.hasPrefix("Hires") }) {
      texts.append("drawn from another picture, which the text does not hold; --init names one")
    }
    if !leftOut.isEmpty { texts.append("not understood and left out: \(leftOut.joined(separator: ", "))") }
    return texts.map(Notice.init(description:))
  }

  fileprivate var model: ModelReference? {
    let fingerprint = self["Model hash"].flatMap { ModelFingerprint($0) }?.description
    guard let name = self["Model"] ?? fingerprint else { return nil }
    return ModelReference(name: name, fingerprint: fingerprint, vae: vae)
  }

  private var vae: VAEReference? {
    guard let name = self["VAE"] else { return nil }
    return VAEReference(
      name: ModelSource.name(name),
      fingerprint: self["VAE hash"].flatMap { ModelFingerprint($0) }?.description)
  }

  fileprivate var engineVersion: String? {
    let mark = "darkroom "
    return self["Version"].flatMap { $0.hasPrefix(mark) ? String($0.dropFirst(mark.count)) : nil }
  }
}

extension GenerationRequest {
  /// This request with some fields of another one, those that it leaves out too. What belongs to a field that is set
  /// anew goes: a sampler's eta, the place in a batch, and of a seed and a list of seeds the other one.
  /// - Parameter fields: their keys.
  package func overridden(by other: GenerationRequest, fields: Set<String>) -> GenerationRequest {
    var request = self
    if fields.contains("sampler") { request.eta = nil }
    if fields.contains("seed") { request.seeds = nil }
    if fields.contains("seeds") { (request.seed, request.count) = (nil, nil) }
    if let system = other.system { request.renameSampling(for: system) }
    if !fields.isDisjoint(with: ["count", "seeds", "batch_noise"]) { request.batchPlace = nil }
    for field in RequestField.all where fields.contains(field.key) {
      _ = field.set(field.value(in: other), in: &request, nil)
    }
    return request
  }

  /// Names of sampler and schedule are those of its system; another one knows the canonical names.
  private mutating func renameSampling(for system: System) {
    let own = self.system ?? .diffusers
    guard system != own else { return }
    if let named = sampler.flatMap({ try? own.sampler($0) }) {
      sampler = named.sampler.name
      schedule = schedule ?? named.schedule?.name
    }
    guard let old = schedule else { return }
    schedule = own.isAutomatic(old) ? nil : (try? own.schedule(old).name) ?? old
  }
}
