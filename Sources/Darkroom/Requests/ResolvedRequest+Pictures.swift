import Families
import Pictures

extension GenerationRequest {
  /// The strength of image to image where a request names none, as in diffusers.
  static let usualStrength = 0.8
  static let usualMaskBlur = 4

  /// Completes what belongs to the pictures that the request starts from: their content, the size and the strength.
  mutating func completePictures(for model: ModelDescription) throws {
    guard let initPicture else {
      guard mask == nil else {
        throw DarkroomError(
          .request, field: FieldKey.mask.stringValue, expected: "init as well",
          "belongs to a picture to start from, and there is none")
      }
      (strength, maskBlur, growMask) = (nil, nil, nil)
      return
    }
    let read = try initPicture.read(FieldKey.initPicture.stringValue)
    self.initPicture?.sha256 = read.sha256
    strength = strength ?? (mask == nil ? Self.usualStrength : 1)
    let size = model.size(width: width, height: height, of: read.picture)
    (width, height) = (size.width, size.height)
    let maskHash = try mask?.read(FieldKey.mask.stringValue).sha256
    mask?.sha256 = maskHash
    maskBlur = mask.map { _ in maskBlur ?? Self.usualMaskBlur }
    growMask = mask.map { _ in growMask ?? 0 }
  }
}

extension ResolvedRequest {
  /// The picture to start from at the request's size, and its mask; nil without one.
  func startingPicture() throws -> (picture: Picture, mask: Mask?)? {
    guard let initPicture else { return nil }
    let picture = try initPicture.read(FieldKey.initPicture.stringValue).picture
    func sized(_ other: Picture) -> Picture {
      other.resized(width: picture.width, height: picture.height)
        .covering(width: self.width, height: self.height)
    }
    let mask = try request.mask.map { input in
      Mask(
        sized(try input.read(FieldKey.mask.stringValue).picture), grownBy: request.growMask ?? 0,
        fade: request.maskBlur ?? GenerationRequest.usualMaskBlur)
    }
    return (sized(picture), mask)
  }
}

extension ModelDescription {
  /// The size of a picture that is made from another one: its own, at most what the model draws well, with its aspect
  /// where one side is given.
  fileprivate func size(width: Int?, height: Int?, of picture: Picture) -> (width: Int, height: Int) {
    let aspect = Double(picture.width) / Double(picture.height)
    let limits = RequestLimits.standard.side
    func side(_ pixels: Double) -> Int {
      let multiple = sideMultiple
      let rounded = Int((pixels.clamped(to: 1...1e6) / Double(multiple)).rounded()) * multiple
      return min(max(rounded, multiple), limits.upperBound / multiple * multiple)
    }
    switch (width, height) {
    case (let width?, let height?): return (width, height)
    case (let width?, nil): return (width, side(Double(width) / aspect))
    case (nil, let height?): return (side(Double(height) * aspect), height)
    case (nil, nil):
      let own = (side(Double(picture.width)), side(Double(picture.height)))
      return traits.firstPass(width: own.0, height: own.1) ?? own
    }
  }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
