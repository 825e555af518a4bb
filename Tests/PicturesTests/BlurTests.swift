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
    for column in 0..<side {
      let distance = Double(column - side / 2) + 0.5
      let expected = 127.5 * (1 + erf(distance / (deviation * 2.squareRoot())))
      let found = Double(blurred.pixels[3 * (side / 2 * side + column)])
      #expect(abs(found - expected) <= 4, "\(column): \(found), not \(expected)")
    }
  }

  /// No detail is left: neighbours are nearly alike, and stripes are grey.
  @Test func nothingCanBeReadInIt() {
    let blurred = Samples.noise(width: 150, height: 130).blurred()
    #expect(blurred.width == 150 && blurred.height == 130)
    let steps = zip(blurred.pixels, blurred.pixels.dropFirst(3)).enumerated()
      .filter { $0.offset / 3 % 150 != 149 }.map { abs(Int($0.element.0) - Int($0.element.1)) }
    #expect(steps.max() ?? 255 <= 3)
    let stripes = Picture(
      width: 128, height: 128,
      pixels: (0..<128 * 128).flatMap { [UInt8](repeating: $0 % 8 < 4 ? 0 : 255, count: 3) })
    let grey = stripes.blurred().pixels.enumerated().filter { (24..<104).contains($0.offset / 3 % 128) }
    #expect(grey.allSatisfy { (120...135).contains($0.element) })
  }
}
