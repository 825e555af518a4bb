import Darkroom
import Testing

import DarkroomCLI

@Suite struct ArgumentsTests {
  private func parse(_ words: String...) throws -> Arguments {
    guard case .run(let arguments) = try Arguments.parse(words, for: .generate) else {
      throw DarkroomError(.request, "asked for help")
    }
    return arguments
  }

  private static let sizes = "one or both a multiple of 8 from 8 to 2048 such as 512x768"

  private func refusal(_ words: [String]) -> String? {
    do {
      _ = try Arguments.parse(words, for: .generate)
      return nil
    } catch let error as DarkroomError {
      return error.kind == .request ? error.description : "wrong kind"
    } catch {
      return "wrong error"
    }
  }

  @Test func readsEveryFlag() throws {
    let settings = try parse(
      "a cat", "--model", "m", "--config", "c", "--negative", "n", "--sampler", "DDIM", "--schedule",
      "karras",
      "--steps", "7", "--cfg-scale", "-0", "--guidance-rescale", "0.5", "--size", "512x768", "--seed",
      "18446744073709551615", "--count", "3", "--clip-skip", "1", "--eta", "1", "--prompt-syntax", "a1111",
      "--prompt-mode", "truncate", "--precision", "float32", "--device", "cpu", "--threads", "2", "--output",
      "o.png", "--from", "f.csv", "--json", "--quiet", "--dry-run", "--second-pass", "never",
      "--memory-limit", "1.5GiB", "--no-pack-cache"
    ).settings
    var request = GenerationRequest(prompt: "")
    (request.negativePrompt, request.sampler, request.schedule) = ("n", "DDIM", "karras")
    (request.steps, request.guidanceScale, request.guidanceRescale) = (7, 0, 0.5)
    (request.width, request.height, request.seed, request.count) = (512, 768, .max, 3)
    (request.clipSkip, request.eta, request.promptSyntax) = (1, 1, .a1111)
    (request.promptMode, request.precision, request.secondPass) = (.truncate, .float32, .never)
    #expect(settings.request == request)
    #expect(settings.fields.isSuperset(of: ["seed", "width", "height", "cfg_scale", "negative_prompt"]))
    #expect(settings.model == "m" && settings.configuration == "c" && settings.threads == 2)
    #expect(settings.memoryLimit == 3 << 29 && !settings.packCache)
    #expect(settings.output == "o.png" && settings.from == "f.csv")
    #expect(settings.json && settings.quiet && settings.dryRun)
  }

  @Test(
    arguments: [
      ("1B", 1), ("2KiB", 2048), ("1500MiB", 1500 << 20), ("0.5GiB", 1 << 29), ("1TiB", 1 << 40),
      ("3kB", 3000),
      ("1.5MB", 1_500_000), ("2GB", 2_000_000_000), ("", nil), ("GiB", nil), ("0GiB", nil), ("-1GiB", nil),
      ("+1GiB", nil), ("1e3MiB", nil), ("0x10MiB", nil), ("nanGiB", nil), ("1..5GiB", nil), ("2 GiB", nil),
      ("9999999999999999TiB", nil), ("0.4B", nil), ("1gib", nil), ("12", nil), ("\u{661}MiB", nil),
    ] as [(String, Int?)])
  func sizesOfMemory(text: String, expected: Int?) { #expect(bytes(text) == expected) }

  @Test func valuesMayFollowAnEqualsSign() throws {
    let arguments = try parse("--negative=--a=b", "--steps=3", "x")
    #expect(arguments.settings.request.negativePrompt == "--a=b")
    #expect(arguments.settings.request.steps == 3)
    #expect(arguments.words == ["x"])
  }

  /// Short forms of stable-diffusion.cpp, and the names of fields as diffusers, A1111 and others write them.
  @Test func readsTheNamesOfOtherPrograms() throws {
    let settings = try parse(
      "-p", "a cat", "-n", "fog", "-s", "7", "-W512", "-H=768", "-b", "2", "-m", "m", "-o", "o.png", "-t2",
      "-q", "--num_inference_steps", "9", "--guidance-scale=5", "--sampling-method", "euler",
      "--scheduler", "karras", "--precision", "bf16"
    ).settings
    var request = GenerationRequest(prompt: "a cat")
    (request.negativePrompt, request.seed, request.width, request.height) = ("fog", 7, 512, 768)
    (request.count, request.steps, request.guidanceScale) = (2, 9, 5)
    (request.sampler, request.schedule, request.precision) = ("euler", "karras", .bfloat16)
    #expect(settings.request == request)
    #expect(settings.model == "m" && settings.output == "o.png" && settings.threads == 2 && settings.quiet)
    for (name, precision) in [
      ("fp16", "float16"), ("half", "float16"), ("fp32", "float32"), ("8bit", "int8"),
    ] {
      #expect(try parse("--precision", name).settings.request.precision?.rawValue == precision)
    }
  }

  @Test(arguments: RequestField.all.map(\.key)) func everyNameOfAFieldIsAFlag(key: String) throws {
    let field = try #require(RequestField.named(key))
    let option = try #require(Command.generate.options.first { $0.name == field.flag.names[0] })
    for name in [field.key] + field.aliases {
      for flag in ["--\(name)", "--\(name.replacing("_", with: "-"))"] {
        #expect(throws: (any Error).self) { try parse(flag) }  // no value
        #expect(option.names.contains(flag.replacing("_", with: "-")))
      }
    }
  }

  @Test func oneNameHasOneMeaning() {
    for command in Command.all {
      let names = command.options.flatMap(\.names)
      #expect(Set(names).count == names.count, "\(command.name)")
      #expect(!names.contains("-h"))
    }
  }

  @Test(arguments: ["-1", "7"]) func seedsMayBeDrawn(text: String) throws {
    for words in [["--seed", text], ["-s", text], ["-s\(text)"], ["--seed=\(text)"]] {
      guard case .run(let arguments) = try Arguments.parse(words, for: .generate) else { continue }
      #expect(arguments.settings.request.seed == (text == "-1" ? nil : 7))
      #expect(arguments.settings.fields == ["seed"])
    }
  }

  @Test(arguments: ["512", "512x512", "512X512", "512×512"]) func sizesMayBeOneNumber(text: String) throws {
    let request = try parse("--size", text).settings.request
    #expect(request.width == 512 && request.height == 512)
  }

  @Test func twoDashesEndTheFlags() throws {
    let arguments = try parse("--steps", "3", "--", "--steps")
    #expect(arguments.words == ["--steps"])
    #expect(try parse("-").words == ["-"])
  }

  @Test func helpWinsOverWhatIsMissing() throws {
    guard case .help = try Arguments.parse(["--steps", "3", "--help"], for: .generate) else {
      Issue.record("--help is not seen")
      return
    }
  }

  @Test(arguments: [
    (["--stepz", "3"], "unknown flag '--stepz'; did you mean --steps?; darkroom generate --help lists them"),
    (
      ["--imit", "a.png"], "unknown flag '--imit'; did you mean --init?; darkroom generate --help lists them"
    ),
    (["-x", "3"], "unknown flag '-x'; darkroom generate --help lists them"),
    (["-steps", "3"], "unknown flag '-steps'; did you mean --steps?; darkroom generate --help lists them"),
    (
      ["--num-inference-step", "3"],
      "unknown flag '--num-inference-step'; did you mean --num-inference-steps?; darkroom generate --help lists them"
    ),
    (
      ["--repeats", "3"],
      "unknown flag '--repeats'; it belongs to darkroom compare; darkroom generate --help lists them"
    ),
    (
      ["-s", "3", "--seed", "4"], "--seed: says the same as -s, which is given too; expected one of the two"
    ),
    (
      ["--size", "64", "-W", "64"], "-W: says the same as --size, which is given too; expected one of the two"
    ),
    (
      ["-p", "-n", "x"],
      "-p: no value before '-n'; expected at most 10000 characters (a value that looks like a flag is written -p=-n)"
    ),
    (["--steps", "0"], "--steps: '0' is not possible; expected 1 to 150"),
    (["--steps", "1e1"], "--steps: '1e1' is not possible; expected 1 to 150"),
    (
      ["--steps", "99999999999999999999"],
      "--steps: '99999999999999999999' is not possible; expected 1 to 150"
    ),
    (["--steps"], "--steps: no value; expected 1 to 150"),
    (
      ["--steps", "--json"],
      "--steps: no value before '--json'; expected 1 to 150"
        + " (a value that looks like a flag is written --steps=--json)"
    ),
    (["--steps", "3", "--steps=3"], "--steps: is given twice; expected once"),
    (["--json", "--json"], "--json: is given twice; expected once"),
    (["--json=1"], "--json: '1' is not possible; expected no value"),
    (["--cfg-scale", "nan"], "--cfg-scale: 'nan' is not possible; expected 0 to 100"),
    (["--cfg-scale", "inf"], "--cfg-scale: 'inf' is not possible; expected 0 to 100"),
    (["--cfg-scale", "-1"], "--cfg-scale: '-1' is not possible; expected 0 to 100"),
    (["--eta", "1.01"], "--eta: '1.01' is not possible; expected 0 to 1"),
    (
      ["--seed", "-2"],
      "--seed: '-2' is not possible; expected a whole number from 0 to 2^64 - 1, or -1 for a random one"
    ),
    (["--size", "512x"], "--size: '512x' is not possible; expected \(sizes)"),
    (["--size", "64x64x64"], "--size: '64x64x64' is not possible; expected \(sizes)"),
    (
      ["--size", "500x500"],
      "--size: '500x500' is not possible; expected \(sizes); the nearest are 496 and 504"
    ),
    (
      ["--size", "64x500"], "--size: '64x500' is not possible; expected \(sizes); the nearest are 496 and 504"
    ),
    (["--size", "64x5000"], "--size: '64x5000' is not possible; expected \(sizes); the nearest is 2048"),
    (
      ["-W", "3"], "-W: '3' is not possible; expected a multiple of 8 from 8 to 2048; the nearest is 8"
    ),
    (
      ["--device", "gpu"],
      "--device: 'gpu' is not possible; expected auto, cpu, vulkan, or vulkan: and an index, a name or a UUID that \"darkroom devices\" lists"
    ),
    (
      ["--memory-limit", "2G"],
      "--memory-limit: '2G' is not possible; expected a size such as 2GiB or 1500MiB"
    ),
    (["--threads", "0"], "--threads: '0' is not possible; expected 1 to 1024"),
    (["--model", ""], "--model: '' is not possible; expected a path"),
    (["a", "cat"], "unexpected argument 'cat'; an argument with spaces needs quotes"),
    (
      ["--prompt-mode", "chunk\n"],
      "--prompt-mode: 'chunk\\n' is not possible; expected one of chunks, truncate; did you mean chunks?"
    ),
  ])
  func refuses(words: [String], message: String) { #expect(refusal(words) == message) }

  @Test func namesSamplersThatAreNear() throws {
    let message = try #require(refusal(["--sampler", "eulr"]))
    #expect(message.hasPrefix("--sampler: 'eulr' is not possible; expected one of "))
    #expect(message.contains("did you mean euler"))
    #expect(refusal(["--sampler", "EULER"]) == nil)
    for entry in Catalogue.samplers {
      for alias in entry.aliases { #expect(refusal(["--sampler", alias]) == nil) }
    }
  }

  @Test func longValuesAreCut() throws {
    let message = try #require(refusal(["--steps", String(repeating: "9", count: 5000)]))
    #expect(message.count < 200)
    #expect(refusal(["--negative", String(repeating: "a", count: 10_000)]) == nil)
    #expect(refusal(["--negative", String(repeating: "a", count: 10_001)]) != nil)
  }

  @Test func countsMissingArguments() {
    #expect(throws: DarkroomError.self) { try Arguments.parse([], for: .redo) }
    #expect(throws: DarkroomError.self) { try Arguments.parse(["a", "b"], for: .redo) }
    #expect(throws: Never.self) { try Arguments.parse(["a"], for: .redo) }
  }
}
