import Darkroom
import Foundation
import Pictures

extension Pipeline {
  package func picture(_ request: GenerationRequest) throws -> Picture {
    let job = try resolve(request)
    return try decode(latents(request), reserve(job))
  }
}

extension Picture {
  /// Peak signal to noise ratio in decibels; infinite for equal pictures.
  package func psnr(from other: Picture) -> Double {
    let squares = zip(pixels, other.pixels).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    return 10 * log10(255 * 255 * Double(pixels.count) / squares)
  }
}
