import Foundation
import Pictures
import TestSupport
import Testing

/// Pictures made by `scripts/fixtures/pictures/make_profiles.py`, which also says what they decode to.
@Suite struct ProfileTests {
  private func read(_ name: String) throws -> (picture: Picture, profile: ProfileUse) {
    try Picture.decodeWithProfile(Array(try Fixtures.data("pictures/\(name)")))
  }

  private func distance(_ picture: Picture, _ name: String) throws -> Int {
    let expected = try Fixtures.data("pictures/\(name.prefix { $0 != "." }).rgb")
    try #require(picture.pixels.count == expected.count)
    return zip(picture.pixels, expected).map { abs(Int($0) - Int($1)) }.max() ?? 255
  }

  /// A wide screen with and without alpha, linear light in 16 bits, grey, a JPEG whose profile stands in two segments
  /// of the wrong order, and inks by a table.
  @Test(arguments: [
    ("p3.png", 1), ("p3_alpha.webp", 1), ("light.png", 1), ("grey_gamma.png", 1), ("adobe.jpg", 2),
    ("inks.jpg", 2),
  ])
  func coloursBecomeThoseOfSRGB(name: String, most: Int) throws {
    let (picture, profile) = try read(name)
    #expect(profile == .applied)
    #expect(try distance(picture, name) <= most)
  }

  @Test func aProfileOfSRGBChangesNothing() throws {
    let (picture, profile) = try read("srgb.png")
    #expect(profile == .sRGB)
    #expect(try distance(picture, "srgb.png") == 0)
    #expect(try read("grey.png").profile == ProfileUse.none)
  }

  /// Without its profile, each of these pictures is another one.
  @Test(arguments: ["p3.png", "light.png", "grey_gamma.png"])
  func withoutTheProfileColoursDiffer(name: String) throws {
    let file = Array(try Fixtures.data("pictures/\(name)"))
    let plain = try Picture.decodeWithProfile(file.replacing(Array("iCCP".utf8), with: Array("iCCx".utf8)))
    #expect(plain.profile == ProfileUse.none)
    #expect(try distance(plain.picture, name) > 8)
  }

  /// Grey files may have a profile of colours: of linear light, it says the same as one of grey.
  @Test func greyGoesThroughAProfileOfColours() throws {
    let light = Array(try Fixtures.data("pictures/light.png"))
    let start = try #require(light.firstRange(of: Array("iCCP".utf8))).lowerBound - 4
    let end = try #require(light.firstRange(of: Array("IDAT".utf8))).lowerBound - 4
    for name in ["grey.png", "grey_alpha.png"] {
      let file = Array(try Fixtures.data("pictures/\(name)"))
      let (picture, profile) = try Picture.decodeWithProfile(
        PNGChunks.inserting(Array(light[start..<end]), into: file))
      #expect(profile == .applied)
      guard name == "grey.png" else { continue }
      for (level, stored) in zip(picture.pixels, try Picture.decode(file).pixels) {
        let light = Double(stored) / 255
        let encoded = light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055
        #expect(abs(Double(level) - 255 * encoded) <= 1)
      }
    }
  }

  /// Of grey for colours, of no class of pictures, cut off, none at all, and another text.
  @Test func anUnfitProfileIsIgnored() throws {
    let picture = Samples.noise(width: 9, height: 7)
    let file = try picture.encoded(as: .png)
    let screen = try profile("p3")
    var link = screen
    link.replaceSubrange(12..<16, with: "link".utf8)
    let grey = try profile("grey_gamma")
    for bytes in [grey, link, Array(screen.prefix(200)), [], Array("hello".utf8)] {
      let read = try Picture.decodeWithProfile(
        PNGChunks.inserting(PNGChunks.compressed("iCCP", "x", bytes), into: file))
      #expect(read.profile == (bytes.isEmpty ? .none : .unfit) && read.picture == picture, "\(bytes.count)")
    }
  }

  @Test func damagedChunksAndSegmentsAreIgnored() throws {
    let file = Array(try Fixtures.data("pictures/p3.png"))
    let place = try #require(file.firstRange(of: Array("iCCP".utf8))).upperBound
    for offset in [0, 40, 90] {
      var damaged = file
      damaged[place + offset] ^= 0x20
      #expect(try Picture.decodeWithProfile(damaged).profile == .unfit)
      #expect(throws: Never.self) { try Picture.decodeWithProfile(PNGChunks.mended(damaged)) }
    }
    var jpeg = Array(try Fixtures.data("pictures/adobe.jpg"))
    let number = try #require(jpeg.firstRange(of: Array("ICC_PROFILE\0".utf8))).upperBound
    jpeg[number] = 1  // both are the first
    #expect(try Picture.decodeWithProfile(jpeg).profile == .unfit)
  }

  /// A profile that would grow without end is not decompressed further than a profile may be large.
  @Test func aBombIsIgnored() throws {
    let picture = Samples.noise(width: 9, height: 7)
    for (size, isRead) in [(PictureMetadata.longestBlock, true), (PictureMetadata.longestBlock + 1, false)] {
      var bytes = try profile("p3")
      bytes += [UInt8](repeating: 0, count: size - bytes.count)
      let chunk = PNGChunks.compressed("iCCP", "x", bytes)
      #expect(chunk.count < 20_000)
      let read = try Picture.decodeWithProfile(PNGChunks.inserting(chunk, into: picture.encoded(as: .png)))
      #expect(read.profile == (isRead ? .applied : .unfit))
      #expect(isRead || read.picture == picture)
    }
  }

  private func profile(_ name: String) throws -> [UInt8] {
    Array(try Fixtures.data("pictures/\(name).icc"))
  }
}
