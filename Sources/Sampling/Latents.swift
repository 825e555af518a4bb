/// Host numbers with a shape: the noisy picture that samplers work on, before the decoder sees it.
///
/// The values lie in torch's order `[batch, channels, height, width]`, so that noise fills them as in the
/// reference implementations. They are in double precision, since samplers of higher order take differences of
/// nearly equal pictures; next to a network their cost is nothing. Every operation works in place.
package struct Latents: Sendable, Equatable {
  package let batch: Int
  package let channels: Int
  package let height: Int
  package let width: Int
  /// `count` numbers, width fastest.
  package var values: [Double]

  /// Zeros of shape `[batch, channels, height, width]`.
  package init(batch: Int, channels: Int, height: Int, width: Int) {
    self.init(
      batch: batch, channels: channels, height: height, width: width,
      values: [Double](repeating: 0, count: batch * channels * height * width))
  }

  /// `values` in the order `[batch, channels, height, width]`.
  package init(batch: Int, channels: Int, height: Int, width: Int, values: [Double]) {
    precondition(
      min(batch, channels, height, width) > 0, "latents of \([batch, channels, height, width])")
    precondition(
      values.count == batch * channels * height * width,
      "\(values.count) values for latents of \([batch, channels, height, width])")
    self.batch = batch
    self.channels = channels
    self.height = height
    self.width = width
    self.values = values
  }

  /// Zeros of the same shape as `other`.
  package init(zerosLike other: Latents) {
    self.init(batch: other.batch, channels: other.channels, height: other.height, width: other.width)
  }

  /// Number of values.
  package var count: Int { batch * channels * height * width }
  /// Number of values of one picture.
  package var pictureCount: Int { channels * height * width }
  /// `[batch, channels, height, width]`.
  package var shape: [Int] { [batch, channels, height, width] }

  /// One picture of the batch as latents of batch 1 (a copy).
  package func picture(_ index: Int) -> Latents {
    precondition((0..<batch).contains(index), "picture \(index) of a batch of \(batch)")
    let start = index * pictureCount
    return Latents(
      batch: 1, channels: channels, height: height, width: width,
      values: Array(values[start..<start + pictureCount]))
  }

  /// Whether `other` has the same extents; unlike comparing `shape`, it allocates nothing.
  package func hasSameShape(as other: Latents) -> Bool {
    batch == other.batch && channels == other.channels && height == other.height
      && width == other.width
  }

  /// `self = factor * self`.
  package mutating func scale(by factor: Double) {
    values.withUnsafeMutableBufferPointer { Elementwise.scale($0, by: factor) }
  }

  /// `self = own * self + factor * other`.
  package mutating func combine(_ own: Double, adding factor: Double, of other: Latents) {
    precondition(hasSameShape(as: other), "latents of \(shape) and \(other.shape)")
    values.withUnsafeMutableBufferPointer { mine in
      other.values.withUnsafeBufferPointer {
        Elementwise.combine(mine, own, adding: factor, of: $0)
      }
    }
  }

  /// Brings the clean picture in `self` to a noise level: `alpha * self + sigma * noise`.
  package mutating func addNoise(_ noise: Latents, at level: NoiseLevel) {
    combine(level.alpha, adding: level.sigma, of: noise)
  }
}
