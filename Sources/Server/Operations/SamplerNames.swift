import Darkroom

/// What clients call samplers: the hosted API's names, A1111's, and those of diffusers' classes, in any case.
enum SamplerNames {
  /// - Throws: `Refusal` with the hosted API's names.
  static func set(_ name: String, in request: inout GenerationRequest) throws {
    guard Catalogue.hasSampler(name) else {
      throw Refusal(
        .request, field: "sampler", "must be one of \(StabilityV1.samplers.joined(separator: ", "))")
    }
    request.sampler = name
  }
}
