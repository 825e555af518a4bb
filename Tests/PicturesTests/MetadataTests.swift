import Foundation
import Pictures
import TestSupport
import Testing

@Suite struct MetadataTests {
  static let formats: [PictureFormat] = PictureFormat.allCases

  @Test(arguments: formats, Samples.texts)
  func readsBackWhatWasWritten(format: PictureFormat, text: String) throws {
    let picture = Samples.noise(width: 5, height: 4)
    for metadata in [
      PictureMetadata(parameters: text, json: "{\"prompt\": \"\(text)\"}"),
      PictureMetadata(parameters: text), PictureMetadata(json: text), PictureMetadata(),
    ] {
      let file = try picture.encoded(as: format, metadata: metadata)
      let read = try PictureMetadata.read(from: file)
      // Scalars, since equal strings may be composed differently.
      #expect(scalars(read.parameters) == scalars(metadata.parameters))
      #expect(scalars(read.json) == scalars(metadata.json))
      #expect(try Picture.decode(file) == Picture.decode(picture.encoded(as: format)))
    }
  }

  /// Files made by `scripts/fixtures/pictures/make_pictures.py`.
  @Test(arguments: ["text.png", "text_big.jpg", "text_rewritten.jpg", "text_little.webp"])
  func readsOtherProgramsFiles(name: String) throws {
    let metadata = try PictureMetadata.read(from: Array(try Fixtures.data("pictures/\(name)")))
    #expect(
      metadata.parameters
        == "a castle, Ölgemälde\nNegative prompt: 雨\nSteps: 20, Sampler: Euler a, Seed: 1")
    #expect(metadata.json == nil)
  }

  /// Compressed, behind the pixels, and UTF-8 where Latin-1 belongs: other programs write all of these.
  @Test func readsEveryKindOfText() throws {
    let file = try Samples.picture(width: 1, height: 1).encoded(as: .png)
    let text = "a castle, Ölgemälde, 雨"
    let latin1: [UInt8] = Array("caf".utf8) + [0xE9]
    let international = Array("parameters\0\u{1}\0de\0Angaben\0".utf8)
    let end = file.count - 12
    let compressed = PNGChunks.compressed("zTXt", "parameters", Array("plain".utf8))
    for (expected, read) in [
      ("plain", PNGChunks.inserting(compressed, into: file)),
      ("plain", Array(file[..<end]) + compressed + file[end...]),
      ("café", PNGChunks.inserting(PNGChunks.compressed("zTXt", "parameters", latin1), into: file)),
      (text, PNGChunks.inserting(PNGChunks.text("parameters", text), into: file)),
      (
        text,
        PNGChunks.inserting(
          PNGChunks.chunk("iTXt", international + PNGChunks.deflated(Array(text.utf8))), into: file)
      ),
    ] {
      #expect(try PictureMetadata.read(from: read).parameters == expected)
    }
  }

  /// Texts under the same keyword again and again, and all of them together, may not grow beyond the limit.
  @Test func compressedTextsAreBoundedTogether() throws {
    let file = try Samples.picture(width: 1, height: 1).encoded(as: .png)
    let large = [UInt8](repeating: 0x20, count: PictureMetadata.longestBlock / 2 + 1)
    func read(_ keywords: [String]) throws -> PictureMetadata {
      let chunks = keywords.flatMap { PNGChunks.compressed("zTXt", $0, large) }
      return try PictureMetadata.read(from: PNGChunks.inserting(chunks, into: file))
    }
    #expect(try read(["Comment", "Comment", "Author"]).others["Comment"]?.utf8.count == large.count)
    #expect(throws: PictureError.self) { try read(["Comment", "parameters"]) }
  }

  @Test func readsLatin1() throws {
    let file = Array(try Fixtures.data("pictures/text_latin1.png"))
    #expect(try PictureMetadata.read(from: file).parameters == "plain é")
  }

  @Test(arguments: ["grey.png", "baseline.jpg", "aside.jpg", "alpha.webp", "turned6.png"])
  func filesWithoutMetadataHaveNone(name: String) throws {
    let file = Array(try Fixtures.data("pictures/\(name)"))
    #expect(try PictureMetadata.read(from: file) == PictureMetadata())
  }

  @Test func latin1TextIsAPlainChunk() throws {
    let picture = Samples.picture(width: 1, height: 1)
    let kinds = ["café": "tEXt", "雨": "iTXt", "\0": "iTXt"]
    for (text, kind) in kinds {
      let file = try picture.encoded(as: .png, metadata: PictureMetadata(parameters: text))
      #expect(Array(file[37..<52]) == Array("\(kind)parameters\0".utf8))
    }
  }

  @Test(arguments: formats)
  func refusesTooLongMetadata(format: PictureFormat) throws {
    let long = PictureMetadata(json: String(repeating: "x", count: PictureMetadata.longestBlock))
    #expect(throws: PictureError.self) {
      try Samples.picture(width: 1, height: 1).encoded(as: format, metadata: long)
    }
  }

  @Test(arguments: formats)
  func truncatedFilesAreErrorsOrGiveTheSame(format: PictureFormat) throws {
    let metadata = PictureMetadata(parameters: "Steps: 20, 雨", json: "{\"steps\": 20}")
    let file = try Samples.picture(width: 3, height: 3).encoded(as: format, metadata: metadata)
    for length in file.indices {
      let read = try? PictureMetadata.read(from: Array(file.prefix(length)))
      // Only JPEG's reader stops before the end, at the pixels.
      #expect(read == nil || (format == .jpeg && read == metadata), "\(length) bytes")
    }
  }

  @Test(arguments: formats)
  func survivesDamage(format: PictureFormat) throws {
    let metadata = PictureMetadata(parameters: "Steps: 20, 雨", json: "{\"steps\": 20}")
    let file = try Samples.picture(width: 3, height: 3).encoded(as: format, metadata: metadata)
    for bit in 0..<(8 * file.count) {
      var damaged = file
      damaged[bit / 8] ^= 1 << (bit % 8)
      let read = try? PictureMetadata.read(from: damaged)
      // A checksum guards PNG's text: it is right, or hidden by a damaged chunk type, or an error.
      guard format == .png, let read else { continue }
      #expect(read.parameters == nil || read.parameters == metadata.parameters)
      #expect(read.json == nil || read.json == metadata.json)
    }
    for byte in file.indices {
      for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
        var damaged = file
        damaged.replaceSubrange(byte..<min(byte + 4, file.count), with: Array(repeating: value, count: 4))
        _ = try? PictureMetadata.read(from: damaged)
      }
    }
  }

  @Test func boundsTheWalk() throws {
    let png = try Samples.picture(width: 1, height: 1).encoded(as: .png)
    // An empty chunk with a right checksum of its type.
    let chunk: [UInt8] = [0, 0, 0, 0, 0x74, 0x49, 0x4D, 0x45, 0xF9, 0x33, 0xDA, 0xCF]
    for (count, fails) in [(998, false), (999, true)] {
      let many = png[..<33] + Array(repeating: chunk, count: count).joined() + png[33...]
      #expect(fails == ((try? PictureMetadata.read(from: Array(many))) == nil))
    }
    let jpeg = try Samples.picture(width: 1, height: 1).encoded(as: .jpeg)
    let segments = Array(repeating: [0xFF, 0xE2, 0, 2] as [UInt8], count: 1001).joined()
    #expect(throws: PictureError.self) {
      try PictureMetadata.read(from: Array(jpeg[..<20] + segments + jpeg[20...]))
    }
    #expect(throws: PictureError.self) { try PictureMetadata.read(from: [0xFF, 0xD8] + segments) }
  }

  @Test func namesTheByte() throws {
    var file = try Samples.picture(width: 1, height: 1)
      .encoded(as: .png, metadata: PictureMetadata(parameters: "abc"))
    file[33 + 8 + 11] ^= 1  // the "a"
    let error = PictureError.malformed(.png, byte: 37, expected: "chunk tEXt with its checksum")
    #expect(throws: error) { try PictureMetadata.read(from: file) }
    #expect("\(error)" == "malformed PNG at byte 37: expected chunk tEXt with its checksum")
  }

  private func scalars(_ text: String?) -> [Unicode.Scalar]? {
    text.map { Array($0.unicodeScalars) }
  }
}
