import CPUBackend
import Darkroom
import Foundation
import Graph
import Pictures
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
    let pipeline = Pipeline(try LoadedModel(ModelSource(path: TinyModel.folder)), backend)
    for name in ["latents_ddim_seed42_steps8_cfg7.5", "latents_euler_seed42_steps8_cfg7.5"] {
      var request = try model.request(name)
      request.precision = .float32
      let latents = try pipeline.latents(request)
      #expect(largestDifference(latents.values, try model.golden(name)) <= 5e-3, "\(name)")
      #expect(try pipeline.latents(request).values == latents.values, "\(name): two runs differ")
    }
    #expect(backend.validationMessages.isEmpty, "\(backend.validationMessages.prefix(3))")
  }

  /// The built-in model at half its size, since a software device takes its time.
  @Test(arguments: [GenerationRequest.Precision.float32, .float16])
  func picturesOfTheBuiltInModelAreThoseOfTheProcessor(_ precision: GenerationRequest.Precision) throws {
    var request = GenerationRequest(prompt: "a house by the sea at night, watercolor")
    (request.width, request.height, request.steps, request.seed) = (128, 128, 4, 3)
    let expected = try Pipeline(LoadedModel(.builtIn), CPUBackend()).picture(request)
    request.precision = precision
    let backend = try VulkanPipelineTests.backend()
    let pipeline = Pipeline(try LoadedModel(.builtIn), backend)
    let picture = try pipeline.picture(request)
    #expect(picture.psnr(from: expected) >= 35)
    #expect(backend.validationMessages.isEmpty, "\(backend.validationMessages.prefix(3))")
  }

  @Test func networksOneAtATimeGiveTheSamePicture() throws {
    var request = GenerationRequest(prompt: "a red circle on a blue background")
    (request.width, request.height, request.steps, request.seed) = (64, 64, 2, 3)
    request.precision = .float16
    let whole = try Pipeline(LoadedModel(.builtIn), VulkanPipelineTests.backend())
    let expected = try whole.picture(request)
    let need = try whole.estimate(whole.resolve(request))
    #expect(need.weights == 0, "all networks are packed")
    // Memory for the largest network, but not for all of them.
    var simulation = Simulation()
    simulation.memory = 84 << 20
    let instance = try Instance()
    let software = try #require(VulkanBackend.devices(of: instance).first { $0.isSoftware })
    let small = try VulkanBackend(instance, device: software.index, simulating: simulation)
    #expect(try Pipeline(LoadedModel(.builtIn), small).picture(request) == expected)
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
    let (devices, _) = DeviceSummary.all()
    #expect(devices.first?.id == "cpu")
    #expect(devices.contains { $0.kind == "software" })
    guard !devices.contains(where: { !["cpu", "software"].contains($0.kind) }) else { return }
    #expect { try Engine(device: #require(DeviceChoice("vulkan"))) } throws: { "\($0)".contains("no GPU") }
  }
}

extension Pipeline {
  fileprivate func picture(_ request: GenerationRequest) throws -> Picture {
    let job = try resolve(request)
    return try decode(latents(request), storing: storage(job))
  }
}

extension Picture {
  /// Peak signal to noise ratio in decibels; infinite for equal pictures.
  fileprivate func psnr(from other: Picture) -> Double {
    let squares = zip(pixels, other.pixels).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    return 10 * log10(255 * 255 * Double(pixels.count) / squares)
  }
}
