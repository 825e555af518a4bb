import Darkroom
import Testing

@testable import Server

/// Graphs by themselves: what they come to, and what is wrong with them.
@Suite struct ComfyEvaluationTests {
  /// The plain graph of every client, with changes.
  static func graph(_ changes: [String: [String: FieldValue]] = [:], more: [String: FieldValue] = [:])
    -> FieldValue
  {
    func node(_ id: String, _ name: String, _ inputs: [String: FieldValue]) -> (String, FieldValue) {
      let all = inputs.merging(changes[id] ?? [:]) { $1 }.filter { $0.value != .null }
      return (id, ["class_type": .text(name), "inputs": .object(all)])
    }
    let nodes = [
      node("4", "CheckpointLoaderSimple", ["ckpt_name": "built-in"]),
      node("5", "EmptyLatentImage", ["width": 128, "height": 128, "batch_size": 1]),
      node("6", "CLIPTextEncode", ["text": "a red heart", "clip": ["4", 1]]),
      node("7", "CLIPTextEncode", ["text": "blue", "clip": ["4", 1]]),
      node(
        "3", "KSampler",
        [
          "seed": 7, "steps": 4, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
          "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        ]),
      node("8", "VAEDecode", ["samples": ["3", 0], "vae": ["4", 2]]),
      node("9", "SaveImage", ["filename_prefix": "ComfyUI", "images": ["8", 0]]),
    ]
    return .object(Dictionary(uniqueKeysWithValues: nodes).merging(more) { $1 })
  }

  static func node(_ name: String, _ inputs: FieldValue) -> FieldValue {
    ["class_type": .text(name), "inputs": inputs]
  }

  static func shelf(_ files: [String: [UInt8]] = [:]) -> ComfyShelf {
    ComfyShelf(
      models: ModelTable([Known.model], aliases: ["hosted": Known.model.name]), upscalers: UpscalerTable(),
      pictures: { name in files[name].map { ComfyFiles.File($0, mediaType: "image/png") } },
      pictureNames: files.keys.sorted())
  }

  private func evaluate(_ graph: FieldValue, _ files: [String: [UInt8]] = [:]) throws -> ComfyEvaluation {
    try ComfyEvaluation(try ComfyGraph(graph), Self.shelf(files))
  }

  private func drawing(_ evaluation: ComfyEvaluation, _ step: Int = 0) throws -> GenerationRequest {
    guard case .draw(let drawing) = evaluation.plan.steps[step].work,
      case .drawing(let request) = try drawing.ask(ComfyPictures()).work
    else { throw ComfyValues.Problem("", "no drawing") }
    return request
  }

  @Test func thePlainGraphIsOneDrawing() throws {
    let most = "\(UInt64.max)"
    let evaluation = try evaluate(
      Self.graph(["3": ["seed": .number(most), "steps": "5"], "5": ["batch_size": 3, "width": 135]]))
    #expect(evaluation.order == ["4", "6", "7", "5", "3", "8", "9"])
    #expect(evaluation.plan.steps.map(\.node) == ["3"] && evaluation.plan.keepings.map(\.node) == ["9"])
    let request = try drawing(evaluation)
    #expect((request.prompt, request.negativePrompt) == ("a red heart", "blue"))
    #expect((request.seed, request.steps, request.guidanceScale) == (.max, 5, 8))
    #expect((request.width, request.height, request.count) == (128, 128, 3))
    #expect((request.sampler, request.schedule) == ("euler", "normal"))
    #expect((request.system, request.noise, request.batchNoise) == (.comfyui, .torchCPU, .comfyUI))
    #expect(request.secondPass == .never && request.strength == nil && request.clipSkip == 0)
  }

  @Test func allNamesOfSamplersAndSchedulesCanBeDrawn() throws {
    #expect(ComfyShelf.samplers.count > 20 && ComfyShelf.schedulers.contains("karras"))
    for (sampler, schedule) in ComfyShelf.samplers.map({ ($0, "normal") })
      + ComfyShelf.schedulers.map({ ("euler", $0) })
    {
      let request = try drawing(
        evaluate(Self.graph(["3": ["sampler_name": .text(sampler), "scheduler": .text(schedule)]])))
      _ = try ResolvedRequest(request, for: Known.model.description, precisions: Known.model.precisions)
    }
  }

  @Test(arguments: ["built-in", "built-in.safetensors", "hosted"]) func modelsHaveSeveralNames(_ name: String)
    throws
  {
    _ = try evaluate(Self.graph(["4": ["ckpt_name": .text(name)]]))
  }

  @Test func theVAEIsTheModelsOwn() throws {
    let loader = Self.node("VAELoader", ["vae_name": .text(Known.model.name)])
    _ = try evaluate(Self.graph(["8": ["vae": ["30", 0]]], more: ["30": loader]))
    let other = Self.node("VAELoader", ["vae_name": "other.safetensors"])
    #expect(problem(Self.graph(["8": ["vae": ["30", 0]]], more: ["30": other])).0 == "value_not_in_list")
  }

  @Test func aPictureIsDrawnFrom() throws {
    let more: [String: FieldValue] = [
      "10": Self.node("LoadImage", ["image": "a.png"]),
      "11": Self.node("VAEEncode", ["pixels": ["10", 0], "vae": ["4", 2]]),
    ]
    let graph = Self.graph(["3": ["latent_image": ["11", 0], "denoise": .number("0.5")]], more: more)
    let request = try drawing(evaluate(graph, ["a.png": png(width: 70, height: 65)]))
    #expect((request.width, request.height, request.strength) == (64, 64, 0.5))
    #expect(request.mask == nil && request.count == nil)
    #expect(try request.initPicture?.size("").width == 64)
  }

  @Test(arguments: ["SetLatentNoiseMask", "VAEEncodeForInpaint"]) func aMaskSaysWhatIsDrawn(_ kind: String)
    throws
  {
    var more: [String: FieldValue] = [
      "10": Self.node("LoadImage", ["image": "a.png"]),
      "12": Self.node("LoadImageMask", ["image": "m.png", "channel": "red"]),
    ]
    if kind == "SetLatentNoiseMask" {
      more["13"] = Self.node("VAEEncode", ["pixels": ["10", 0], "vae": ["4", 2]])
      more["11"] = Self.node(kind, ["samples": ["13", 0], "mask": ["12", 0]])
    } else {
      more["11"] = Self.node(kind, ["pixels": ["10", 0], "vae": ["4", 2], "mask": ["12", 0]])
    }
    let graph = Self.graph(["3": ["latent_image": ["11", 0]]], more: more)
    let request = try drawing(evaluate(graph, ["a.png": png(), "m.png": png()]))
    #expect(request.mask != nil && request.maskBlur == 0)
    #expect(request.growMask == (kind == "VAEEncodeForInpaint" ? 3 : 0))
  }

  @Test func picturesAreDrawnFromPicturesThatWereDrawn() throws {
    let more: [String: FieldValue] = [
      "20": Self.node("UpscaleModelLoader", ["model_name": "animevideov3"]),
      "21": Self.node("ImageUpscaleWithModel", ["upscale_model": ["20", 0], "image": ["8", 0]]),
      "22": Self.node(
        "ImageScaleBy", ["image": ["21", 0], "upscale_method": "lanczos", "scale_by": .number("0.5")]),
      "23": Self.node("VAEEncode", ["pixels": ["22", 0], "vae": ["4", 2]]),
      "24": Self.node(
        "KSampler",
        [
          "seed": 7, "steps": 4, "cfg": 8, "sampler_name": "euler", "scheduler": "normal",
          "denoise": .number("0.4"), "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
          "latent_image": ["23", 0],
        ]),
      "25": Self.node("VAEDecode", ["samples": ["24", 0], "vae": ["4", 2]]),
      "26": Self.node("PreviewImage", ["images": ["25", 0]]),
    ]
    let plan = try evaluate(Self.graph(more: more)).plan
    #expect(plan.steps.map(\.node) == ["3", "21", "24"] && plan.keepings.map(\.node) == ["9", "26"])
    #expect(plan.steps.map(\.needsOthers) == [false, true, true])
  }

  /// - Returns: type, node, and details of the first thing that is wrong.
  private func problem(_ graph: FieldValue, _ files: [String: [UInt8]] = [:]) -> (String, String, String) {
    do {
      _ = try evaluate(graph, files)
      return ("", "", "")
    } catch let problem as ComfyProblem {
      guard let (id, node) = problem.nodes.first, let reason = node.reasons.first else {
        return (problem.reason.type, "", "\(problem.reason.message) \(problem.reason.details)")
      }
      #expect(problem.reason.type == "prompt_outputs_failed_validation" && node.outputs == ["9"])
      return (reason.type, id, "\(reason.message) \(reason.details)")
    } catch {
      return ("\(error)", "", "")
    }
  }

  @Test func nodesThatAreNotServedAreNamed() {
    let (type, _, text) = problem(Self.graph(more: ["30": Self.node("FluxGuidance", [:])]))
    #expect(type == "missing_node_type" && text.contains("FluxGuidance") && text.contains("#30"))
    #expect(
      problem(Self.graph(more: ["30": Self.node("LoraLoader", [:])])).2.contains("LoRAs are not served"))
    #expect(problem(Self.graph(more: ["30": ["inputs": [:]]])).0 == "invalid_prompt")
    #expect(problem([:]).0 == "prompt_no_outputs" && problem(["1": 5]).0 == "invalid_prompt")
    #expect(problem([]).0 == "invalid_prompt")
  }

  @Test(
    arguments: [
      ("3", ["sampler_name": .null], "required_input_missing", "sampler_name"),
      ("3", ["steps": 0], "value_smaller_than_min", "steps"),
      ("3", ["steps": 151], "value_bigger_than_max", "steps"),
      ("3", ["steps": "many"], "invalid_input_type", "steps"),
      ("3", ["seed": -1], "invalid_input_type", "seed"),
      ("3", ["seed": .number("18446744073709551616")], "invalid_input_type", "seed"),
      ("3", ["cfg": "high"], "invalid_input_type", "cfg"),
      ("3", ["cfg": ["4", 0]], "bad_linked_input", "cfg"),
      ("3", ["sampler_name": "Euler a"], "value_not_in_list", "sampler_name"),
      ("4", ["ckpt_name": "../../secret"], "value_not_in_list", "ckpt_name"),
      ("3", ["model": ["4", 1]], "return_type_mismatch", "model"),
      ("3", ["model": ["4", 9]], "bad_linked_input", "model"),
      ("3", ["model": ["99", 0]], "bad_linked_input", "model"),
      ("3", ["model": ["4"]], "bad_linked_input", "model"),
      ("3", ["model": "4"], "bad_linked_input", "model"),
      ("5", ["width": 4096], "value_bigger_than_max", "width"),
      ("6", ["text": [1]], "bad_linked_input", "text"),
      ("3", ["latent_image": ["3", 0]], "dependency_cycle", "latent_image"),
      ("3", ["denoise": .number("0.5")], "custom_validation_failed", "denoise"),
      ("8", ["samples": ["5", 0]], "custom_validation_failed", "samples"),
      ("9", ["filename_prefix": "../up"], "custom_validation_failed", "filename_prefix"),
    ] as [(String, [String: FieldValue], String, String)])
  func whatIsWrongIsSaidByNodeAndInput(
    _ node: String, _ change: [String: FieldValue], _ type: String, _ input: String
  ) {
    let found = problem(Self.graph([node: change]))
    #expect(found.0 == type && found.1 == node && found.2.contains(input), "\(found)")
  }

  @Test func aSamplerAfterASamplerIsRefused() {
    let again: FieldValue = [
      "seed": 7, "steps": 4, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
      "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["3", 0],
    ]
    let found = problem(
      Self.graph(["8": ["samples": ["30", 0]]], more: ["30": Self.node("KSampler", again)]))
    #expect(found.1 == "30" && found.2.contains("latent_image") && found.2.contains("another sampler"))
  }

  @Test func partsOfASamplingAreRefused() {
    var advanced: [String: FieldValue] = [
      "noise_seed": 7, "steps": 4, "cfg": 8, "sampler_name": "euler", "scheduler": "normal",
      "add_noise": "enable",
      "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
      "start_at_step": 0,
      "end_at_step": 10000, "return_with_leftover_noise": "disable",
    ]
    func found() -> String {
      problem(
        Self.graph(
          ["8": ["samples": ["30", 0]]], more: ["30": Self.node("KSamplerAdvanced", .object(advanced))])
      ).2
    }
    #expect(found() == "")
    advanced["end_at_step"] = 3
    #expect(found().contains("end_at_step"))
  }

  @Test func picturesAreLookedUpByName() throws {
    let more: [String: FieldValue] = [
      "10": Self.node("LoadImage", ["image": "../../etc/passwd"]),
      "11": Self.node("VAEEncode", ["pixels": ["10", 0], "vae": ["4", 2]]),
    ]
    let found = problem(Self.graph(["3": ["latent_image": ["11", 0]]], more: more))
    #expect(found.1 == "10" && found.2.contains("Invalid image file"))
  }

  @Test func longChainsAreRead() throws {
    var more: [String: FieldValue] = [:]
    for number in 0..<190 {
      more["c\(number)"] = Self.node(
        "CLIPSetLastLayer", ["clip": number == 0 ? ["4", 1] : [.text("c\(number - 1)"), 0]])
    }
    _ = try evaluate(Self.graph(["6": ["clip": ["c189", 0]]], more: more))
    more["d"] = Self.node("CLIPSetLastLayer", ["clip": ["4", 1]])
    for number in 0..<10 { more["e\(number)"] = more["d"] }
    #expect(problem(Self.graph(more: more)).0 == "invalid_prompt")
  }

  @Test(
    arguments: [
      ("a cat", "a cat"), ("(a) cat", "(a:1.1) cat"), ("(a:1.3) cat", "(a:1.3) cat"), ("((a))", "(a:1.21)"),
      ("((a:1.2) b:1.5)", "(a:1.2)( b:1.5)"), (#"\(a\)"#, #"\(a\)"#), ("[a] {b|c}", #"[a] \{b\|c\}"#),
      ("a __b__", #"a \__b\__"#), ("(a", #"\(a"#), ("a)", #"a\)"#), (#"a\b"#, #"a\\b"#),
      ("(a:b)", "(a:b:1.1)"),
    ])
  func weightsInPromptsAreComfyUIs(_ text: String, _ expected: String) throws {
    #expect(try ComfyPrompt.translated(text, input: "text") == expected)
  }

  @Test func parenthesesWithoutEndAreRefused() {
    let text = String(repeating: "(", count: 100) + "a" + String(repeating: ")", count: 100)
    #expect(throws: ComfyValues.Problem.self) { try ComfyPrompt.translated(text, input: "text") }
  }
}
