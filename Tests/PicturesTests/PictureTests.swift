import Pictures
import TestSupport
import Testing

@Suite struct PictureTests {
  @Test func roundsAsDiffusersDoes() throws {
    // numpy: (np.clip(np.float32(x) / 2 + np.float32(0.5), 0, 1) * 255).round()
    let values: [Float] = [-1, 1, 0, -0.99, 0.5, 0.003, -7, 7, 0.0117647, -0.0039215, 0.9999, 0.25]
    let picture = try Picture(decoded: values.span, width: 2, height: 2)
    #expect(picture.pixels == [0, 255, 128, 1, 191, 128, 0, 255, 129, 127, 255, 159])
  }

  @Test func roundsTiesToEven() throws {
    // Exactly 127.5, 128.5, 200.5 and 252.5 of 255 in single precision, and -1 and 1.
    let values: [Float] = [0, 0.00784313, 0.572549, 0.9803921, -1, 1]
    let picture = try Picture(decoded: values.span, width: 2, height: 1)
    #expect(picture.pixels == [128, 128, 200, 252, 0, 255])
  }

  @Test func reportsValuesThatAreNotFinite() throws {
    var values = [Float](repeating: 0, count: 4 * 3 * 3)
    values[(2 * 4 + 1) * 3 + 2] = .nan
    values[(2 * 4 + 3) * 3] = -.infinity
    let expected = PictureError.notFinite(count: 2, of: 36, row: 2, column: 1, channel: 2)
    #expect(throws: expected) { try Picture(decoded: values.span, width: 4, height: 3) }
    #expect("\(expected)".contains("2 of 36") && "\(expected)".contains("row 2, column 1, channel 2"))
  }

  @Test(arguments: [(1, 1), (7, 5), (64, 48), (257, 3)])
  func losslessFormatsKeepEveryPixel(width: Int, height: Int) throws {
    for picture in [
      Samples.picture(width: width, height: height), Samples.noise(width: width, height: height),
    ] {
      #expect(try Picture.decode(picture.encoded(as: .png)) == picture)
      #expect(try Picture.decode(picture.encoded(as: .webp, lossless: true)) == picture)
    }
  }

  @Test func lossyFormatsKeepThePictureNearly() throws {
    let picture = Samples.picture(width: 64, height: 48)
    for (format, quality, largest) in [(PictureFormat.jpeg, 95, 6), (.jpeg, 100, 3), (.webp, 95, 16)] {
      let decoded = try Picture.decode(picture.encoded(as: format, quality: quality))
      #expect(decoded.width == 64 && decoded.height == 48)
      let differences = zip(picture.pixels, decoded.pixels).map { abs(Int($0) - Int($1)) }
      #expect(differences.max() ?? 255 <= largest, "\(format) \(quality)")
    }
  }

  @Test func jpegKeepsColourAtFullResolution() throws {
    // Red and green columns of one pixel each, of equal lightness: 4:2:0 would mix them.
    let pixels = (0..<(32 * 32)).flatMap { $0 % 2 == 0 ? [200, 40, 60] : [20, 131, 60] as [UInt8] }
    let picture = Picture(width: 32, height: 32, pixels: pixels)
    let decoded = try Picture.decode(picture.encoded(as: .jpeg))
    let differences = zip(pixels, decoded.pixels).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 255 <= 12)
  }

  @Test func qualityChangesTheSize() throws {
    let picture = Samples.noise(width: 64, height: 64)
    for format in [PictureFormat.jpeg, .webp] {
      let small = try picture.encoded(as: format, quality: 20).count
      #expect(try small * 2 < picture.encoded(as: format, quality: 95).count)
    }
    for quality in [0, 101, -1, Int.max] {
      #expect(throws: PictureError.quality(quality)) {
        try picture.encoded(as: .jpeg, quality: quality)
      }
    }
  }

  @Test func encodersRefuseWhatTheFormatCannotHold() throws {
    let long = Picture(width: 70_000, height: 1, pixels: Array(repeating: 9, count: 210_000))
    #expect(try Picture.decode(long.encoded(as: .png), limits: PictureLimits(side: 70_000)) == long)
    for format in [PictureFormat.jpeg, .webp] {
      let error = #expect(throws: PictureError.self) { try long.encoded(as: format) }
      #expect("\(String(describing: error))".contains(format == .jpeg ? "65500" : "16383"))
    }
  }

  @Test func theEndingNamesTheFormat() throws {
    #expect(try PictureFormat(fileName: "a.png") == .png)
    #expect(try PictureFormat(fileName: "dir.png/a.JPG") == .jpeg)
    #expect(try PictureFormat(fileName: "a.b.Jpeg") == .jpeg)
    #expect(try PictureFormat(fileName: ".WEBP") == .webp)
    for name in ["a", "a.gif", "png", "a.png ", "a.png/b", ""] {
      let error = #expect(throws: PictureError.unknownEnding(file: name)) {
        try PictureFormat(fileName: name)
      }
      for ending in [".png", ".jpg", ".jpeg", ".webp"] {
        #expect(error?.description.contains(ending) == true)
      }
    }
  }

  @Test func writesTheFormatOfTheEnding() throws {
    let folder = try TemporaryFolder()
    let picture = Samples.noise(width: 9, height: 9)
    let metadata = PictureMetadata(parameters: "a", json: "{}")
    for (name, format) in [("a.png", PictureFormat.png), ("b.JPG", .jpeg), ("c.webp", .webp)] {
      let path = "\(folder.path)/\(name)"
      try picture.write(to: path, lossless: true, metadata: metadata)
      #expect(try PictureMetadata.read(file: path) == metadata)
      let decoded = try Picture.decode(file: path)
      #expect(format == .jpeg || decoded == picture)
      let bytes = try picture.encoded(as: format, lossless: true, metadata: metadata)
      #expect(try PictureFormat(contents: bytes) == format)
    }
    #expect(folder.names == ["a.png", "b.JPG", "c.webp"])
    #expect(throws: PictureError.self) { try picture.write(to: "\(folder.path)/d.gif") }
    #expect(folder.names.count == 3)
  }
}
