import Darkroom
import Foundation
import Testing

import DarkroomCLI

@Suite struct ProgramTests {
  @Test(arguments: [
    ([], "no command; darkroom --help lists them"),
    (["generte"], "unknown command 'generte'; did you mean generate?; darkroom --help lists them"),
    (["xyz"], "unknown command 'xyz'; darkroom --help lists them"),
    (
      ["--versio"],
      "no command before '--versio'; did you mean --version?; expected one such as darkroom generate, or --help"
    ),
    (["-p", "x"], "no command before '-p'; expected one such as darkroom generate, or --help"),
    (["a cat"], "'a cat' is no command; expected darkroom generate 'a cat'"),
    (
      ["generate", "x", "--prompt", "y"], "--prompt: stands instead of PROMPT; expected one of the two"
    ),
    (
      ["pull", "dream"],
      "'dream' has no owner; expected OWNER/NAME, as the model's page https://huggingface.co/OWNER/NAME says (https://huggingface.co/models?search=dream looks for it)"
    ),
    (["help", "redoo"], "unknown command 'redoo'; did you mean redo?; darkroom --help lists them"),
    (["generate"], "no PROMPT; expected darkroom generate PROMPT, or --from FILE"),
    (["generate", "x", "--from", "a.csv"], "--from: stands instead of PROMPT; expected one of the two"),
    (
      ["generate", "x", "--config", "folder"],
      "--config: belongs to a model; expected --model FILE.safetensors as well"
    ),
    (
      ["generate", "x", "--output", "-", "--count", "2"],
      "--output -: takes one picture; expected a folder for 2"
    ),
    (
      ["generate", "x", "--output", "-", "--json"],
      "--output -: the picture is the output; expected no --json"
    ),
    (
      ["generate", "x", "--output", "a.png", "--format", "webp"],
      "--format: belongs to --output -; elsewhere a name's ending chooses the format"
    ),
    (
      ["generate", "x", "--show"], "--show: the error stream is no terminal that can show them; expected one"
    ),
    (["redo"], "no PICTURE; expected darkroom redo PICTURE"),
    (["inspect"], "no MODEL|PICTURE; expected darkroom inspect MODEL|PICTURE"),
    (["samplers", "x"], "unexpected argument 'x'"),
    (
      ["generate", "--from", "a.csv", "--model", "m", "--output", "b.png"],
      "--output: is a file; expected a folder with --from (a new one ends in /)"
    ),
    (
      ["generate", "--from", "a.doc", "--model", "m"],
      "--from: 'a.doc' is not possible; expected a file that ends in .csv, .jsonl or .txt, or -"
    ),
    (
      ["generate", "--from", "no\u{1B}such.csv", "--model", "m"],
      "--from: 'no\\u{1B}such.csv' cannot be read: No such file or directory"
    ),
  ])
  func wrongUseIsOneLine(words: [String], message: String) async {
    let test = TestConsole()
    #expect(await test.run(words) == 2)
    #expect(test.error == "darkroom: \(message)\n")
    #expect(test.output.isEmpty)
  }

  @Test func exitCodesOfErrors() {
    #expect(ExitCode.of(DarkroomError(.request, ""), signal: nil) == 2)
    for kind in [DarkroomError.Kind.model, .resources, .nonFinite, .output] {
      #expect(ExitCode.of(DarkroomError(kind, ""), signal: nil) == 1)
    }
    #expect(ExitCode.of(CancellationError(), signal: 2) == 130)
    #expect(ExitCode.of(CancellationError(), signal: 15) == 143)
    #expect(ExitCode.of(DarkroomError(.output, ""), signal: 2) == 1)
    #expect(ExitCode.of(CocoaError(.fileNoSuchFile), signal: nil) == 1)
  }

  @Test func samplersAsJSON() async throws {
    struct Listing: Decodable {
      let samplers: [Catalogue.Sampler]
      let schedules: [Catalogue.Schedule]
    }
    let test = TestConsole()
    #expect(await test.run(["samplers", "--json"]) == 0)
    let listing = try JSONDecoder().decode(Listing.self, from: Data(test.output.utf8))
    #expect(listing.samplers == Catalogue.samplers && listing.schedules == Catalogue.schedules)
    #expect(!test.output.dropLast().contains("\n"))
  }

  @Test func samplersAsTable() async {
    let test = TestConsole()
    #expect(await test.run(["samplers"]) == 0)
    #expect(test.output.hasPrefix("Take first: ") && test.output.contains("\nsampler  "))
    // What is named there exists.
    for name in ["dpmpp_2m", "euler", "unipc", "euler_a", "dpmpp_2m_sde", "lcm", "tcd"] {
      #expect(Catalogue.samplers.contains { $0.name == name })
    }
    for name in Catalogue.samplers.map(\.name) + Catalogue.schedules.map(\.name) {
      #expect(test.output.contains("\n\(name)"))
    }
    #expect(!test.output.contains(" \n"))
  }

  @Test func modelOfTheEnvironment() async {
    let test = TestConsole()
    #expect(await test.run(["generate", "x"], environment: ["DARKROOM_MODEL": "/no/model"]) == 1)
    #expect(test.error.contains("/no/model"))
  }

  @Test func nearNames() {
    #expect(NearNames.near("generat", among: ["generate", "redo"]) == ["generate"])
    #expect(NearNames.near("dpm", among: ["dpmpp_2m", "euler"]) == ["dpmpp_2m"])
    #expect(NearNames.near("zzz", among: ["euler"]).isEmpty)
  }
}
