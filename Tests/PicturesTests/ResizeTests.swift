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

  /// Level for level: a network judges what comes out.
  @Test(arguments: [(40, 23), (7, 5), (9, 30), (17, 20), (25, 11), (16, 6)])
  func bicubicIsPillows(width: Int, height: Int) throws {
    let picture = try Picture.decode(file: Fixtures.url("pictures/noise.png").path)
    let resized = picture.resized(width: width, height: height, by: .bicubic)
    let expected = try Fixtures.data("pictures/noise_\(width)x\(height)_bicubic.rgb")
    #expect(resized.pixels == Array(expected))
  }

  @Test(arguments: [(1, 1), (3, 200), (64, 64), (100, 7)])
  func oneColourStaysIt(width: Int, height: Int) {
    for (from, to) in [((64, 48), (width, height)), ((width, height), (31, 90))] {
      let pixels = (0..<(from.0 * from.1)).flatMap { _ in [0, 255, 77] as [UInt8] }
      let resized = Picture(width: from.0, height: from.1, pixels: pixels).resized(width: to.0, height: to.1)
      #expect(resized.pixels == (0..<(to.0 * to.1)).flatMap { _ in [0, 255, 77] as [UInt8] })
    }
  }

  /// By a whole factor, a pixel is the mean of the pixels that it covers, rounded to even.
  @Test func areasAreMeans() {
    let picture = Samples.noise(width: 12, height: 6)
    let small = picture.resized(width: 4, height: 3, by: .area)
    var means: [Double] = []
    for row in 0..<3 {
      for column in 0..<4 {
        for channel in 0..<3 {
          let levels = [0, 1].flatMap { y in
            [0, 1, 2].map { x in Int(picture.pixels[3 * (12 * (2 * row + y) + 3 * column + x) + channel]) }
          }
          means.append(Double(levels.reduce(0, +)) / 6)
        }
      }
    }
    #expect(zip(small.pixels, means).allSatisfy { abs(Double($0) - $1) <= 0.501 })
    #expect(
      picture.resized(width: 24, height: 18, by: .area).resized(width: 12, height: 6, by: .area) == picture)
  }

  /// A pixel that lies half in black and half in white is grey, and black stays black right beside it.
  @Test func areasDoNotOvershoot() {
    let pixels = (0..<6).flatMap { [UInt8](repeating: $0 < 3 ? 0 : 255, count: 3) }
    let picture = Picture(width: 6, height: 1, pixels: pixels)
    let levels = stride(from: 0, to: 12, by: 3).map {
      picture.resized(width: 4, height: 1, by: .area).pixels[$0]
    }
    #expect(levels == [0, 0, 255, 255])
    #expect(picture.resized(width: 3, height: 1, by: .area).pixels[3..<6] == [128, 128, 128])
    #expect(picture.resized(width: 60, height: 1).pixels.contains { (1...40).contains($0) })
    #expect(!picture.resized(width: 60, height: 1, by: .area).pixels.contains { (1...254).contains($0) })
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
