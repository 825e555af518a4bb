import Darkroom
import Foundation
import Glibc
import Testing

/// The command as users run it, on a tiny model.
@Suite(.serialized) struct EndToEndTests {
  private let folder: TemporaryFolder
  private static let small = ["--model", BuiltCommand.model, "--size", "64x64", "--steps", "2"]

  init() throws { folder = try TemporaryFolder() }

  private func run(_ words: [String], environment: [String: String] = [:]) async throws -> BuiltCommand.Result
  {
    try await BuiltCommand.run(words, in: folder, environment: environment)
  }

  private func generate(_ words: String...) async throws -> BuiltCommand.Result {
    try await run(["generate", "a tiny cat"] + Self.small + words)
  }

  private struct Line: Decodable {
    let path: String
    let seed: UInt64
    let width: Int
    let height: Int
    let seconds: Double
    let request: GenerationRequest
  }

  private func lines(_ result: BuiltCommand.Result) throws -> [Line] {
    try result.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
  }

  @Test(arguments: [
    ("a.png", [0x89, 0x50, 0x4E, 0x47]), ("a.jpg", [0xFF, 0xD8, 0xFF]), ("a.JPEG", [0xFF, 0xD8, 0xFF]),
    ("a.webp", [0x52, 0x49, 0x46, 0x46]),
  ])
  func formats(name: String, start: [UInt8]) async throws {
    let result = try await generate("--seed", "7", "--output", name)
    #expect(result.code == 0 && result.output == "\(name)\n", "\(result.error)")
    #expect(try folder.data(name).starts(with: start))
    #expect(folder.names == [name])
    #expect(!result.error.contains("\r") && !result.error.contains("\u{1B}"))

    let redone = try await run(["redo", name, "--model", BuiltCommand.model])
    let stem = name.split(separator: ".")
    let copy = "\(stem[0])-redo.\(stem[1])"
    #expect(redone.code == 0 && redone.output == "\(copy)\n", "\(redone.error)")
    #expect(try folder.data(copy) == folder.data(name))
  }

  @Test func threadsDoNotMatter() async throws {
    _ = try await generate("--seed", "7", "--output", "a.png", "--threads", "1")
    _ = try await generate("--seed", "7", "--output", "b.png", "--threads=3")
    #expect(try folder.data("a.png") == folder.data("b.png"))
  }

  @Test func severalPicturesAsJSON() async throws {
    let result = try await generate(
      "--seed", "7", "--count", "3", "--json", "--output", "new/", "--sampler", "euler_a", "--negative", "n",
      "--cfg-scale", "2")
    #expect(result.code == 0, "\(result.error)")
    let lines = try lines(result)
    #expect(lines.map(\.seed) == [7, 8, 9] && lines.map(\.request.seed) == [7, 8, 9])
    #expect(lines.map(\.path) == ["new/7-a-tiny-cat.png", "new/8-a-tiny-cat.png", "new/9-a-tiny-cat.png"])
    for line in lines {
      #expect(line.width == 64 && line.height == 64 && line.seconds > 0 && line.request.count == 1)
      #expect(try GenerationRequest.read(fromPicture: folder.path(line.path)) == line.request)
    }
    let single = try await run(["redo", "new/9-a-tiny-cat.png", "--model", BuiltCommand.model])
    #expect(single.output == "new/9-a-tiny-cat-redo.png\n")
    #expect(try folder.data("new/9-a-tiny-cat-redo.png") == folder.data("new/9-a-tiny-cat.png"))
  }

  /// Above the useful size of the tiny model, 64x64.
  @Test func largePictures() async throws {
    let words = ["generate", "x", "--model", BuiltCommand.model, "--steps", "5", "--seed", "7"]
    let large = words + ["--size", "128x96"]
    let result = try await run(large + ["--output", "a.png", "--json"])
    #expect(result.code == 0, "\(result.error)")
    #expect(result.error.contains("128x96 is above this model's useful size (64x64): drawn at 72x56, "))
    let line = try #require(try lines(result).first)
    #expect(line.width == 128 && line.height == 96 && line.request.width == 128)
    #expect(try await run(["redo", "a.png", "--model", BuiltCommand.model]).code == 0)
    #expect(try folder.data("a-redo.png") == folder.data("a.png"))

    let once = try await run(large + ["--output", "b.png", "--second-pass", "never"])
    #expect(once.code == 0 && !once.error.contains("useful size"), "\(once.error)")
    #expect(try folder.data("b.png") != folder.data("a.png"))
    #expect(try await run(["redo", "b.png", "--model", BuiltCommand.model]).code == 0)
    #expect(try folder.data("b-redo.png") == folder.data("b.png"))
  }

  @Test func namesOfSeveral() async throws {
    let result = try await generate("--count", "2", "--output", "x.png", "--quiet")
    #expect(result.lines == ["x-1.png", "x-2.png"] && result.error.isEmpty)
  }

  @Test func randomSeedsAreReported() async throws {
    let first = try lines(try await generate("--json"))
    let second = try lines(try await generate("--json"))
    #expect(first[0].seed != second[0].seed)
    #expect(folder.names == [first[0].path, second[0].path].sorted())
  }

  @Test func namesInAFolderReplaceNothing() async throws {
    for name in ["7-a-tiny-cat.png", "7-a-tiny-cat-2.png"] {
      #expect(try await generate("--seed", "7").output == "\(name)\n")
    }
  }

  @Test func dryRunMakesNothing() async throws {
    struct Estimate: Decodable {
      let weights, arena, scratch, peak, available, batch: Int
    }
    let result = try await generate("--dry-run", "--json", "--count", "2", "--output", "new/")
    #expect(result.code == 0 && folder.names.isEmpty, "\(result.error)")
    let estimate = try JSONDecoder().decode(Estimate.self, from: Data(result.output.utf8))
    #expect(estimate.weights > 0 && estimate.arena > 0 && estimate.available > 0 && estimate.batch == 2)
    #expect(estimate.peak == estimate.weights + estimate.arena + estimate.scratch)
    let text = try await generate("--dry-run")
    let words = text.lines.map { $0.split(separator: " ").first.map(String.init) }
    #expect(words == ["weights", "arena", "scratch", "peak", "available", "together"])
  }

  /// The command's table of limits is the engine's.
  @Test func limitsAreTheEngines() async throws {
    let words = [
      "generate", "x", "--model", BuiltCommand.model, "--dry-run", "--guidance-rescale", "1", "--eta", "1",
      "--cfg-scale", "100", "--steps", "150", "--count", "1000", "--size", "64x64", "--seed", "\(UInt64.max)",
    ]
    #expect(try await run(words).code == 0)
    for (flag, value) in [("steps", "1"), ("cfg-scale", "0"), ("eta", "0"), ("count", "1")] {
      let result = try await run([
        "generate", "x", "--model", BuiltCommand.model, "--dry-run", "--\(flag)", value,
      ])
      #expect(result.code == 0, "\(flag): \(result.error)")
    }
  }

  @Test func exitCodes() async throws {
    try folder.write("not a picture", "text.png")
    try folder.write("not a model", "text.safetensors")
    let model = BuiltCommand.model
    let cases: [([String], Int32)] = [
      (["generate", "x", "--steps", "0"], 2), (["generate", "x", "--config", "folder"], 2), (["nonsense"], 2),
      ([], 2),
      (["generate", "x", "--model", model, "--clip-skip", "60"], 2),
      (["generate", "x", "--model", model, "--output", "a.gif"], 2),
      (["generate", "x", "--model", "none"], 1), (["generate", "x", "--model", "text.safetensors"], 1),
      (["inspect", "none"], 1), (["inspect", "text.safetensors"], 1),
      (["generate", "x", "--model", model, "--output", "none/a.png"], 1),
      (["redo", "none.png", "--model", model], 2), (["redo", "text.png", "--model", model], 2),
      (["generate", "--from", "none.csv", "--model", model], 2),
    ]
    for (words, code) in cases {
      let result = try await run(words)
      #expect(result.code == code, "\(words): \(result.error)")
      #expect(
        result.errorLines.count == 1 && result.error.hasPrefix("darkroom: "), "\(words): \(result.error)")
      #expect(result.output.isEmpty)
    }
    #expect(folder.names == ["text.png", "text.safetensors"])
  }

  @Test func inspects() async throws {
    let text = try await run(["inspect", BuiltCommand.model])
    #expect(text.code == 0, "\(text.error)")
    for word in ["family", "native size  64x64", "unet", "vae", "text_encoder", "F16", "unknown tensors: 0"] {
      #expect(text.output.contains(word), "\(word)")
    }
    let json = try await run(["inspect", BuiltCommand.model, "--json"])
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    var summary = try decoder.decode(ModelSummary.self, from: Data(json.output.utf8))
    #expect(summary.fingerprint?.count == 64)
    summary.fingerprint = nil
    #expect(summary == (try ModelSummary.inspect(ModelSource(path: BuiltCommand.model))))
  }

  @Test func aReaderThatGoesAwayIsNoFailure() async throws {
    for words in ["--help", "generate x --model $1 --sampler euler --size 64x64 --steps 2 --seed 1"] {
      // The reader ends before the command starts.
      let process = try ChildProcess(
        "/bin/sh",
        [
          "-c", "{ sleep 0.2; $0 \(words) 2>error; echo $? >code; } | true", BuiltCommand.url().path,
          BuiltCommand.model,
        ], folder: folder.path, environment: ProcessInfo.processInfo.environment)
      while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
      #expect(try folder.data("code") == Data("0\n".utf8))
      #expect(!String(decoding: try folder.data("error"), as: UTF8.self).contains("darkroom:"))
    }
    #expect(folder.names.contains("1-x.png"))
  }

  @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
  func signalsEndARunWithinAStep(signal: Int32, code: Int32) async throws {
    let running = try BuiltCommand.start(
      [
        "generate", "x", "--model", BuiltCommand.model, "--size", "64x64", "--steps", "150", "--count",
        "1000",
      ], in: folder)
    #expect(try running.waits { !folder.names.isEmpty })
    running.send(signal)
    let start = ContinuousClock.now
    let result = try await running.result()
    // A step takes milliseconds, all of it minutes.
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(result.code == code && result.errorLines.last == "darkroom: interrupted")
    #expect(result.lines.sorted() == folder.names)
    for name in folder.names { _ = try GenerationRequest.read(fromPicture: folder.path(name)) }
  }

  @Test func aStoppedBatchGoesOn() async throws {
    let rows = (1...12).map { "\"cat, number \($0)\",\($0 % 2 == 0 ? "" : "\($0)")" }
    try folder.write("prompt,seed\r\n\(rows.joined(separator: "\r\n"))\r\n", "p.csv")
    let words = [
      "generate", "--from", "p.csv", "--model", BuiltCommand.model, "--size", "64x64", "--steps", "30",
      "--output", "out/",
    ]
    let running = try BuiltCommand.start(words, in: folder)
    #expect(
      try running.waits {
        FileManager.default.fileExists(atPath: folder.path("out/0002-cat-number-2.png"))
      })
    running.send(SIGINT)
    let first = try await running.result()
    #expect(first.code == 130 && (2..<12).contains(first.lines.count), "\(first.error)")
    let kept = try first.lines.map { try folder.data($0) }

    let second = try await run(words)
    #expect(second.code == 0 && second.lines.count == 12 - first.lines.count, "\(second.error)")
    #expect(second.error.contains("\(first.lines.count) of 12 rows are there already"))
    #expect(try first.lines.map { try folder.data($0) } == kept)
    let third = try await run(words + ["--json"])
    #expect(third.code == 0 && third.output.isEmpty)

    let expected = (1...12).map { "out/\($0 < 10 ? "000" : "00")\($0)-cat-number-\($0).png" }
    #expect(first.lines + second.lines == expected)
    #expect(try GenerationRequest.read(fromPicture: folder.path(expected[2])).seed == 3)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path("out"))
    #expect(files.filter { $0.hasPrefix(".") } == [".darkroom-p.csv.json"] && files.count == 13)
  }

  @Test func aKilledBatchGoesOn() async throws {
    try folder.write("prompt,count\na,3\nb,3\nc,3\n", "p.csv")
    let words = [
      "generate", "--from", "p.csv", "--model", BuiltCommand.model, "--size", "64x64", "--steps", "30",
    ]
    var kept: [String: Data] = [:]
    for name in ["0001-a-1.png", "0002-b-2.png"] {
      let running = try BuiltCommand.start(words, in: folder)
      #expect(try running.waits { folder.names.contains(name) })
      running.send(SIGKILL)
      #expect(try await running.result().code == -SIGKILL)
      for name in folder.names where name.hasSuffix(".png") {
        _ = try GenerationRequest.read(fromPicture: folder.path(name))
        let data = try folder.data(name)
        #expect(kept.updateValue(data, forKey: name) ?? data == data)
      }
    }
    #expect(try await run(words).code == 0)
    #expect(folder.names.count { $0.hasSuffix(".png") } == 9)
    for (name, data) in kept { #expect(try folder.data(name) == data) }
  }

  @Test func batchesOfJSONLines() async throws {
    try folder.write(
      """
      {"prompt": "a", "seed": 1, "output": "one.webp"}
      {"prompt": "b", "clip_skip": 60}
      {"prompt": "c", "seed": 3, "count": 2, "width": 72}

      """, "p.jsonl")
    let words = ["generate", "--from", "p.jsonl"] + Self.small
    let dry = try await run(words + ["--dry-run"])
    #expect(dry.code == 2 && dry.error.hasPrefix("darkroom: p.jsonl, row 2: clip_skip: 60 is not possible"))
    let result = try await run(words + ["--json"])
    #expect(result.code == 1)
    #expect(try lines(result).map(\.path) == ["one.webp", "0003-c-1.png", "0003-c-2.png"])
    #expect(try lines(result).map(\.width) == [64, 72, 72])
    #expect(result.error.contains("darkroom: p.jsonl, row 2: clip_skip: 60 is not possible"))
    #expect(result.errorLines.last == "darkroom: p.jsonl: 1 of 3 rows failed")
  }

  @Test func badRowsStopABatchBeforeItStarts() async throws {
    try folder.write("prompt,steps\na,2\nb,0\nc,x\n", "p.csv")
    let result = try await run(["generate", "--from", "p.csv"] + Self.small)
    #expect(result.code == 2 && result.errorLines.count == 3, "\(result.error)")
    #expect(folder.names == ["p.csv"])
  }
}
