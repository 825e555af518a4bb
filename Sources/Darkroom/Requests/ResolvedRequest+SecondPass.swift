import Families

extension GenerationRequest {
  /// Clears what belongs to a second pass where there is none.
  /// - Throws: `DarkroomError` of kind `request` for an upscaler that is not known.
  mutating func completeSecondPass(for traits: ModelTraits) throws {
    guard Enlargement(upscaler) != nil else {
      throw DarkroomError(
        .request, field: "upscaler", found: upscaler ?? "",
        expected: Enlargement.names.joined(separator: ", "),
        help: NearNames.question(upscaler ?? "", among: Enlargement.names))
    }
    guard firstPass(traits) == nil else { return }
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
