import Families
import Testing

@Suite struct SecondPassRuleTests {
  private let rule = SecondPassRule()

  private func firstPass(_ width: Int, _ height: Int, native: Int = 512, factor: Int = 8) -> [Int]? {
    rule.firstPass(width: width, height: height, nativeSide: native, factor: factor).map {
      [$0.width, $0.height]
    }
  }

  /// Up to one and a half times the native side and area a picture is drawn at once.
  @Test(arguments: [(512, 512), (8, 8), (768, 512), (512, 768), (768, 8), (624, 624), (608, 640)])
  func notLarge(width: Int, height: Int) {
    #expect(firstPass(width, height) == nil)
  }

  @Test(arguments: [
    (1024, 1024, 512, 512), (2048, 2048, 512, 512), (768, 768, 512, 512), (640, 624, 520, 504),
    (776, 512, 632, 416), (512, 776, 416, 632), (1024, 768, 592, 440), (800, 400, 728, 360),
    // Strips: as long as is useful, not as long as their native area would be.
    (776, 256, 768, 256), (1024, 256, 768, 192), (2048, 64, 768, 24), (64, 2048, 24, 768), (2048, 8, 768, 8),
  ])
  func large(width: Int, height: Int, first: Int, second: Int) {
    #expect(firstPass(width, height) == [first, second])
  }

  @Test func otherModels() {
    #expect(firstPass(512, 512, native: 256) == [256, 256])
    #expect(firstPass(512, 384, native: 256) == [296, 224])
    #expect(firstPass(384, 256, native: 256) == nil)
    #expect(firstPass(1024, 1024, native: 1024, factor: 16) == nil)
    #expect(firstPass(2048, 1536, native: 1024, factor: 16) == [1184, 880])
    #expect(firstPass(64, 64, native: 8) == [8, 8])
  }

  @Test(arguments: [64, 72, 256, 512, 768, 1024]) func sizesOfAllRequests(native: Int) {
    for width in stride(from: 8, through: 2048, by: 40) {
      for height in stride(from: 8, through: 2048, by: 24) {
        let (longer, area) = (max(width, height), width * height)
        let isLarge = 2 * longer > 3 * native || 2 * area > 3 * native * native
        guard let first = firstPass(width, height, native: native) else {
          #expect(!isLarge, "\(width)x\(height)")
          continue
        }
        #expect(isLarge, "\(width)x\(height)")
        #expect(first.allSatisfy { $0 > 0 && $0 % 8 == 0 } && first[0] <= width && first[1] <= height)
        #expect(firstPass(first[0], first[1], native: native) == nil, "\(width)x\(height): \(first)")
        // The aspect, each side rounded to a multiple of 8.
        let scale = min(
          Double(native) / Double(area).squareRoot(), 1.5 * Double(native) / Double(longer))
        #expect(abs(Double(first[0]) - scale * Double(width)) <= 8)
        #expect(abs(Double(first[1]) - scale * Double(height)) <= 8)
      }
    }
  }

  @Test(arguments: [(1.0, 0.4), (1.5, 0.4), (2, 0.4), (4, 0.2), (8, 0.1)])
  func largeEnlargementsKeepMore(scale: Double, strength: Double) {
    #expect(abs(rule.strength(enlarging: scale) - strength) < 1e-12)
  }
}
