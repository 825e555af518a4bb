extension Picture {
  /// The picture so blurred that only its large areas of colour can be told: by a Gauss curve whose deviation is a sixteenth
  /// of the shorter side.
  package func blurred() -> Picture {
    let deviation = Double(min(width, height)) / 16
    // A blurred picture has no detail, so a small one can be blurred instead.
    let factor = max(1, (deviation / Self.smallDeviation).rounded(.down))
    let small = resized(
      width: max(1, Int(Double(width) / factor)), height: max(1, Int(Double(height) / factor)), by: .area)
    return small.blurred(deviation: deviation / factor).resized(width: width, height: height, by: .bicubic)
  }

  /// In pixels: below, the pixels of the small picture would be seen.
  private static let smallDeviation = 4.0

  private func blurred(deviation: Double) -> Picture {
    var result = pixels
    for channel in 0..<3 {
      let values = stride(from: channel, to: pixels.count, by: 3).map { Float(pixels[$0]) }
      let plane = Plane(width: width, height: height, values: values).blurred(deviation: deviation)
      for (index, value) in plane.values.enumerated() {
        result[3 * index + channel] = UInt8(max(0, min(255, value.rounded(.toNearestOrEven))))
      }
    }
    return Picture(width: width, height: height, pixels: result)
  }
}
