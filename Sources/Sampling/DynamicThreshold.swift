/// Saharia et al., "Photorealistic Text-to-Image Diffusion Models with Deep Language Understanding" (2022), section 2.3:
/// `thresholding` of diffusers. Values of a picture's estimate beyond a quantile are cut, the others scaled with it.
package struct DynamicThreshold: Sendable, Equatable {
  /// `dynamic_thresholding_ratio`: the share of a picture's values that lie below the quantile.
  package var share = 0.995
  /// `sample_max_value`: the most that the quantile may be. It is 1 at least, unless this is less.
  package var largest = 1.0

  package init() {}

  /// Pictures of a batch by themselves.
  func apply(to clean: inout Latents) {
    let size = clean.pictureCount
    clean.values.withUnsafeMutableBufferPointer { values in
      for start in stride(from: 0, to: values.count, by: size) {
        apply(to: UnsafeMutableBufferPointer(rebasing: values[start..<start + size]))
      }
    }
  }

  private func apply(to picture: UnsafeMutableBufferPointer<Double>) {
    let sorted = picture.map(abs).sorted()
    // Linear between two values, as torch.quantile.
    let place = share * Double(sorted.count - 1)
    let low = min(Int(place), sorted.count - 1)
    let high = min(low + 1, sorted.count - 1)
    let quantile = sorted[low] + (place - Double(low)) * (sorted[high] - sorted[low])
    let bound = min(max(quantile, 1), largest)
    for index in picture.indices { picture[index] = min(max(picture[index], -bound), bound) / bound }
  }
}
