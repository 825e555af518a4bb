import Darkroom
import Foundation
import Testing

import DarkroomCLI

@Suite struct RowFileTests {
  private let defaults: GenerationRequest = {
    var request = GenerationRequest(prompt: "")
    request.steps = 9
    request.negativePrompt = "blurry"
    return request
  }()

  private func csv(_ text: String) throws -> RowFile {
    try RowFile(csv: text, name: "p.csv", defaults: defaults)
  }

  private func json(_ text: String) throws -> RowFile {
    try RowFile(jsonLines: text, name: "p.jsonl", defaults: defaults)
  }

  @Test func readsAllFieldsOfCSV() throws {
    let file = try csv(
      """
      prompt,negative_prompt,sampler,schedule,steps,cfg_scale,guidance_rescale,width,height,seed,count,\
      clip_skip,eta,prompt_syntax,prompt_mode,precision,second_pass,output
      a cat,n,ddim,karras,3,1.5,0.25,64,128, 5 ,2,1,0.5,plain,truncate,float32,never,x.jpg
      "a dog, sitting",,,,,,,,,,,,,,,,,

      """)
    #expect(file.problems.isEmpty && file.rows.count == 2)
    var request = GenerationRequest(prompt: "a cat")
    (request.negativePrompt, request.sampler, request.schedule, request.steps) = ("n", "ddim", "karras", 3)
    (request.guidanceScale, request.guidanceRescale, request.width, request.height) = (1.5, 0.25, 64, 128)
    (request.seed, request.count, request.clipSkip, request.eta) = (5, 2, 1, 0.5)
    (request.promptSyntax, request.promptMode, request.precision) = (.plain, .truncate, .float32)
    request.secondPass = .never
    #expect(file.rows[0] == Row(number: 1, line: 2, request: request, output: "x.jpg"))
    var second = defaults
    second.prompt = "a dog, sitting"
    #expect(file.rows[1] == Row(number: 2, line: 3, request: second, output: nil))
  }

  @Test func readsJSONLines() throws {
    let file = try json(
      """
      {"prompt": "a \\"cat\\"", "seed": 18446744073709551615, "cfg_scale": 2, "steps": null}

      {"prompt": "", "negative_prompt": "", "output": "b.webp"}\r
      """)
    #expect(file.problems.isEmpty, "\(file.problems)")
    #expect(file.rows.map(\.line) == [1, 3] && file.rows.map(\.number) == [1, 2])
    #expect(file.rows[0].request.prompt == "a \"cat\"" && file.rows[0].request.seed == .max)
    #expect(file.rows[0].request.guidanceScale == 2 && file.rows[0].request.steps == 9)
    #expect(file.rows[1].request.negativePrompt == "" && file.rows[1].output == "b.webp")
  }

  @Test(arguments: [
    ("", "p.csv: is empty; expected a line with the names of the columns"),
    ("prompt,prompt\n", "p.csv: the header: has 'prompt' twice"),
    ("steps\n3\n", "p.csv: the header: has no column 'prompt'"),
  ])
  func refusesFiles(text: String, message: String) {
    #expect { try csv(text) } throws: { "\($0)" == message }
  }

  @Test func aPromptALine() throws {
    var defaults = GenerationRequest(prompt: "")
    defaults.steps = 3
    let file = try RowFile(
      prompts: "# colours\r\na red heart\n\n  a cat, {x|y} # of two  \n", name: "p.txt", defaults: defaults)
    #expect(
      file.problems.isEmpty && file.rows.map(\.request.prompt) == ["a red heart", "a cat, {x|y} # of two"])
    #expect(file.rows.map(\.line) == [2, 4] && file.rows.map(\.request.steps) == [3, 3])
    let flags = try RowFile(prompts: "--prompt \"x\"", name: "p.txt", defaults: defaults)
    #expect(
      flags.problems == [
        "p.txt, row 1 (line 1): begins with --; expected a prompt (a .csv file has columns for other fields)"
      ])
  }

  @Test func unknownColumnsHaveNearNames() {
    #expect {
      try csv("prompt,step\n")
    } throws: { error in
      "\(error)".hasPrefix(
        "p.csv: the header: unknown column 'step'; did you mean step_noise or steps?; expected batch_noise, ")
    }
  }

  @Test(arguments: [
    ("prompt,steps\na,0\n", ["p.csv, row 1 (line 2): steps: '0' is not possible; expected 1 to 150"]),
    ("prompt,steps\na\n", ["p.csv, row 1 (line 2): has 1 fields; expected 2 as in the header"]),
    ("prompt,steps\n,3\n", ["p.csv, row 1 (line 2): prompt: is missing"]),
    (
      "prompt,seed,eta\na,-2,nan\nb,1,1\nc,1.5,2\n",
      [
        "p.csv, row 1 (line 2): seed: '-2' is not possible; expected a whole number from 0 to 2^64 - 1, or -1 for a random one",
        "p.csv, row 1 (line 2): eta: 'nan' is not possible; expected 0 to 1",
        "p.csv, row 3 (line 4): seed: '1.5' is not possible; expected a whole number from 0 to 2^64 - 1, or -1 for a random one",
        "p.csv, row 3 (line 4): eta: '2' is not possible; expected 0 to 1",
      ]
    ),
  ])
  func reportsEveryBadCell(text: String, problems: [String]) throws {
    #expect(try csv(text).problems == problems)
  }

  @Test(arguments: [
    (#"{"prompt": "a", "steps": "3"}"#, "steps: '3' is not possible; expected 1 to 150"),
    (#"{"prompt": "a", "steps": 3.5}"#, "steps: '3.5' is not possible; expected 1 to 150"),
    (#"{"prompt": "a", "steps": true}"#, "steps: 'true' is not possible; expected 1 to 150"),
    (#"{"prompt": "a", "cfg_scale": 1e308}"#, "cfg_scale: '1e+308' is not possible; expected 0 to 100"),
    (#"{"prompt": 5}"#, "prompt: '5' is not possible; expected at most 10000 characters"),
    (#"{"seed": 5}"#, "prompt: is missing"),
    (#"{"prompt": null}"#, "prompt: is missing"),
    (
      #"{"prompt": ["a"]}"#,
      "prompt: '[\"a\"]' is not possible; expected at most 10000 characters"
    ),
  ])
  func reportsBadJSONValues(line: String, problem: String) throws {
    #expect(try json(line).problems == ["p.jsonl, row 1 (line 1): \(problem)"])
  }

  @Test(arguments: [
    "[]", "{", "nonsense", "{\"prompt\": \"a\"} x", "3", "{'prompt': 'a'}", "{\"prompt\": NaN}",
  ])
  func refusesLinesThatAreNoObjects(line: String) {
    #expect {
      try json("{\"prompt\": \"a\"}\n\(line)")
    } throws: { "\($0)" == "p.jsonl, line 2: is not a JSON object" }
  }

  @Test func unknownJSONField() throws {
    let problems = try json(#"{"prompt": "a", "Steps": 3}"#).problems
    #expect(problems.count == 1)
    #expect(problems[0].hasPrefix("p.jsonl, row 1 (line 1): unknown field 'Steps'; did you mean steps?"))
  }

  @Test(arguments: [
    "../x.png", "/x.png", "a/x.png", "..", "", ".x.png", "x", "x.gif", "x\u{7}.png", "x\0.png",
    String(repeating: "x", count: 200) + ".png",
  ])
  func refusesOutputs(name: String) {
    #expect(!PictureName.isPlain(name))
  }

  @Test func reportsABadOutput() throws {
    let problems = try csv("prompt,output\na,../x.png\n").problems
    #expect(
      problems == [
        "p.csv, row 1 (line 2): output: '../x.png' is not possible; expected \(PictureName.expected)"
      ])
    #expect(PictureName.isPlain("x..y.PNG") && PictureName.isPlain("日 本.webp"))
  }

  @Test func readsFilesWithAMark() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("\u{FEFF}prompt\r\na cat\r\n", "P.CSV")
    let file = try RowFile(path: path, defaults: defaults)
    #expect(file.name == "P.CSV" && file.rows.map(\.request.prompt) == ["a cat"])
    let lines = try folder.write("\u{FEFF}{\"prompt\": \"a\"}\r\n", "p.jsonl")
    #expect(try RowFile(path: lines, defaults: defaults).rows.count == 1)
  }

  @Test func refusesBytesThatAreNoText() throws {
    let folder = try TemporaryFolder()
    try Data([0x70, 0xFF]).write(to: URL(fileURLWithPath: folder.path("p.csv")))
    #expect {
      try RowFile(path: folder.path("p.csv"), defaults: defaults)
    } throws: { "\($0)".hasSuffix("is not text in UTF-8") }
  }

  /// Whatever the bytes, an error and no trap.
  @Test func survivesRandomText() {
    var generator = SystemRandomNumberGenerator()
    let pieces = ["prompt", ",", "\n", "\r", "\"", "steps", "9", "{", "}", ":", "\0", "é", " ", "\\u"]
    for _ in 0..<500 {
      let text = (0..<20).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
      _ = try? csv(text)
      _ = try? csv("prompt,steps\n" + text)
      _ = try? json(text)
    }
  }
}
