import Foundation
import Pictures
import SystemFiles
import TestSupport
import Testing

/// Pictures made by `scripts/fixtures/pictures/make_pictures.py`, which also says what they decode to.
@Suite struct DecodeTests {
  @Test(
    arguments: [
      "grey.png", "grey_alpha.png", "alpha.png", "alpha.webp", "sixteen.png", "palette.png",
      "beside.webp",
    ] + (1...8).map { "turned\($0).png" })
  func decodesLosslessFiles(name: String) throws {
    let picture = try decode(name)
    #expect(picture.pixels == (try expected(name)))
    let turned = ["beside.webp", "turned5.png", "turned6.png", "turned7.png", "turned8.png"]
    #expect(picture.width == (turned.contains(name) ? 11 : 17))
  }

  @Test(arguments: ["baseline.jpg", "progressive.jpg", "luminance.jpg", "cmyk.jpg", "aside.jpg"])
  func decodesJPEG(name: String) throws {
    let picture = try decode(name)
    let differences = zip(picture.pixels, try expected(name)).map { abs(Int($0) - Int($1)) }
    #expect(differences.count == 17 * 11 * 3 && differences.max() ?? 255 <= 1)
    #expect(picture.width == (name == "aside.jpg" ? 11 : 17))
  }

  @Test(arguments: [PictureFormat.png, .jpeg, .webp])
  func checksTheSizeBeforeThePixels(format: PictureFormat) throws {
    // Truncated after the header: only the header can have been looked at.
    let file = try Samples.noise(width: 40, height: 30).encoded(as: format)
    let header = Array(file.prefix(format == .jpeg ? 800 : 60))
    for limits in [PictureLimits(pixels: 1199), PictureLimits(side: 39)] {
      #expect(throws: PictureError.tooLarge(width: 40, height: 30, limits)) {
        try Picture.decode(format == .jpeg ? file : header, limits: limits)
      }
    }
    #expect(try Picture.decode(file, limits: PictureLimits(pixels: 1200, side: 40)).width == 40)
  }

  @Test func refusesABomb() throws {
    // The header of a 1x1 PNG, changed to 60000x60000 with its checksum.
    var file = try Samples.picture(width: 1, height: 1).encoded(as: .png)
    file.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
    file.replaceSubrange(29..<33, with: [0x0F, 0xB0, 0xE2, 0x15])
    #expect(throws: PictureError.tooLarge(width: 60_000, height: 60_000, PictureLimits())) {
      try Picture.decode(file)
    }
  }

  @Test func refusesOtherFiles() {
    for text in ["", "GIF89a", "P6 1 1 255 abc", "RIFF....WAVE", "<svg/>"] {
      #expect(throws: PictureError.unknownFormat) { try Picture.decode(Array(text.utf8)) }
    }
    #expect(throws: FileError.self) { try Picture.decode(file: "/dev/null") }
    #expect(throws: FileError.self) { try Picture.decode(file: "/nowhere/a.png") }
    #expect(throws: FileError.self) { try Picture.decode(file: "/tmp") }
  }

  @Test(arguments: [
    "alpha.png", "sixteen.png", "palette.png", "progressive.jpg", "cmyk.jpg", "aside.jpg",
    "alpha.webp", "beside.webp",
  ])
  func survivesDamage(name: String) throws {
    let file = Array(try Fixtures.data("pictures/\(name)"))
    for length in file.indices {
      #expect(throws: (any Error).self, "\(length) bytes") {
        // What follows the pixels may be missing: PNG's end and WebP's EXIF.
        let picture = try Picture.decode(Array(file.prefix(length)))
        if picture.pixels == (try expected(name)) { throw PictureError.unknownFormat }
      }
    }
    for bit in 0..<(8 * file.count) {
      var damaged = file
      damaged[bit / 8] ^= 1 << (bit % 8)
      _ = try? Picture.decode(damaged, limits: PictureLimits(pixels: 100_000))
    }
  }

  private func decode(_ name: String) throws -> Picture {
    try Picture.decode(Array(try Fixtures.data("pictures/\(name)")))
  }

  private func expected(_ name: String) throws -> [UInt8] {
    let stem = name.prefix { $0 != "." }
    return Array(try Fixtures.data("pictures/\(stem).rgb"))
  }
}
