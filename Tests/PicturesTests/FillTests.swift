import Pictures
import Testing

/// Parts of pictures that are filled from what is around them.
@Suite struct FillTests {
  private static let (width, height) = (32, 24)
  private let gradient: Picture
  /// The gradient with a white hole.
  private let holed: Picture
  private var shares = [Float](repeating: 0, count: width * height)

  init() {
    var (plain, white): ([UInt8], [UInt8]) = ([], [])
    for y in 0..<Self.height {
      for x in 0..<Self.width {
        let colour = [UInt8(8 * x), UInt8(10 * y), 90]
        let isHole = (8..<16).contains(x) && (8..<16).contains(y)
        plain += colour
        white += isHole ? [255, 255, 255] : colour
        if isHole { shares[y * Self.width + x] = 1 }
      }
    }
    gradient = Picture(width: Self.width, height: Self.height, pixels: plain)
    holed = Picture(width: Self.width, height: Self.height, pixels: white)
  }

  /// A hole in a gradient closes smoothly; what is known stays to the bit.
  @Test func holesAreFilledFromTheirEdges() {
    let filled = holed.filled(shares).pixels
    for index in filled.indices {
      let difference = abs(Int(filled[index]) - Int(gradient.pixels[index]))
      #expect(difference <= (shares[index / 3] == 0 ? 0 : 40), "\(index)")
    }
    #expect(filled[Self.middle] == 90)
  }

  @Test func sharesFillInPart() {
    let half = holed.filled(shares.map { $0 / 2 }).pixels[Self.middle]
    #expect(half > 90 && half < 255)
  }

  /// A part that is brighter than what is around it is shifted to meet it.
  @Test func partsMeetTheirSurroundings() {
    let brighter = Picture(
      width: Self.width, height: Self.height, pixels: gradient.pixels.map { $0 > 225 ? 255 : $0 + 30 })
    let met = brighter.meeting(gradient, at: shares).pixels
    for index in met.indices where shares[index / 3] == 1 {
      #expect(abs(Int(met[index]) - Int(gradient.pixels[index])) <= 1, "\(index)")
    }
  }

  @Test func nothingKnownIsLeftAlone() {
    #expect(gradient.filled([Float](repeating: 1, count: shares.count)) == gradient)
    #expect(gradient.filled([Float](repeating: 0, count: shares.count)) == gradient)
  }

  /// Blue, in the hole.
  private static let middle = 3 * (12 * width + 12) + 2
}
