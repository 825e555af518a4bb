import Foundation
import Pictures
import TestSupport
import Testing

@Suite struct ResizeTests {
  /// Pillow rounds to 8 bits between the passes, too, so some values are a level off.
  @Test(arguments: [(40, 23), (7, 5), (9, 30), (17, 20), (25, 11)])
  func isPillows(width: Int, height: Int) throws {
    let picture = try Picture.decode(file: Fixtures.url("pictures/noise.png").path)
    let resized = picture.resized(width: width, height: height)
    #expect(resized.width == width && resized.height == height)
    let expected = try Fixtures.data("pictures/noise_\(width)x\(height).rgb")
    try #require(resized.pixels.count == expected.count)
    let differences = zip(resized.pixels, expected).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 255 <= 1)
  }

  @Test(arguments: [(1, 1), (3, 200), (64, 64), (100, 7)])
  func oneColourStaysIt(width: Int, height: Int) {
    for (from, to) in [((64, 48), (width, height)), ((width, height), (31, 90))] {
      let pixels = (0..<(from.0 * from.1)).flatMap { _ in [0, 255, 77] as [UInt8] }
      let resized = Picture(width: from.0, height: from.1, pixels: pixels).resized(width: to.0, height: to.1)
      #expect(resized.pixels == (0..<(to.0 * to.1)).flatMap { _ in [0, 255, 77] as [UInt8] })
    }
  }

  @Test func theSameSizeIsTheSamePicture() {
    let picture = Samples.noise(width: 9, height: 7)
    #expect(picture.resized(width: 9, height: 7) == picture)
  }

  /// Twice as large and back, a picture is nearly what it was, and no pixel moves.
  @Test func thereAndBack() {
    let picture = Samples.picture(width: 32, height: 24)
    let back = picture.resized(width: 64, height: 48).resized(width: 32, height: 24)
    #expect(zip(picture.pixels, back.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 3 })
  }

  @Test func encodableIsTheInverseOfDecoded() throws {
    let picture = Samples.noise(width: 16, height: 16)
    #expect(picture.encodable.min() ?? 0 >= -1 && picture.encodable.max() ?? 0 <= 1)
    #expect(try Picture(decoded: picture.encodable.span, width: 16, height: 16) == picture)
    #expect(Picture(width: 1, height: 1, pixels: [0, 255, 51]).encodable == [-1, 1, -0.6])
  }
}
