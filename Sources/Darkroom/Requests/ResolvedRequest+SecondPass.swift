import Families

extension GenerationRequest {
  /// Names the upscaler by its content, or clears what belongs to a second pass where there is none.
  /// - Throws: `DarkroomError` of kind `model` for an upscaler that is not here or another one.
  mutating func completeSecondPass(for traits: ModelTraits) throws {
    guard firstPass(traits) == nil else {
      upscaler = try Enlargement(upscaler).completed(upscaler)
      return
    }
    (secondPassScale, secondPassSteps, secondPassStrength, upscaler) = (nil, nil, nil, nil)
  }

  /// The size of the first of two passes; nil if there is one pass.
  fileprivate func firstPass(_ traits: ModelTraits) -> (width: Int, height: Int)? {
    guard secondPass != .never, initPicture == nil, let width, let height else { return nil }
    guard let secondPassScale else { return traits.firstPass(width: width, height: height) }
    return (
      Self.firstSide(of: width, secondPassScale, traits.sideMultiple),
      Self.firstSide(of: height, secondPassScale, traits.sideMultiple)
    )
  }

  /// A side of the first pass, for one of the second.
  package static func firstSide(of large: Int, _ scale: Double, _ multiple: Int) -> Int {
    multiple * max(1, Int((Double(large) / scale / Double(multiple)).rounded()))
  }
}

extension ResolvedRequest {
  /// The size of the first of two passes; nil if there is one pass.
  func firstPass(_ traits: ModelTraits) -> (width: Int, height: Int)? { request.firstPass(traits) }
}
