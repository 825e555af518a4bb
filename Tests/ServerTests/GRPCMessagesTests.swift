import Foundation
import Pictures
import Server
import TestSupport
import Testing

/// Messages of real clients: `scripts/fixtures/grpc/make_messages.py`.
@Suite struct GRPCMessagesTests {
  private static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Fixtures.data("grpc/\(name).bin"))
  }

  private static func request(_ name: String) throws -> Stability.Request {
    try Stability.Request(try bytes(name), name: "Request")
  }

  private static func image(_ request: Stability.Request) throws -> Stability.ImageParameters {
    guard case .image(let parameters) = request.parameters else { throw WrongParameters() }
    return parameters
  }

  private struct WrongParameters: Error {}

  /// What most messages of stability-sdk say.
  private static func parameters(
    width: Int?, height: Int?, seeds: [UInt32], _ change: (inout Stability.ImageParameters) -> Void = { _ in }
  ) -> Stability.ImageParameters {
    var parameters = Stability.ImageParameters()
    (parameters.width, parameters.height, parameters.seeds) = (width, height, seeds)
    parameters.samples = 1
    var step = Stability.StepParameter()
    step.sampler.guidanceScale = 7
    parameters.parameters = [step]
    var adapter = Stability.AdapterParameters()
    adapter.strength = 0.4
    parameters.adapter = adapter
    change(&parameters)
    return parameters
  }

  private static func texts(_ request: Stability.Request) -> [String] {
    request.prompts.map { prompt in
      switch prompt.content {
      case .text(let text): "\(text) \(prompt.parameters.weight)"
      case .artifact(let artifact): "\(artifact.type)\(prompt.parameters.isInitial ? " init" : "")"
      case .tokens, nil: "?"
      }
    }
  }

  @Test func textToImage() throws {
    let request = try Self.request("text_to_image")
    #expect(request.engine == "stable-diffusion-v1-5")
    #expect(request.id == "00000000-0000-0000-0000-000000000001")
    #expect(request.requestedType == .none && request.stylePreset == nil)
    #expect(Self.texts(request) == ["a cat 1.0"])
    #expect(
      try Self.image(request) == Self.parameters(width: 512, height: 512, seeds: [42]) { $0.steps = 30 })
  }

  @Test func defaultsOfTheClient() throws {
    let request = try Self.request("defaults")
    #expect(try Self.image(request) == Self.parameters(width: 1024, height: 1024, seeds: [3_371_024_843]))
  }

  @Test func weightsSamplerGuidanceAndStyle() throws {
    let request = try Self.request("weights_sampler_style")
    #expect(Self.texts(request) == ["a cat 1.0", "blurry -1.0"])
    #expect(request.stylePreset == "anime")
    let expected = Self.parameters(width: 512, height: 512, seeds: [1, 2]) {
      $0.samples = 2
      $0.transform = .diffusion(.kDPMPP2M)
      $0.parameters[0].sampler.guidanceScale = nil
      $0.parameters[0].guidance.preset = .fastBlue
    }
    #expect(try Self.image(request) == expected)
  }

  @Test func startingPicture() throws {
    let request = try Self.request("image_to_image")
    #expect(Self.texts(request) == ["a dog 1.0", "image"])
    guard case .artifact(let artifact) = request.prompts[1].content, case .binary(let png) = artifact.content
    else {
      throw WrongParameters()
    }
    let picture = try Picture.decode(png)
    #expect(picture.width == 64 && picture.height == 64)
    let expected = Self.parameters(width: 64, height: 64, seeds: [7]) {
      $0.parameters[0].schedule.start = 0.6
      $0.parameters[0].schedule.end = 0.01
    }
    #expect(try Self.image(request) == expected)
  }

  @Test func mask() throws {
    let request = try Self.request("inpainting")
    #expect(Self.texts(request) == ["a hat 1.0", "image", "mask"])
    #expect(try Self.image(request).parameters[0].schedule.start == 1)
  }

  @Test func upscaling() throws {
    for name in ["upscaling", "context_upscale"] {
      let request = try Self.request(name)
      #expect(request.engine == "esrgan-v1-x2plus" && Self.texts(request) == ["image"])
      let expected = Self.parameters(width: 128, height: nil, seeds: [0]) {
        ($0.samples, $0.steps, $0.adapter) = (nil, 20, nil)
      }
      #expect(try Self.image(request) == expected)
    }
  }

  @Test func adapter() throws {
    let image = try Self.image(try Self.request("adapter"))
    #expect(image.adapter?.type == .sketch && image.adapter?.strength == 0.4)
    #expect(image.parameters[0].schedule.start == 1 && image.seeds == [3])
  }

  @Test func contextOfTheSDK() throws {
    let request = try Self.request("context_generate")
    #expect(request.engine == "stable-diffusion-xl-1024-v1-0" && request.id.isEmpty)
    #expect(Self.texts(request) == ["a cat 1.0", "blurry -1.0"] && request.stylePreset == "anime")
    let expected = Self.parameters(width: 512, height: 512, seeds: [5]) {
      ($0.adapter, $0.maskedAreaInit) = (nil, .original)
    }
    #expect(try Self.image(request) == expected)
    let inpainting = try Self.request("context_inpaint")
    #expect(inpainting.engine == "stable-inpainting-512-v2-0")
    #expect(Self.texts(inpainting) == ["hat 1.0", "image", "mask"])
    #expect(try Self.image(inpainting).maskedAreaInit == .zero)
    #expect(inpainting.stylePreset == nil)
  }

  @Test func aChoiceThatIsZeroIsNotAbsent() throws {
    #expect(try Self.image(try Self.request("context_ddim")).transform == .diffusion(.ddim))
    #expect(try Self.image(try Self.request("text_to_image")).transform == nil)
  }

  @Test func typeScriptClient() throws {
    let request = try Self.request("other_typescript")
    #expect(request.requestedType == .image)
    #expect(Self.texts(request) == ["a cat 1.0", "image init"])
    let image = try Self.image(request)
    #expect(image.seeds.isEmpty && image.steps == nil && image.samples == nil && image.adapter == nil)
    // The schedule is there, and empty.
    #expect(image.parameters[0].schedule.start == 1)
  }

  @Test func chainOfStableStudio() throws {
    let chain = try Stability.ChainRequest(try Self.bytes("other_stablestudio"), name: "ChainRequest")
    #expect(chain.id.isEmpty && chain.stages.map(\.id) == ["Main", "Asset"])
    let main = chain.stages[0].request
    #expect(Self.texts(main) == ["a cat 1.0", " -0.75", "mask", "image init"])
    #expect(try Self.image(main).seeds == [0, 0])
    #expect(main.stylePreset == "anime" && main.extras.object("$IPC")?.text("mode") == "multistage")
    let object: ProtobufStruct.Value = .object(main.extras.object("$IPC") ?? ProtobufStruct())
    #expect(main.extras.fields["$IPC"] == object)
    guard case .list(let list) = main.extras.fields["list"], list.count == 5 else { throw WrongParameters() }
    #expect(Array(list[..<4]) == [.number(1.5), .null, .bool(true), .text("x")])
    guard case .object(let last) = list[4] else { throw WrongParameters() }
    #expect(last.fields == ["y": .list([])])
    let status = chain.stages[0].onStatus
    #expect(status.map(\.target) == ["Asset"] && status.map(\.reasons) == [[.null]])
    #expect(status.map(\.actions) == [[.pass, .return]])
    #expect(chain.stages[1].request.parameters == .asset)
  }

  @Test func accountRequests() throws {
    #expect(try Stability.OrganizationRequest(try Self.bytes("get_organization"), name: "R").id == "org-1")
    #expect(try Stability.OrganizationRequest([], name: "R").id.isEmpty)
  }

  @Test func answersAreThoseOfTheSDKsOwnClasses() throws {
    var answer = Stability.Answer(
      id: "a-1", request: "r-1", received: 1_795_000_000_123, created: 1_795_000_000_456)
    #expect(answer.bytes == (try Self.bytes("answer_keep_alive")))
    var drawn = Stability.Artifact()
    (drawn.id, drawn.type, drawn.mime, drawn.magic) = (3, .image, "image/png", "PNG")
    drawn.content = .binary([UInt8](0...255))
    (drawn.index, drawn.finishReason, drawn.seed, drawn.uuid, drawn.size) = (2, .filter, .max, "u-1", 256)
    var said = Stability.Artifact()
    (said.type, said.content, said.finishReason) = (.text, .text("größer"), .filter)
    (answer.engine, answer.artifacts) = ("stable-diffusion-v1-5", [drawn, said])
    #expect(answer.bytes == (try Self.bytes("answer_artifacts")))
  }

  @Test func enginesAndAccountsAreThoseOfTheSDKsOwnClasses() throws {
    let engines = [
      Stability.Engine(
        id: "stable-diffusion-v1-5", owner: "o", isReady: true, name: "SD 1.5", description: "d"),
      Stability.Engine(id: "esrgan-v1-x2plus", owner: "o", isReady: false, name: "ESRGAN", description: "d"),
    ]
    #expect(Stability.bytes(engines) == (try Self.bytes("answer_engines")))
    let organization = Stability.Organization(id: "org-1", name: "Local", balance: 12.345)
    #expect(organization.bytes == (try Self.bytes("answer_organization")))
    let user = Stability.User(id: "user-1", picture: "http://p", email: "e@x", organization: organization)
    #expect(user.bytes == (try Self.bytes("answer_user")))
  }
}
