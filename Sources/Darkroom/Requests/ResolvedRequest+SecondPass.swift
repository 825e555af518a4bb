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
    func side(_ large: Int) -> Int {
      let multiple = traits.sideMultiple
      return multiple * max(1, Int((Double(large) / secondPassScale / Double(multiple)).rounded()))
    }
    return (side(width), side(height))
  }
}

extension ResolvedRequest {
  /// The size of the first of two passes; nil if there is one pass.
  func firstPass(_ traits: ModelTraits) -> (width: Int, height: Int)? { request.firstPass(traits) }
}
