import Darkroom
import Foundation
import Pictures
import PipelineTestSupport
import TestSupport
import Testing

/// Pictures that are drawn beyond their sides.
@Suite struct OutpaintingTests {
  private let folder: FolderOfPictures

  init() throws { folder = try FolderOfPictures() }

  private func request(_ margins: Margins) throws -> GenerationRequest {
    var request = GenerationRequest(prompt: "a red boat")
    request.initPicture = InputPicture(file: try folder.gradient(40, 32))
    request.outpaint = margins
    (request.sampler, request.steps, request.seed, request.precision) = ("euler", 4, 5, .float32)
    return request
  }

  @Test(arguments: [GenerationRequest.System.diffusers, .a1111, .comfyui])
  func thePictureStaysAndTheRestIsDrawn(system: GenerationRequest.System) async throws {
    var request = try request(Margins(left: 16, right: 8, down: 24))
    (request.system, request.growMask) = (system, 0)
    let made = try await make(request)[0]
    #expect(made.width == 64 && made.height == 56)
    let picture = Picture(width: 64, height: 56, pixels: made.pixels)
    let start = try Picture.decode(file: folder.gradient(40, 32))
    #expect(picture.cropped(left: 16, top: 0, width: 40, height: 32) == start)
    let mirrored = start.extended(Margins(left: 16, right: 8, down: 24))
    let drawn = zip(picture.pixels, mirrored.pixels).count { $0 != $1 }
    #expect(drawn > 3 * (64 * 56 - 40 * 32) / 2)
    // The same again from what was written down.
    let written = try JSONDecoder().decode(
      ResolvedRequest.self, from: Data(made.request.canonicalJSON.utf8))
    #expect(written == made.request && written.outpaint == Margins(left: 16, right: 8, down: 24))
    #expect(try await make(written.request)[0].pixels == made.pixels)
  }

  /// Where nothing else is said, a border of the picture changes so that its edge does not show.
  @Test func theBorderIsFeathered() async throws {
    let made = try await make(request(Margins(left: 16, right: 8, down: 24)))[0]
    let picture = Picture(width: 64, height: 56, pixels: made.pixels)
    let start = try Picture.decode(file: folder.gradient(40, 32))
    func same(left: Int, top: Int, width: Int, height: Int) -> Bool {
      picture.cropped(left: left + 16, top: top, width: width, height: height)
        == start.cropped(left: left, top: top, width: width, height: height)
    }
    #expect(made.request.growMask == 16)
    #expect(same(left: 16, top: 0, width: 8, height: 16) && !same(left: 0, top: 0, width: 40, height: 32))
    #expect(!same(left: 0, top: 0, width: 8, height: 16) && !same(left: 16, top: 24, width: 8, height: 8))
  }

  @Test func aMaskWithinThePictureIsDrawnToo() async throws {
    var request = try request(Margins(up: 8))
    var mask = Picture(width: 40, height: 32, pixels: [UInt8](repeating: 0, count: 40 * 32 * 3))
    mask.replace(
      left: 8, top: 8, by: Picture(width: 16, height: 16, pixels: [UInt8](repeating: 255, count: 768)))
    try mask.write(to: folder.path("mask.png"), metadata: PictureMetadata())
    (request.mask, request.maskBlur) = (InputPicture(file: folder.path("mask.png")), 0)
    let made = try await make(request)[0]
    let inner = Picture(width: 40, height: 40, pixels: made.pixels)
      .cropped(left: 0, top: 8, width: 40, height: 32)
    let start = try Picture.decode(file: folder.gradient(40, 32))
    let masked = { (picture: Picture) in picture.cropped(left: 8, top: 8, width: 16, height: 16) }
    #expect(inner != start && masked(inner) != masked(start))
    var restored = inner
    restored.replace(left: 8, top: 8, by: masked(start))
    #expect(restored == start)
  }

  @Test func sidesGoOnAsInAMirror() {
    let row = Picture(width: 3, height: 1, pixels: [1, 1, 1, 2, 2, 2, 3, 3, 3])
    func levels(_ picture: Picture) -> [UInt8] {
      (0..<picture.pixels.count / 3).map { picture.pixels[3 * $0] }
    }
    #expect(levels(row.extended(Margins(left: 7, right: 4))) == [1, 1, 2, 3, 3, 2, 1, 1, 2, 3, 3, 2, 1, 1])
    let column = row.extended(Margins(up: 1, down: 1))
    #expect(column.height == 3 && levels(column) == [1, 2, 3, 1, 2, 3, 1, 2, 3])
    let framed = levels(row.framed(Margins(left: 1, down: 1)))
    #expect(framed == [255, 1, 2, 3, 255, 255, 255, 255])
  }

  @Test func whatIsNotPossibleIsNamed() throws {
    func refused(_ margins: Margins, _ change: (inout GenerationRequest) -> Void = { _ in }) -> String? {
      #expect(throws: DarkroomError.self) {
        var request = try self.request(margins)
        change(&request)
        _ = try TinyModel.pipeline().resolve(request)
      }?.description
    }
    #expect(
      refused(Margins(left: 5))?.hasPrefix("outpaint: 5,0,0,0 is not possible; expected pixels on the left")
        == true)
    #expect(refused(Margins())?.hasPrefix("outpaint: 0,0,0,0 is not possible") == true)
    #expect(refused(Margins(left: -8))?.hasPrefix("outpaint: ") == true)
    #expect(refused(Margins(left: .max))?.hasPrefix("outpaint: ") == true)
    #expect(refused(Margins(left: 2048))?.contains("at most 2048 a side, with the picture's 40x32") == true)
    #expect(
      refused(Margins(left: 64)) { $0.width = 64 }?.hasPrefix("width: leaves nothing of the picture") == true)
    #expect(
      refused(Margins(left: 8)) { $0.initPicture = nil }?.hasPrefix("outpaint: belongs to a picture") == true)
  }
}
