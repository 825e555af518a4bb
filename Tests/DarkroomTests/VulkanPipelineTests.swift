import CPUBackend
import Darkroom
import Foundation
import Graph
import Pictures
import PipelineTestSupport
import Sampling
import TestSupport
import Testing
import VulkanBackend

/// Whole pipelines on Mesa's software device.
@Suite(.serialized) struct VulkanPipelineTests {
  private static func backend() throws -> VulkanBackend {
    let instance = try Instance(validating: true)
    let software = try #require(VulkanBackend.devices(of: instance).first { $0.isSoftware })
    return try VulkanBackend(instance, device: software.index)
  }

  @Test func tinyLatentsAreDiffusers() throws {
    let model = try TinyModel()
    let backend = try VulkanPipelineTests.backend()
    let pipeline = try Pipeline(ModelSource(path: TinyModel.folder), backend)
    for name in ["latents_ddim_seed42_steps8_cfg7.5", "latents_euler_seed42_steps8_cfg7.5"] {
      var request = try model.request(name)
      request.precision = .float32
      let latents = try pipeline.latents(request)
      #expect(largestDifference(latents.values.map(Float.init), try model.golden(name)) <= 5e-3, "\(name)")
      #expect(try pipeline.latents(request).values == latents.values, "\(name): two runs differ")
    }
    #expect(backend.validationMessages.isEmpty, "\(backend.validationMessages.prefix(3))")
  }

  /// Two programs take turns within the sampling, and the arena grows for the second.
  @Test func guidanceInSomeSteps() throws {
    var request = GenerationRequest(prompt: "a red circle on a blue background")
    (request.width, request.height, request.steps, request.seed) = (64, 64, 6, 3)
    (request.guidanceStart, request.guidanceEnd, request.precision) = (0.17, 0.34, .float32)
    let expected = try Pipeline(.builtIn, CPUBackend()).picture(request)
    let backend = try VulkanPipelineTests.backend()
    let picture = try Pipeline(.builtIn, backend).picture(request)
    #expect(picture.psnr(from: expected) >= 45)
    #expect(backend.validationMessages.isEmpty, "\(backend.validationMessages.prefix(3))")
  }

  /// The upscaler's tiles give what its whole picture gives, which is the processor's.
  @Test func upscaledPicturesAreThoseOfTheProcessor() throws {
    let picture = Picture(
      width: 60, height: 44, pixels: (0..<60 * 44 * 3).map { UInt8(truncatingIfNeeded: $0 / 7 * 5) })
    let upscaler = try Upscaler(.builtIn)
    func enlarged(_ backend: any Backend, _ storage: Storage, side: Int? = nil) throws -> Picture {
      upscaler.tileSide = side
      return try upscaler.enlarged(
        picture, width: 240, height: 176, on: ResidentModels(backend), storing: storage)
    }
    let expected = try enlarged(CPUBackend(), .float32)
    let backend = try VulkanPipelineTests.backend()
    for (storage, psnr) in [(Storage.float32, 60.0), (.float16, 50)] {
      let whole = try enlarged(backend, storage)
      #expect(whole.psnr(from: expected) >= psnr)
      #expect(try enlarged(backend, storage, side: 44) == whole)
    }
    #expect(backend.validationMessages.isEmpty, "\(backend.validationMessages.prefix(3))")
  }

  /// The built-in model at half its size, since a software device takes its time.
  @Test(arguments: [GenerationRequest.Precision.float32, .float16])
  func picturesOfTheBuiltInModelAreThoseOfTheProcessor(_ precision: GenerationRequest.Precision) throws {
    var request = GenerationRequest(prompt: "a house by the sea at night, watercolor")
    (request.width, request.height, request.steps, request.seed) = (128, 128, 2, 3)
    request.precision = .float32
    let expected = try Pipeline(.builtIn, CPUBackend()).picture(request)
    request.precision = precision
    let backend = try VulkanPipelineTests.backend()
    let pipeline = try Pipeline(.builtIn, backend)
    let picture = try pipeline.picture(request)
    #expect(picture.psnr(from: expected) >= 35)
    #expect(backend.validationMessages.isEmpty, "\(backend.validationMessages.prefix(3))")
  }

  /// An autoencoder whose stream leaves float16's range, as published ones have.
  @Test func largeNumbersInTheAutoencoderDoNotOverflow() throws {
    let backend = try VulkanPipelineTests.backend()
    let graph = Graph()
    let x = graph.input("x", [1, 6, 6, 32], rate: .step)
    let source = LargeWeights()
    let window = Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1)
    let weight = Weight([Parameter(source: source, name: "w", shape: [32, 32, 3, 3])])
    let affine = Affine(
      weight: Parameter(source: source, name: "one", shape: [32]),
      bias: Parameter(source: source, name: "one", shape: [32]), epsilon: 1e-5)
    let large = x.conv2d(weight, window, height: 6, width: 6, bias: []).wideRange
    let larger = large.upsampled(height: 12, width: 12)
      .conv2d(weight, window, height: 12, width: 12, bias: []).wideRange
    graph.output("largest", larger)
    graph.output("y", larger.groupNorm(groups: 4, affine))
    let results = try [(backend as any Backend, Storage.float16), (CPUBackend(), .float32)].map {
      backend, storage in
      let program = try backend.prepare(backend.plan(graph, values: storage))
      let numbers = (0..<x.shape.count).map { Float($0 * 7919 % 101) / 50 - 1 }
      numbers.withUnsafeBufferPointer { program.write($0, to: "x") }
      try program.run(.step)
      return try ["largest", "y"].map { name in
        var result = [Float](repeating: 0, count: 12 * 12 * 32)
        result.withUnsafeMutableBufferPointer { program.read(name, into: $0) }
        return try #require(result.allSatisfy(\.isFinite) ? result : nil)
      }
    }
    let largest = results[1][0].map(abs).max() ?? 0
    #expect(largest > 1e5, "the numbers must leave float16's range")
    for (half, full) in zip(results[0], results[1]) {
      let scale = full.map(abs).max() ?? 0
      #expect(largestDifference(half, full) <= 0.01 * scale)
    }
  }

  @Test func networksOneAtATimeGiveTheSamePicture() throws {
    var request = GenerationRequest(prompt: "a red circle on a blue background")
    (request.width, request.height, request.steps, request.seed) = (64, 64, 2, 3)
    request.precision = .float16
    let whole = try Pipeline(.builtIn, VulkanPipelineTests.backend())
    let expected = try whole.picture(request)
    let need = try whole.estimate(whole.resolve(request))
    #expect(need.weights == 0, "all networks are packed")
    // Memory for the largest network, but not for all of them.
    var simulation = Simulation()
    simulation.memory = 84 << 20
    let instance = try Instance()
    let software = try #require(VulkanBackend.devices(of: instance).first { $0.isSoftware })
    let small = try VulkanBackend(instance, device: software.index, simulating: simulation)
    #expect(try Pipeline(.builtIn, small).picture(request) == expected)
  }

  @Test func aPrecisionThatTheBackendLacksIsRefused() throws {
    var request = GenerationRequest(prompt: "a cat")
    request.precision = .float16
    let pipeline = try TinyModel.pipeline()
    #expect { try pipeline.resolve(request) } throws: { error in
      (error as? DarkroomError)?.kind == .request && "\(error)".contains("precision: float16")
        && "\(error)".contains("float32")
    }
  }

  @Test(arguments: ["", "gpu", "vulkan:", "cuda", "vulkan0"]) func devicesThatNobodyKnows(_ text: String) {
    #expect(DeviceChoice(text) == nil)
  }

  @Test(arguments: ["vulkan:no such device", "vulkan:99"]) func devicesThatAreNotThere(_ text: String) throws
  {
    let choice = try #require(DeviceChoice(text))
    #expect { try Engine(device: choice) } throws: { error in
      (error as? DarkroomError)?.kind == .request && "\(error)".contains("llvmpipe")
    }
  }

  @Test func aSoftwareDeviceIsNeverTakenUnasked() throws {
    let (devices, _) = try DeviceSummary.all()
    #expect(devices.first?.id == "cpu")
    #expect(devices.contains { $0.kind == "software" })
    guard !devices.contains(where: { !["cpu", "software"].contains($0.kind) }) else { return }
    #expect { try Engine(device: #require(DeviceChoice("vulkan"))) } throws: { "\($0)".contains("no GPU") }
  }
}

/// Weights that make numbers grow.
private final class LargeWeights: WeightSource {
  func read(_ name: String, elements: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>) {
    for (index, element) in elements.enumerated() {
      destination[index] = name == "one" ? 1 : Float(element * 104_729 % 211) / 2 - 50
    }
  }
}
