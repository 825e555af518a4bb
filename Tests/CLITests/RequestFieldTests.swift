import Darkroom
import Foundation
import Testing

import DarkroomCLI

/// Every field of a request reads the same, whichever way it comes.
@Suite struct RequestFieldTests {
  /// Possible values as text, and impossible ones.
  private static let samples: [String: (right: [String], wrong: [String])] = [
    "prompt": (["a cat", " two  spaces ", "é\n\"日\", {x}"], []),
    "prompts": (
      [#"[{"text":"a \"dog\", sitting","weight":0.5},{"text":"b","weight":-1}]"#, "[]"],
      ["x", #"[{"text":1}]"#, #"[{"text":"a","weight":1000}]"#, #"[{"text":"a","size":1}]"#]
    ),
    "negative_prompt": (["fog", "1", ""], []),
    "sampler": (["euler", "DPM++ 2M"], ["eulr"]),
    "schedule": (["karras", "Automatic"], ["karas"]),
    "steps": (["1", "150"], ["0", "151", "1.5", "x", "99999999999999999999"]),
    "cfg_scale": (["0", "7", "7.25", "100"], ["-1", "101", "nan", "inf", "x"]),
    "guidance_rescale": (["0", "0.1", "1"], ["1.1", "-0.1"]),
    "guidance_start": (["0.3"], ["2"]),
    "guidance_end": (["0.7"], ["-2"]),
    "init": (["a.png", "/x/ö, \"b\".webp"], []),
    "strength": (["0", "0.5", "1"], ["1.5", "-0.1", "x"]),
    "mask": (["m.png"], []),
    "outpaint": (
      ["8,0,16,2048", "[0,0,8,0]"], ["8", "8,8,8", "0,0,0,0", "4,0,0,0", "-8,0,0,0", "2056,0,0,0", "x"]
    ),
    "mask_blur": (["0", "256"], ["-1", "257", "1.5"]),
    "grow_mask": (["8"], ["-1"]),
    "inpaint_area": (["whole", "masked"], ["all"]),
    "mask_padding": (["0", "32"], ["257"]),
    "mask_fill": (["original", "noise", "blur", "none"], ["white"]),
    "second_pass_scale": (["1", "2.5"], ["0.5", "9"]),
    "structure_size": (["8", "64"], ["7", "4096"]),
    "tile_size": (["64", "512"], ["60", "4096"]),
    "second_pass_steps": (["1", "150"], ["0", "151"]),
    "second_pass_strength": (["0", "0.4"], ["1.5"]),
    "upscaler": (["lanczos", "latent", "animevideov3"], []),
    "image_guidance_scale": (["1", "1.5"], ["0.5", "x"]),
    "noise_level": (["0", "20", "350"], ["-1", "351", "1.5"]),
    "width": (["8", "2048"], ["12", "0", "2056"]),
    "height": (["512"], ["513"]),
    "second_pass": (["auto", "never"], ["ever"]),
    "seed": (["0", "18446744073709551615"], ["-2", "18446744073709551616", "1.5"]),
    "seeds": (["5", "1,18446744073709551615,3", "[7,8]"], ["1,,2", "x", "-1", "[]"]),
    "subseed": (["0", "18446744073709551615"], ["-2", "x"]),
    "subseed_strength": (["0", "0.2", "1"], ["1.1"]),
    "seed_width": (["512"], ["513", "0"]),
    "seed_height": (["512"], ["7"]),
    "count": (["1", "1000"], ["0", "1001"]),
    "clip_skip": (["0", "64"], ["65"]),
    "eta": (["0", "0.5", "1"], ["1.01"]),
    "noise": (["torch-cpu", "nvidia"], ["cuda"]),
    "batch_noise": (["per-picture", "one-tensor", "comfyui"], ["none"]),
    "step_noise": (["generator", "brownian"], ["white"]),
    "batch_place": (["2/4"], ["5/4", "0/1", "x"]),
    "system": (["diffusers", "a1111", "comfyui", "stability"], ["invoke"]),
    "prompt_syntax": (["plain", "weights", "a1111"], ["none"]),
    "prompt_template": (["{a|b}"], []),
    "prompt_mode": (["chunks", "truncate"], ["cut"]),
    "prediction": (["epsilon", "v_prediction"], ["v"]),
    "precision": (["auto", "float32", "float16", "bfloat16", "int8"], ["float64"]),
  ]

  /// The request of one flag; nil if it is refused.
  private func flagged(_ field: RequestField, _ text: String) -> GenerationRequest? {
    guard
      case .run(let arguments) = try? Arguments.parse(["--\(field.flag.names[0])=\(text)"], for: .generate)
    else { return nil }
    return arguments.settings.request
  }

  private func row(_ file: RowFile?) -> GenerationRequest? {
    guard let file, file.problems.isEmpty else { return nil }
    return file.rows.first?.request
  }

  private func cell(_ name: String, _ text: String) -> GenerationRequest? {
    let quoted = "\"\(text.replacing("\"", with: "\"\""))\""
    let isPrompt = name == "prompt"
    return row(
      try? RowFile(
        csv: isPrompt ? "prompt\n\(quoted)\n" : "prompt,\(name)\nx,\(quoted)\n", name: "p.csv",
        defaults: GenerationRequest(prompt: "")))
  }

  private func line(_ name: String, _ value: FieldValue) -> GenerationRequest? {
    var fields: [String: FieldValue] = ["prompt": .text("x")]
    fields[name] = value
    return row(
      try? RowFile(
        jsonLines: FieldValue.object(fields).json + "\n", name: "p.jsonl",
        defaults: GenerationRequest(prompt: "")))
  }

  @Test func everyFieldHasSamples() {
    #expect(Set(Self.samples.keys) == Set(RequestField.all.map(\.key)))
    let names = RequestField.all.flatMap { [$0.key] + $0.aliases }
    #expect(Set(names).count == names.count)
    for field in RequestField.all {
      #expect(!field.help.isEmpty && !field.expected().isEmpty && !field.usual.isEmpty, "\(field.key)")
    }
  }

  @Test(arguments: RequestField.all.map(\.key)) func flagsCellsAndJSONReadTheSame(key: String) throws {
    let field = try #require(RequestField.named(key))
    let samples = try #require(Self.samples[key])
    for text in samples.right {
      let value = field.value(ofText: text)
      let fromJSON = try #require(line(key, value), "\(key) \(text)")
      #expect(field.value(in: fromJSON) != .null)
      // An empty cell stands for nothing said.
      if !text.isEmpty { #expect(cell(key, text) == fromJSON, "\(key) \(text)") }
      for alias in field.aliases {
        #expect(text.isEmpty || cell(alias, text) == fromJSON, "\(alias) \(text)")
        #expect(line(alias, value) == fromJSON, "\(alias) \(text)")
      }
      var given = try #require(flagged(field, text), "\(key) \(text)")
      given.prompt = fromJSON.prompt
      #expect(given == fromJSON, "\(key) \(text)")
      // What is written is read again.
      let written = field.value(in: fromJSON)
      #expect(line(key, written) == fromJSON && field.value(ofText: written.plain) == written)
      #expect(
        try JSONDecoder().decode(GenerationRequest.self, from: JSONEncoder().encode(fromJSON)) == fromJSON)
    }
    for text in samples.wrong {
      #expect(cell(key, text) == nil && line(key, field.value(ofText: text)) == nil, "\(key) \(text)")
      #expect(flagged(field, text) == nil, "\(key) \(text)")
    }
  }

  @Test func aSeedOfMinusOneIsDrawnWhereverItStands() throws {
    let seed = try #require(RequestField.named("seed"))
    var defaults = GenerationRequest(prompt: "")
    defaults.seed = 5
    let table = try RowFile(csv: "prompt,seed\nx,-1\ny,\n", name: "p.csv", defaults: defaults)
    #expect(table.problems.isEmpty && table.rows.map(\.request.seed) == [nil, 5])
    #expect(flagged(seed, "-1")?.seed == nil && line("seed", .number("-1")) != nil)
    let request = try GenerationRequest(json: Array(#"{"prompt":"x","seed":-1}"#.utf8), strict: true)
    #expect(request.seed == nil)
  }

  @Test func sidesThatAreNotPossibleNameTheNearest() {
    #expect {
      try GenerationRequest(json: Array(#"{"prompt":"x","width":500}"#.utf8), strict: true)
    } throws: { "\($0)".hasSuffix("from 8 to 2048; the nearest are 496 and 504") }
    var request = GenerationRequest(prompt: "x")
    request.height = 20_000
    #expect { try request.validate() } throws: { "\($0)".hasSuffix("; the nearest is 2048") }
  }

  @Test func twoNamesOfOneFieldAreRefused() {
    #expect {
      try RowFile(
        csv: "prompt,steps,num_inference_steps\nx,1,2\n", name: "p.csv",
        defaults: GenerationRequest(prompt: ""))
    } throws: { "\($0)" == "p.csv: the header: has 'num_inference_steps' twice" }
  }

  @Test func refusalsOfFlagsAreData() throws {
    let error = #expect(throws: DarkroomError.self) {
      try Arguments.parse(["x", "--sampler", "eulr"], for: .generate)
    }
    #expect(error?.kind == .request && error?.field == "--sampler" && error?.found == "eulr")
    #expect(error?.expected?.hasPrefix("one of ddim, ") == true)
    #expect(error?.help?.hasPrefix("did you mean euler") == true)
  }
}
