import FoundationEssentials
import Pictures

/// What a picture's file tells about how the picture was made.
public struct PictureRecord: Sendable {
  /// Who wrote the request down.
  public enum Origin: String, Codable, Sendable {
    /// This engine.
    case darkroom
    /// A1111's web UI, or a program that writes its text.
    case a1111
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
  /// What is not understood or not sure.
  public let notices: [Notice]

  /// - Throws: `DarkroomError` of kind `request` if the file cannot be read or tells nothing.
  public init(fromPicture path: String) throws {
    let metadata: PictureMetadata
    do {
      metadata = try PictureMetadata.read(file: path)
    } catch let error as any DescribedError {
      throw DarkroomError(.request, error.described.description)
    }
    parameters = metadata.parameters
    let text = metadata.parameters.map { A1111Text($0) }
    if metadata.json != nil {
      let resolved = try ResolvedRequest.read(fromPicture: path)
      (origin, request, notices) = (.darkroom, resolved.request, [])
      model = resolved.model ?? text?.model
      engineVersion = resolved.engineVersion ?? text?.engineVersion
    } else if let text, !text.fields.isEmpty {
      var leftOut: [String] = []
      request = try GenerationRequest(text, leftOut: &leftOut)
      (origin, model, engineVersion) = (.a1111, text.model, text.engineVersion)
      notices =
        leftOut.isEmpty
        ? [] : [Notice(description: "not understood and left out: \(leftOut.joined(separator: ", "))")]
    } else {
      throw DarkroomError(.request, field: path, "holds no request of this engine and no text of A1111's")
    }
  }
}

extension A1111Text {
  fileprivate var model: ModelReference? {
    let fingerprint = self["Model hash"].flatMap { ModelFingerprint($0) }?.description
    guard let name = self["Model"] ?? fingerprint else { return nil }
    return ModelReference(name: name, fingerprint: fingerprint)
  }

  fileprivate var engineVersion: String? {
    let mark = "darkroom "
    return self["Version"].flatMap { $0.hasPrefix(mark) ? String($0.dropFirst(mark.count)) : nil }
  }
}

extension GenerationRequest {
  /// This request with every field that another one sets, but for its prompt. What belongs to a field that is set anew
  /// goes: a sampler's eta, the place in a batch, and of a seed and a list of
  /// seeds the other one.
  package func overridden(by other: GenerationRequest) -> GenerationRequest {
    var request = self
    if other.sampler != nil { request.eta = nil }
    if other.seed != nil { request.seeds = nil }
    if other.seeds != nil { (request.seed, request.count) = (nil, nil) }
    if other.count != nil || other.seeds != nil || other.batchNoise != nil { request.batchPlace = nil }
    for field in RequestField.all where field.key != FieldKey.prompt.stringValue {
      let value = field.value(in: other)
      if value != .null { _ = field.set(value, in: &request, nil) }
    }
    return request
  }
}
