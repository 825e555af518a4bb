import Foundation
import Pictures
import SystemFiles
import TestSupport
import Testing

/// Files that would take far more memory than they have bytes are refused, or their bomb ignored, before it is taken.
@Suite struct PictureBombTests {
  private static let most = 64 << 20

  @Test(arguments: Bomb.allCases) func isRefusedBeforeMemoryIsTaken(bomb: Bomb) async {
    await #expect(processExitsWith: .success) { [bomb] in
      let file = try bomb.file()
      var refusal = ""
      let taken = try memoryTaken {
        do {
          _ = try Picture.decode(file)
          _ = try PictureMetadata.read(from: file)
        } catch {
          refusal = "\(error)"
        }
      }
      #expect(taken < Self.most && file.count < 10 << 20)
      #expect(bomb.refusal.isEmpty ? refusal.isEmpty : refusal.contains(bomb.refusal), "\(refusal)")
    }
  }

  /// What may be decoded takes more, so that the measure is one; and it does not take long.
  @Test func legalPicturesAreRead() async {
    await #expect(processExitsWith: .success) {
      let picture = Picture(width: 4096, height: 4096, pixels: [UInt8](repeating: 9, count: 3 << 24))
      let files = [try picture.encoded(as: .png), try Bomb.scans(100, side: 4096)]
      for file in files {
        let start = ContinuousClock.now
        #expect(try memoryTaken { _ = try Picture.decode(file) } > Self.most)
        #expect(start.duration(to: .now) < .seconds(60))
      }
    }
  }
}

/// The most bytes that this process had at once beyond those that it has now.
private func memoryTaken(by body: () throws -> Void) throws -> Int {
  func peak() throws -> Int { try #require(SystemTable.number("VmHWM", in: "/proc/self/status")) }
  // Makes the peak what is there now (proc(5)).
  try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
  let before = try peak()
  try body()
  return try peak() - before
}

enum Bomb: String, CaseIterable, Codable, Sendable {
  case side, interlaced, jpegSide, webpSide, scans, profile, text, otherText, manyChunks, longChunk

  /// What is said; nothing if the picture is read all the same.
  var refusal: String {
    switch self {
    case .side, .jpegSide: "a picture of 60000x60000 pixels"
    case .interlaced, .webpSide: "a picture of 16000x16000 pixels"
    case .scans: "more than 100 scans"
    case .profile, .otherText: ""
    case .text: "a text compressed by zlib, of at most 8388608 bytes"
    case .manyChunks: "more than 1000 chunks"
    case .longChunk: "a chunk tIME of 9437184 bytes"
    }
  }

  func file() throws -> [UInt8] {
    let picture = Picture(width: 1, height: 1, pixels: [1, 2, 3])
    let png = try picture.encoded(as: .png)
    return switch self {
    case .side: Self.header(png, side: 60_000)
    case .interlaced: Self.header(png, side: 16_000, bits: 16, isInterlaced: true)
    case .jpegSide: try Self.sized(picture.encoded(as: .jpeg), side: 60_000)
    case .webpSide: Self.webp(side: 16_000)
    case .scans: try Self.scans(101, side: 4096)
    case .profile: PNGChunks.inserting(PNGChunks.compressed("iCCP", "x", Self.zeros), into: png)
    case .text: PNGChunks.inserting(PNGChunks.compressed("zTXt", "parameters", Self.zeros), into: png)
    case .otherText: PNGChunks.inserting(PNGChunks.compressed("zTXt", "Author", Self.zeros), into: png)
    case .manyChunks:
      PNGChunks.inserting((0..<1001).flatMap { _ in PNGChunks.chunk("tIME", []) }, into: png)
    case .longChunk: PNGChunks.inserting(PNGChunks.chunk("tIME", Array(Self.zeros[..<(9 << 20)])), into: png)
    }
  }

  private static var zeros: [UInt8] { [UInt8](repeating: 0, count: 100 << 20) }

  /// A PNG file whose header tells another size.
  private static func header(
    _ png: [UInt8], side: Int, bits: UInt8 = 8, isInterlaced: Bool = false
  ) -> [UInt8] {
    var file = png
    for place in [16, 20] { file.replaceSubrange(place..<place + 4, with: bigEndian(side)) }
    file[24] = bits
    file[28] = isInterlaced ? 1 : 0
    return PNGChunks.mended(file)
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// A JPEG file whose frame, tells another size.
  private static func sized(_ jpeg: [UInt8], side: Int) throws -> [UInt8] {
    let frame = jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && [0xC0, 0xC2].contains(jpeg[$0 + 1]) }
    let place = try #require(frame) + 5
    var file = jpeg
    file.replaceSubrange(place..<place + 4, with: bigEndian(side).suffix(2) + bigEndian(side).suffix(2))
    return file
  }

  /// A progressive JPEG file of a legal size that repeats its first scan. Its coefficients alone take 100 MB.
  static func scans(_ count: Int, side: Int) throws -> [UInt8] {
    let file = try sized(Array(Fixtures.data("pictures/progressive.jpg")), side: side)
    let first = try #require(file.firstRange(of: [0xFF, 0xDA])).lowerBound
    let next = try #require(file[first...].firstRange(of: [0xFF, 0xC4])).lowerBound
    var repeated = Array(file[..<first])
    for _ in 0..<count { repeated += file[first..<next] }
    return repeated + [0xFF, 0xD9]
  }

  /// The header of a lossless WebP file: 14 bits for each side, less one.
  private static func webp(side: Int) -> [UInt8] {
    let bits = (side - 1) | (side - 1) << 14
    let size = [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: bits >> $0) }
    let body = [0x2F] + size + [UInt8](repeating: 0, count: 15)
    return Array("RIFF".utf8) + [32, 0, 0, 0] + Array("WEBPVP8L".utf8) + [20, 0, 0, 0] + body
  }
}
