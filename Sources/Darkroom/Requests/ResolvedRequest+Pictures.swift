import Families
import Pictures

extension GenerationRequest {
  /// The strength of image to image where a request names none, as in diffusers.
  static let usualStrength = 0.8

  /// Completes what belongs to the picture that the request starts from: its content, the size and the strength.
  mutating func completeInput(for model: ModelDescription) throws {
    guard let input = initPicture else {
      strength = nil
      return
    }
    let read = try input.read(FieldKey.initPicture.stringValue)
    initPicture?.sha256 = read.sha256
    strength = strength ?? Self.usualStrength
    let size = model.size(width: width, height: height, of: read.picture)
    (width, height) = (size.width, size.height)
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
