import SamplerComparison
import Foundation
import Pictures
import TestSupport
import Testing

@Suite struct PictureDistanceTests {
  struct Case: Decodable {
    let width: Int
    let height: Int
    let kind: String
    let psnr: Double
    let ssim: Double
  }

  /// scikit-image's figures; the pictures are those of scripts/fixtures/comparison/make_distances.py.
  @Test func distancesAreScikitImages() throws {
    let cases = try JSONDecoder().decode([Case].self, from: Fixtures.data("comparison/distances.json"))
    try #require(cases.count == 9)
    for item in cases {
      let (picture, other) = Self.pair(item)
      #expect(abs(try PictureDistance.psnr(picture, other) - item.psnr) < 1e-9)
      #expect(abs(try PictureDistance.ssim(picture, other) - item.ssim) < 1e-9)
      #expect(try PictureDistance.ssim(picture, other) == PictureDistance.ssim(other, picture))
      #expect(try PictureDistance.psnr(picture, other) == PictureDistance.psnr(other, picture))
      #expect(abs(try PictureDistance.ssim(picture, picture) - 1) < 1e-12)
    }
  }

  @Test func psnrIsItsFormula() throws {
    // Every value differs by 10: 10 log10(255^2 / 10^2).
    #expect(abs(try PictureDistance.psnr(grey(100), grey(110)) - 28.130803608679102) < 1e-12)
    #expect(try PictureDistance.psnr(grey(7), grey(7)) == PictureDistance.highestPSNR)
    #expect(try PictureDistance.psnr(grey(0), grey(255)) == 0)
  }

  /// In flat pictures variances are 0 and only the means' term is left.
  @Test func ssimOfFlatPicturesIsItsFormula() throws {
    let c1 = 6.5025
    let expected = (2 * 100 * 110 + c1) / (100 * 100 + 110 * 110 + c1)
    #expect(abs(try PictureDistance.ssim(grey(100), grey(110)) - expected) < 1e-9)
  }

  @Test func rmseIsItsFormula() throws {
    #expect(try LatentDistance.rmse([1.0, 2, 3, 4], [1, 2, 3, 6]) == 1)
    #expect(try LatentDistance.rmse([Float(1), 2], [4, 6]) == (12.5).squareRoot())
    #expect(throws: ComparisonError.latents(count: 1, otherCount: 2)) {
      try LatentDistance.rmse([1.0], [1, 2])
    }
    #expect(throws: ComparisonError.latents(count: 0, otherCount: 0)) {
      try LatentDistance.rmse([Float](), [])
    }
  }

  @Test func otherSizesAreRefused() {
    let wide = Picture(width: 22, height: 10, pixels: [UInt8](repeating: 0, count: 660))
    #expect(throws: ComparisonError.self) { try PictureDistance.psnr(grey(0), wide) }
    #expect(throws: ComparisonError.self) { try PictureDistance.ssim(grey(0), wide) }
    #expect(throws: ComparisonError.self) { try PictureDistance.ssim(wide, wide) }
  }

  private func grey(_ level: UInt8) -> Picture {
    Picture(width: 13, height: 11, pixels: [UInt8](repeating: level, count: 13 * 11 * 3))
  }

  private static func pair(_ item: Case) -> (Picture, Picture) {
    var values: [Int] = []
    var changed: [Int] = []
    for y in 0..<item.height {
      for x in 0..<item.width {
        for value in [x * 7 + y * 3, x * x + y * 11, x * y + 40].map({ $0 % 256 }) {
          values.append(value)
          switch item.kind {
          case "noisy": changed.append(max(0, min(255, value + (x * 37 + y * 91) % 41 - 20)))
          case "darker": changed.append(value * 3 / 4)
          default: changed.append(255 - value)
          }
        }
      }
    }
    return (
      Picture(width: item.width, height: item.height, pixels: values.map { UInt8($0) }),
      Picture(width: item.width, height: item.height, pixels: changed.map { UInt8($0) })
    )
  }
}
