import Foundation
import Pictures
import TestSupport
import Testing

/// Files that are cut off or changed at random are read or refused, and never trap.
@Suite struct BrokenFileTests {
  /// Of every format and kind, with profiles, EXIF and text.
  private static let names = [
    "grey_alpha.png", "sixteen.png", "palette.png", "turned6.png", "text.png", "p3.png", "light.png",
    "grey_gamma.png", "baseline.jpg", "progressive.jpg", "luminance.jpg", "cmyk.jpg", "aside.jpg",
    "adobe.jpg",
    "inks.jpg", "text_big.jpg", "text_rewritten.jpg", "alpha.webp", "beside.webp", "p3_alpha.webp",
    "text_little.webp",
  ]

  private static func files() throws -> [[UInt8]] {
    let picture = Samples.picture(width: 24, height: 16)
    let metadata = PictureMetadata(parameters: "Steps: 20, 雨", json: "{\"steps\": 20}")
    let texts =
      PNGChunks.compressed("zTXt", "Comment", Array("{\"seed\": 1}".utf8))
      + PNGChunks.chunk("iTXt", Array("workflow\0\u{1}\0\0\0".utf8) + PNGChunks.deflated(Array("{}".utf8)))
    return try names.map { Array(try Fixtures.data("pictures/\($0)")) } + [
      PNGChunks.inserting(texts, into: picture.encoded(as: .png, metadata: metadata)),
      picture.encoded(as: .jpeg, metadata: metadata), picture.encoded(as: .webp, metadata: metadata),
      picture.encoded(as: .webp, lossless: true, metadata: metadata),
    ]
  }

  /// Everything that reads a file. Sizes that a broken header tells are kept small.
  private func read(_ file: [UInt8]) {
    _ = try? Picture.decode(file, limits: PictureLimits(pixels: 20_000))
    _ = try? PictureMetadata.read(from: file)
  }

  @Test func filesChangedAtRandom() throws {
    let files = try Self.files()
    var mutations = Mutations()
    for _ in 0..<Mutations.count(usual: 4000) {
      let file = mutations.broken(mutations.any(of: files))
      // With right checksums, damage comes further into PNG's readers.
      read(mutations.any(of: [file, PNGChunks.mended(file)]))
    }
  }

  @Test(arguments: PictureFormat.allCases) func filesCutOffAtEvery64thByte(format: PictureFormat) throws {
    let picture = Samples.noise(width: 96, height: 72)
    let file = try picture.encoded(as: format, metadata: PictureMetadata(parameters: "a", json: "{}"))
    for length in stride(from: 0, to: file.count, by: 64) {
      let cut = Array(file.prefix(length))
      _ = try? PictureMetadata.read(from: cut)
      // What follows the pixels may be missing.
      let decoded = try? Picture.decode(cut)
      #expect(decoded == nil || file.count - length < 200, "\(length) of \(file.count) bytes")
    }
  }
}
