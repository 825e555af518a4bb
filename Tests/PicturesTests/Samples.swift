import Pictures

enum Samples {
  /// Smooth, and different in every corner.
  static func picture(width: Int, height: Int) -> Picture {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        pixels += [
          UInt8(255 * x / width), UInt8(255 * y / height), UInt8(255 * (x + y) / (width + height)),
        ]
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  /// Values without any order.
  static func noise(width: Int, height: Int) -> Picture {
    var state: UInt64 = 1
    let pixels = (0..<(width * height * 3)).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  static let texts = [
    "a photo of a cat",
    "",
    "Ölgemälde, café\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 1",
    "Ã© is Latin-1, and UTF-8 of another text",
    "雨の街 🐈\u{200D}⬛ e\u{301} \u{FEFF}\u{FFFE} Ā",
    "NUL \0 and control \u{1} \u{85} \r\n\t",
    String(repeating: "长\"<&\\", count: 30_000),
  ]
}
