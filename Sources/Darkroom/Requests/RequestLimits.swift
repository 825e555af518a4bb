/// What the fields of a request may be, whatever the model. A server's limits may be tighter than `standard`.
public struct RequestLimits: Sendable, Equatable {
  public var steps = 1...150
  public var count = 1...1000
  public var guidanceScale = 0.0...100
  public var secondPassScale = 1.0...8
  public var pictureGuidanceScale = 1.0...100
  public var noiseLevel = 0...350
  /// Of `guidanceRescale`, `guidanceStart`, `guidanceEnd` and `eta`.
  public var share = 0.0...1
  public var clipSkip = 0...64
  /// Of `maskBlur`, `growMask` and `maskPadding`.
  public var maskPixels = 0...256
  /// Pixels of width and height, which are also multiples of `sideMultiple`.
  public var side = 8...2048
  public var sideMultiple = 8
  /// Unicode scalars of each prompt.
  public var promptCharacters = 10_000
  /// Further prompts, and the magnitude of their weights.
  public var prompts = 16
  public var promptWeight = 100.0
  /// Of `UpscaleRequest`, and pixels of its result.
  public var scale = 1.0...16
  public var upscaledPixels = 4096 * 4096

  /// The possible sides around one that is not possible, as a sentence's end.
  package func nearestSides(to side: Int, multiple: Int) -> String? {
    let least = (side.clamped(to: self.side) / multiple) * multiple
    let sides = [least, least + multiple].filter(self.side.contains)
    guard let first = sides.first, let last = sides.last else { return nil }
    return first == last || !self.side.contains(side)
      ? "the nearest is \(side > last ? last : first)" : "the nearest are \(first) and \(last)"
  }

  public static let standard = RequestLimits()

  public init() {}
}

extension Int {
  fileprivate func clamped(to range: ClosedRange<Int>) -> Int {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
