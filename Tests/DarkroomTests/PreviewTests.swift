import CPUBackend
import Darkroom
import Families
import Foundation
import Models
import Pictures
import PipelineTestSupport
import Sampling
import Synchronization
import TestSupport
import Testing

/// What is told of pictures that are still being sampled.
@Suite struct PreviewTests {
  private func request(count: Int = 1, side: Int = 64) -> GenerationRequest {
    var request = GenerationRequest(prompt: "a red circle on a blue background")
    (request.width, request.height, request.steps, request.seed) = (side, side, 3, 1)
    (request.count, request.precision, request.sampler) = (count, .float32, "euler")
    return request
  }

  private struct Made {
    var previews: [GenerationPreview] = []
    var pictures: [GeneratedPicture] = []
    var notices: [Notice] = []
  }

  private func make(_ request: GenerationRequest, _ model: ModelSource = .builtIn) async throws -> Made {
    let engine = try Engine(device: .cpu, threads: 2)
    _ = try await engine.load(model)
    let made = Mutex(Made())
    try await engine.generate(
      request, notice: { notice in made.withLock { $0.notices.append(notice) } },
      preview: { preview in made.withLock { $0.previews.append(preview) } },
      finished: { picture in made.withLock { $0.pictures.append(picture) } })
    return made.withLock { $0 }
  }

  /// What is no number is black.
  @Test func oneColourALatentPixel() {
    let colours = PreviewColours(red: [1, 0], green: [0, -0.5], blue: [0.25, 0.25], bias: [0, 0.5, -1])
    let values: [Double] = [0, 1, -2, 0.5, .nan, 0, 0, -1, 3, 0.5, 0, .infinity]
    var latents = Latents(batch: 2, channels: 2, height: 1, width: 3)
    for (index, value) in values.enumerated() { latents.values[index] = .init(value) }
    // The first picture is of 0, 1, -2 and 0.5, nan, 0; the second of 0, -1, 3 and 0.5, 0, infinity.
    #expect(colours.pixels(of: latents, picture: 0) == [128, 159, 16, 0, 0, 0, 0, 191, 0])
    #expect(colours.pixels(of: latents, picture: 1) == [128, 159, 16, 0, 191, 0, 0, 0, 255])
  }

  /// Each step tells all pictures of the batch, and both passes count their steps together.
  @Test func eachStepOfEachPicture() async throws {
    let made = try await make(request(count: 2))
    #expect(made.previews.map(\.step) == [1, 1, 2, 2, 3, 3] && made.previews.allSatisfy { $0.steps == 3 })
    #expect(made.previews.map(\.index) == [0, 1, 0, 1, 0, 1])
    #expect(made.previews.allSatisfy { $0.together == 0..<2 && $0.width == 8 && $0.height == 8 })
    #expect(made.previews.allSatisfy { $0.pixels.count == 192 && $0.pictureWidth == 64 })
    // A picture's previews are those of the single run, which its other seed tells apart.
    var second = request()
    second.seed = 2
    let single = try await make(second).previews
    #expect(single.map(\.pixels) == made.previews.filter { $0.index == 1 }.map(\.pixels))
    #expect(single.last?.pixels != made.previews[4].pixels)
  }

  @Test func bothPassesOfLargePictures() async throws {
    var large = request(count: 2)
    (large.width, large.height) = (512, 320)
    let made = try await make(large)
    let first = made.previews.prefix(6)
    let small = try #require(first.first)
    #expect(first.allSatisfy { $0.together == 0..<2 } && first.map(\.index) == [0, 1, 0, 1, 0, 1])
    #expect(first.map(\.step) == [1, 1, 2, 2, 3, 3] && small.steps == 4 && small.width < 64)
    let second = made.previews.dropFirst(6)
    #expect(second.map(\.step) == [4, 4] && second.map(\.index) == [0, 1])
    #expect(
      second.map(\.together) == [0..<1, 1..<2] && second.allSatisfy { $0.width == 64 && $0.height == 40 })
    #expect(made.previews.allSatisfy { $0.pictureWidth == 512 && $0.pictureHeight == 320 })
  }

  /// What the network takes for the clean picture, not the noise that is left.
  @Test func theEstimateIsShown() throws {
    let backend = try RecordingBackend(bytesAvailable: nil)
    let pipeline = try Pipeline(.builtIn, backend)
    let colours = try #require(pipeline.model.traits.preview)
    var request = request()
    request.guidanceScale = 1
    let job = try pipeline.resolve(request)
    var previews: [GenerationPreview] = []
    let previewer = Previewer(colours, pictureWidth: 64, pictureHeight: 64) { previews.append($0) }
    let latents = try pipeline.sampled(job, preview: previewer).latents
    // Euler's last step ends at the estimate.
    #expect(previews.last?.pixels == colours.pixels(of: latents, picture: 0))

    var noise: any NoiseSource = BatchNoise(seed: 1, batch: 1)
    var clean = Latents(zerosLike: latents)
    noise.fill(&clean)
    clean.scale(by: job.first.steps.initialScale)
    // The model predicts v: clean = alpha x - sigma v for the x whose variance is kept.
    let level = try #require(job.first.steps.steps.first).from
    let magnitude = (1 + level.sigma * level.sigma).squareRoot()
    for (index, answer) in backend.runs[0].prediction.enumerated() {
      let value =
        Double(clean.values[index]) / (magnitude * magnitude) - level.sigma / magnitude * Double(answer)
      clean.values[index] = .init(value)
    }
    let expected = colours.pixels(of: clean, picture: 0)
    let first = try #require(previews.first)
    #expect(zip(first.pixels, expected).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  /// Halfway the subject is there in its colours, and the last preview is near the picture.
  @Test func previewsLookLikeThePicture() async throws {
    var request = request(side: 256)
    request.steps = 12
    let made = try await make(request)
    let half = made.previews[5]
    func colour(_ x: Int, _ y: Int) -> [UInt8] { Array(half.pixels[3 * (32 * y + x)..<3 * (32 * y + x + 1)]) }
    let (centre, corner) = (colour(16, 16), colour(2, 2))
    #expect(centre[0] > 130 && centre[0] > centre[2] + 40, "\(centre)")
    #expect(corner[2] > 110 && corner[2] > corner[0] + 40, "\(corner)")

    let picture = try #require(made.pictures.first)
    let (last, pixels) = (try #require(made.previews.last), picture.pixels)
    var squares = 0.0
    for y in 0..<32 {
      for x in 0..<32 {
        for colour in 0..<3 {
          var sum = 0
          for i in 0..<64 { sum += Int(pixels[3 * ((8 * y + i / 8) * 256 + 8 * x + i % 8) + colour]) }
          let difference = Double(sum) / 64 - Double(last.pixels[3 * (32 * y + x) + colour])
          squares += difference * difference
        }
      }
    }
    let error = (squares / 3072).squareRoot()
    #expect(error < 40, "\(error)")
  }

  @Test func previewsChangeNoPicture() async throws {
    let made = try await make(request(count: 2))
    let engine = try Engine(device: .cpu, threads: 2)
    _ = try await engine.load(.builtIn)
    let plain = Mutex<[[UInt8]]>([])
    try await engine.generate(
      request(count: 2), finished: { picture in plain.withLock { $0.append(picture.pixels) } })
    #expect(plain.withLock { $0 } == made.pictures.map(\.pixels))
  }

  /// The tiny model's autoencoder is not that of Stable Diffusion 1.
  @Test func unknownLatentsAreANotice() async throws {
    let made = try await make(request(count: 2), ModelSource(path: TinyModel.folder))
    #expect(made.previews.isEmpty && made.pictures.count == 2)
    #expect(made.notices.filter { $0.description.hasPrefix("preview: there is none") }.count == 1)
    #expect(made.notices.contains { $0.description.contains("sd1_tiny") })
  }

  /// The published configuration, whose tensors the family's table was fitted to.
  @Test func stableDiffusionHasItsTable() throws {
    let text = """
      {"_class_name": "AutoencoderKL", "_diffusers_version": "0.6.0", "act_fn": "silu",
      "block_out_channels": [128, 256, 512, 512], "in_channels": 3, "latent_channels": 4, "layers_per_block": 2,
      "norm_num_groups": 32, "out_channels": 3, "sample_size": 512,
      "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
      "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}
      """
    let vae = try VAEConfiguration(ConfigurationFile("vae/config.json", [UInt8](text.utf8)))
    #expect(PreviewColours.published(for: .variational(vae)) == .stableDiffusion1)
  }

  @Test func aModelMayHaveItsOwnTable() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("darkroom-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.copyItem(atPath: TinyModel.folder, toPath: folder.path)
    func table(_ text: String) throws {
      try Data(text.utf8).write(to: folder.appendingPathComponent("vae/preview.json"))
    }
    let (red, green, blue) = ("[1, 0, 0, 0]", "[0, 0, 0, 0]", "[0, 0, 0, -1]")
    try table(#"{"red": \#(red), "green": \#(green), "blue": \#(blue), "bias": [0, 1, 0]}"#)
    let made = try await make(request(), ModelSource(path: folder.path))
    #expect(made.previews.count == 3 && made.notices.isEmpty)
    let greens = stride(from: 1, to: 192, by: 3).map { made.previews[0].pixels[$0] }
    #expect(greens.allSatisfy { $0 == 255 })
    for (wrong, field) in [
      (#"{"red": [1, 2, 3], "green": \#(green), "blue": \#(blue), "bias": [0, 0, 0]}"#, "red"),
      (#"{"red": \#(red), "green": \#(green), "bias": [0, 0, 0]}"#, "blue"),
      (#"{"red": \#(red), "green": ["x", 0, 0, 0], "blue": \#(blue), "bias": [0, 0, 0]}"#, "green"),
      (#"{"red": \#(red), "green": \#(green), "blue": \#(blue), "bias": [0, 1e9, 0]}"#, "bias"),
    ] {
      try table(wrong)
      let error = await #expect(throws: DarkroomError.self) {
        try await make(request(), ModelSource(path: folder.path))
      }
      #expect(error?.kind == .model)
      #expect(error?.description.contains("vae/preview.json: \(field): expected a list of") == true)
    }
  }
}

/// Previews as pictures.
@Suite struct PreviewSheetTests {
  private func preview(_ index: Int, of together: Range<Int>, grey: UInt8, picture: (Int, Int))
    -> GenerationPreview
  {
    GenerationPreview(
      index: index, together: together, step: 1, steps: 2, width: 4, height: 2,
      pixels: [UInt8](repeating: grey, count: 24), pictureWidth: picture.0, pictureHeight: picture.1)
  }

  private func written(_ previews: [GenerationPreview], ending: String = "png") throws -> Picture {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("darkroom-\(UUID()).\(ending)")
    defer { try? FileManager.default.removeItem(at: url) }
    try PreviewSheet(previews).write(to: url.path)
    return try Picture.decode([UInt8](Data(contentsOf: url)))
  }

  @Test(arguments: [
    (64, 32, 256, 128), (320, 160, 320, 160), (512, 256, 512, 256), (2048, 1024, 512, 256), (8, 2048, 2, 512),
    (8, 8, 256, 256),
  ])
  func sizes(width: Int, height: Int, shownWidth: Int, shownHeight: Int) throws {
    let picture = try written([preview(0, of: 0..<1, grey: 90, picture: (width, height))])
    #expect(picture.width == shownWidth && picture.height == shownHeight)
    #expect(picture.pixels.allSatisfy { $0 == 90 })
  }

  @Test(arguments: ["png", "jpg", "webp"]) func sideBySide(ending: String) throws {
    let greys: [UInt8] = [10, 120, 250]
    let previews = greys.enumerated().map { preview($0, of: 0..<3, grey: $1, picture: (256, 128)) }
    let picture = try written(previews, ending: ending)
    #expect(picture.width == 768 && picture.height == 128)
    for (index, grey) in greys.enumerated() {
      let middle = Int(picture.pixels[3 * (64 * 768 + 256 * index + 128)])
      #expect(abs(middle - Int(grey)) <= 2)
    }
    let small = try Picture.decode(PreviewSheet(previews).png())
    #expect(small.width == 12 && small.height == 2 && small.pixels[3 * 4] == 120)
    let (pixels, width) = PreviewSheet(previews).resized(width: 8, height: 5)
    #expect(width == 6 && pixels.count == 6 * 5 * 3 && pixels[3 * 5] == 250)
  }

  @Test func whatCannotBeWrittenIsAnError() {
    let sheet = PreviewSheet([preview(0, of: 0..<1, grey: 0, picture: (64, 64))])
    for path in ["/nowhere/preview.png", "preview.gif"] {
      let error = #expect(throws: DarkroomError.self) { try sheet.write(to: path) }
      #expect(error?.kind == .output && error?.description.contains(path) == true)
    }
  }
}
