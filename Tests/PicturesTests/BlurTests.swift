import Foundation
import Pictures
import TestSupport
import Testing

@Suite struct BlurTests {
  @Test(arguments: [(1, 1), (3, 90), (100, 80)]) func oneColourStaysIt(width: Int, height: Int) {
    let pixels = (0..<width * height).flatMap { _ in [0, 255, 77] as [UInt8] }
    let picture = Picture(width: width, height: height, pixels: pixels)
    #expect(picture.blurred() == picture)
  }

  /// An edge becomes the integral of the Gauss curve, whether a small picture is blurred in its place or not.
  @Test(arguments: [64, 160]) func anEdgeFadesAsWideAsItShould(side: Int) {
    let row = (0..<side).flatMap { [UInt8](repeating: $0 < side / 2 ? 0 : 255, count: 3) }
    let picture = Picture(width: side, height: side, pixels: (0..<side).flatMap { _ in row })
    let blurred = picture.blurred()
    let deviation = Double(side) / 16
    let differences = (0..<side).map { column in
      let distance = Double(column - side / 2) + 0.5
      let expected = 127.5 * (1 + erf(distance / (deviation * 2.squareRoot())))
      let found = Double(blurred.pixels[3 * (side / 2 * side + column)])
      return abs(found - expected)
    }
    #expect(differences.max() ?? 255 <= 4)
  }

  /// No detail is left: neighbours are nearly alike.
  @Test func nothingCanBeReadInIt() {
    let blurred = Samples.noise(width: 150, height: 130).blurred()
    #expect(blurred.width == 150 && blurred.height == 130)
    let steps = zip(blurred.pixels, blurred.pixels.dropFirst(3)).enumerated()
      .filter { $0.offset / 3 % 150 != 149 }.map { abs(Int($0.element.0) - Int($0.element.1)) }
    #expect(steps.max() ?? 255 <= 3)
  }
}
