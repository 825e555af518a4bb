import Comparison
import Pictures
import Testing

@Suite struct PictureDistanceTests {
  private func grey(_ level: UInt8) -> Picture {
    Picture(width: 2, height: 2, pixels: [UInt8](repeating: level, count: 12))
  }

  @Test func psnrIsItsFormula() throws {
    // Every value differs by 10: 10 log10(255^2 / 10^2).
    #expect(abs(try PictureDistance.psnr(grey(100), grey(110)) - 28.130803608679102) < 1e-12)
    #expect(try PictureDistance.psnr(grey(7), grey(7)) == PictureDistance.highestPSNR)
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
    let wide = Picture(width: 4, height: 1, pixels: [UInt8](repeating: 0, count: 12))
    #expect(throws: ComparisonError.self) { try PictureDistance.psnr(grey(0), wide) }
  }
}
