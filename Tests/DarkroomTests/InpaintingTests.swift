import Darkroom
import Families
import Foundation
import Graph
import Pictures
import PipelineTestSupport
import Sampling
import TestSupport
import Testing

/// Parts of pictures that are drawn anew.
@Suite struct InpaintingTests {
  private let folder: FolderOfPictures

  init() throws { folder = try FolderOfPictures() }

  /// diffusers' pipeline with ordinary weights, from the same picture in [0, 1], which has more than 8 bits: its encoding
  /// stands in for ours.
  @Test(arguments: ["0.75", "1.0"]) func latentsAreDiffusers(_ strength: String) throws {
    let model = try TinyModel()
    let name = "inpaint4_ddim_seed42_steps10_str\(strength)"
    var request = try model.request(name)
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    request.mask = InputPicture(file: try folder.mask())
    let pipeline = try TinyModel.pipeline()
    let job = try pipeline.resolve(request)
    let made = try fromGoldenPicture(job, pipeline, model)
    #expect(try largestDifference(made.values.map(Float.init), model.golden(name)) <= 5e-4)
  }

  /// In every system what the mask does not name stays to the bit, and what it names does not.
  @Test(arguments: GenerationRequest.System.allCases, [(0, 0.5), (4, 1)])
  func theRestStays(system: GenerationRequest.System, settings: (blur: Int, strength: Double)) async throws {
    var request = try self.request()
    (request.system, request.maskBlur, request.strength) = (
      system, settings.blur, settings.strength
    )
    if system == .stability { request.sampler = "K_EULER" }
    let made = try await make(request)[0]
    let start = try Picture.decode(file: folder.gradient(64, 64))
    var changed = 0
    for y in 0..<64 {
      for x in 0..<64 {
        let pixel = 3 * (y * 64 + x)..<3 * (y * 64 + x) + 3
        let isSame = made.pixels[pixel] == start.pixels[pixel]
        let isMasked = (16..<48).contains(y) && (20..<52).contains(x)
        #expect(isSame || isMasked, "\(x), \(y)")
        changed += isSame ? 0 : 1
      }
    }
    #expect(changed > (settings.blur == 0 ? 900 : 600), "\(changed)")
  }

  @Test func aBlackMaskChangesNothing() async throws {
    var request = try self.request()
    request.mask = InputPicture(file: try folder.write(64, 64, level: 0, "black.png", blue: 0))
    let made = try await make(request)[0]
    #expect(try made.pixels == Picture.decode(file: folder.gradient(64, 64)).pixels)
    #expect(try TinyModel.pipeline().resolve(request).withoutEffect.map(\.field) == ["mask"])
  }

  /// A part of a large picture is worked on at the model's size; the rest stays to the bit, at its own.
  @Test func onlyTheMaskedAreaIsWorkedOn() async throws {
    var request = try self.request()
    request.initPicture = InputPicture(file: try folder.gradient(201, 119))
    var mask = Picture(width: 201, height: 119, pixels: [UInt8](repeating: 0, count: 201 * 119 * 3))
    mask.replace(
      left: 150, top: 5, by: Picture(width: 20, height: 10, pixels: [UInt8](repeating: 255, count: 600)))
    try mask.write(to: folder.path("small.png"), metadata: PictureMetadata())
    request.mask = InputPicture(file: folder.path("small.png"))
    (request.inpaintArea, request.maskPadding, request.maskBlur) = (.masked, 8, 0)
    let made = try await make(request)[0]
    #expect(made.width == 201 && made.height == 119 && made.request.width == 64 && made.request.height == 64)
    let start = try Picture.decode(file: folder.gradient(201, 119))
    func masked(_ picture: Picture) -> Picture { picture.cropped(left: 150, top: 5, width: 20, height: 10) }
    var restored = Picture(width: 201, height: 119, pixels: made.pixels)
    #expect(zip(masked(restored).pixels, masked(start).pixels).count { $0 != $1 } > 500)
    restored.replace(left: 150, top: 5, by: masked(start))
    #expect(restored == start)
    let written = try JSONDecoder().decode(
      ResolvedRequest.self, from: Data(made.request.canonicalJSON.utf8))
    #expect(written == made.request)
    #expect(try await make(written.request)[0].pixels == made.pixels)
    request.mask = InputPicture(file: try folder.write(201, 119, level: 0, "black.png", blue: 0))
    let black = await #expect(throws: DarkroomError.self) { try await make(request) }
    #expect(black?.description == "mask: is black; expected white where inpaint_area masked draws")
  }

  /// What stands in the masked part shows at less strength, and the rest stays.
  @Test(arguments: [GenerationRequest.System.diffusers, .comfyui])
  func fillsOfMasks(system: GenerationRequest.System) async throws {
    var request = try self.request()
    (request.system, request.strength, request.maskBlur) = (system, 0.3, 0)
    let start = try Picture.decode(file: folder.gradient(64, 64))
    var made: Set<[UInt8]> = []
    for fill in GenerationRequest.MaskFill.allCases {
      request.maskFill = fill
      let picture = try await make(request)[0]
      #expect(
        picture.pixels[0..<16 * 64 * 3] == start.pixels[0..<16 * 64 * 3] && picture.request.maskFill == fill)
      made.insert(picture.pixels)
    }
    #expect(made.count == 4)
    (request.system, request.strength) = (.diffusers, 1)
    #expect(try TinyModel.pipeline().resolve(request).withoutEffect.map(\.field) == ["mask_fill"])
  }

  @Test func partsHaveTheAspectOfTheirWork() {
    let small = Region(left: 10, top: 10, width: 20, height: 10)
    #expect(small.grown(by: 5) == Region(left: 5, top: 5, width: 30, height: 20))
    #expect(
      small.shaped(as: (64, 64), within: (100, 100)) == Region(left: 10, top: 5, width: 20, height: 20))
    #expect(
      small.shaped(as: (64, 128), within: (100, 100)) == Region(left: 10, top: 0, width: 20, height: 40))
    #expect(
      Region(left: -5, top: -5, width: 200, height: 20).shaped(as: (64, 64), within: (100, 80))
        == Region(left: 0, top: 0, width: 100, height: 80))
  }

  @Test func sharesOfMasks() throws {
    // One white pixel in the middle of 24x16, one of half.
    var pixels = [UInt8](repeating: 0, count: 24 * 16 * 3)
    for channel in 0..<3 {
      pixels[3 * (8 * 24 + 8) + channel] = 255
      pixels[3 * (0 * 24 + 0) + channel] = 127
    }
    let picture = Picture(width: 24, height: 16, pixels: pixels)
    let size = LatentSize(height: 2, width: 3)
    let mask = Mask(picture)
    #expect(mask.shares[8 * 24 + 8] == 1 && abs(mask.shares[0] - 127.0 / 255) < 1e-6)
    #expect(mask.latents(size, in: .diffusers) == [0, 0, 0, 0, 1, 0])
    #expect(mask.latents(size, in: .a1111) == [0, 0, 0, 0, 0, 0])
    #expect(abs(mask.latents(size, in: .comfyui)[4] - 1.0 / 64) < 1e-9)
    let grown = Mask(picture, grownBy: 3)
    #expect(grown.shares[5 * 24 + 5] == 1 && grown.shares[4 * 24 + 8] == 0 && grown.shares[11 * 24 + 11] == 1)
    // The fade lies within the mask.
    let faded = Mask(picture, grownBy: 6, fade: 4)
    let white = Picture(width: 24, height: 16, pixels: [UInt8](repeating: 255, count: pixels.count))
    let black = Picture(width: 24, height: 16, pixels: [UInt8](repeating: 0, count: pixels.count))
    let made = faded.composite(white, over: black)
    let row = (0..<24).map { made.pixels[3 * (8 * 24 + $0)] }
    #expect(row[8] > 200 && row[2] < 100 && row[1] == 0 && row[15] == 0)
  }

  @Test func masksAreNamedInErrors() async throws {
    var request = GenerationRequest(prompt: "a")
    request.mask = InputPicture(file: try folder.mask())
    let alone = #expect(throws: DarkroomError.self) { try TinyModel.pipeline().resolve(request) }
    #expect(
      alone?.description
        == "mask: belongs to a picture to start from, and there is none; expected init as well")
    request.mask = nil
    (request.maskBlur, request.growMask) = (3, 2)
    #expect(
      try TinyModel.pipeline().resolve(request).withoutEffect.map(\.field) == ["mask_blur", "grow_mask"])
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    request.mask = InputPicture(file: folder.path("none.png"))
    let missing = #expect(throws: DarkroomError.self) { try TinyModel.pipeline().resolve(request) }
    #expect(missing?.field?.hasPrefix("mask: ") == true)
  }

  @Test func whatIsWrittenDownMakesItAgain() async throws {
    let made = try await make(request())[0]
    let written = try JSONDecoder().decode(ResolvedRequest.self, from: Data(made.request.canonicalJSON.utf8))
    #expect(written == made.request && written.mask?.sha256 != nil && written.maskBlur == 4)
    #expect(written.strength == 1)
    #expect(try await make(written.request)[0].pixels == made.pixels)
  }

  private func request() throws -> GenerationRequest {
    var request = GenerationRequest(prompt: "a red boat")
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    request.mask = InputPicture(file: try folder.mask())
    (request.sampler, request.steps, request.seed) = ("euler", 4, 5)
    request.precision = .float32
    return request
  }
}
