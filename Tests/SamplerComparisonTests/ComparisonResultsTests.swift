import Foundation
import SamplerComparison
import Testing

@Suite struct ComparisonResultsTests {
  private let small = Samples.results(
    methods: [Samples.methods[0], Samples.methods[10]], steps: [4, 8], seeds: [1])

  @Test func jsonComesBack() throws {
    let results = Samples.results(seeds: [0, .max])
    let bytes = try results.encoded()
    #expect(try ComparisonResults(json: bytes) == results)
    #expect(try ComparisonResults(json: bytes).encoded() == bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains("\"seed\" : 18446744073709551615"))
    for name in [
      "network_calls", "latent_rmse", "is_repeatable", "guidance_scale", "sampling_seconds", "kind",
    ] {
      #expect(text.contains("\"\(name)\" : "))
    }
  }

  /// Other programs read the file: its names stay.
  @Test func namesAreThese() throws {
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(small.encoded())) as? [String: Any])
    #expect(object.keys.sorted() == ["cells", "prompts", "references", "setting"])
    let cell = try #require((object["cells"] as? [[String: Any]])?.first)
    #expect(
      cell.keys.sorted() == [
        "decoding_seconds", "is_repeatable", "key", "kind", "measure", "network_calls", "notices", "picture",
        "sampling_seconds",
      ])
    let key = try #require(cell["key"] as? [String: Any])
    #expect(key.keys.sorted() == ["prompt", "sampler", "schedule", "seed", "steps"])
    let reference = try #require((object["references"] as? [[String: Any]])?.last)
    #expect(
      reference.keys.sorted() == [
        "kind", "network_calls", "of", "picture", "prompt", "sampler", "schedule", "seed", "uncertainty",
      ])
    let setting = try #require(object["setting"] as? [String: Any])
    #expect(
      setting.keys.sorted() == [
        "computes", "engine_version", "guidance_scale", "height", "model", "negative_prompt", "noise",
        "precision", "reference_calls", "repeats", "weights", "width",
      ])
  }

  @Test(arguments: [
    ("\"sampler\" : \"euler\"", "\"sampler\" : 7", "cells[0].key.sampler"),
    ("\"network_calls\" : 4", "\"network_calls\" : \"4\"", "cells[0].network_calls"),
    ("\"network_calls\" : 4", "\"network_calls\" : 0", "cells[0].network_calls"),
    ("\"network_calls\" : 4", "\"network_calls\" : 4.5", "cells[0].network_calls"),
    ("\"network_calls\" : 4,", "", "cells[0].network_calls"),
    ("\"steps\" : 8", "\"steps\" : -8", "cells[1].key.steps"),
    ("\"prompt\" : 0", "\"prompt\" : 3", "cells[0].key.prompt"),
    ("\"kind\" : \"ode\"", "\"kind\" : \"sde\"", "cells[0].kind"),
    ("\"decoding_seconds\" : 0.083", "\"decoding_seconds\" : -1", "cells[0].decoding_seconds"),
    ("\"seed\" : 1", "\"seed\" : -1", "cells[0].key.seed"),
    ("\"width\" : 512", "\"width\" : 0", "setting.width"),
    ("\"width\" : 512", "\"width\" : null", "setting.width"),
    ("\"steps\" : 8", "\"steps\" : 4", "cells[1].key"),
    ("\"euler-karras-4-0-1.png\"", "\"../euler.png\"", "cells[0].picture"),
  ])
  func aWrongFieldIsNamed(right: String, wrong: String, path: String) throws {
    let text = String(decoding: try small.encoded(), as: UTF8.self)
    let range = try #require(text.range(of: right))
    let json = [UInt8](text.replacingCharacters(in: range, with: wrong).utf8)
    let error = #expect(throws: ComparisonError.self) { try ComparisonResults(json: json) }
    guard case .field(path, _) = error else {
      Issue.record("\(String(describing: error)) instead of \(path)")
      return
    }
  }

  @Test func brokenFilesAreRefused() throws {
    let bytes = try small.encoded()
    for end in stride(from: 0, to: bytes.count - 2, by: 17) {
      #expect(throws: ComparisonError.self) { try ComparisonResults(json: Array(bytes[..<end])) }
    }
    #expect(throws: ComparisonError.self) { try ComparisonResults(json: Array("[]".utf8)) }
    // Whatever else is broken either reads as results or is refused with this type.
    for place in stride(from: 0, to: bytes.count, by: 7) {
      var broken = bytes
      broken[place] ^= 0x15
      do {
        _ = try ComparisonReport.html(ComparisonResults(json: broken))
      } catch {
        #expect(error is ComparisonError)
      }
    }
  }

  @Test func numbersThatJSONCannotHoldAreNamed() {
    let results = ComparisonResults(
      setting: Samples.setting, prompts: ["a"],
      references: [
        ReferenceRecord(
          prompt: 0, seed: 1, sampler: "rk4", schedule: "karras", networkCalls: 10, kind: .ode,
          uncertainty: CellMeasure(latentRMSE: .nan, psnr: 10, ssim: 0), picture: "reference.png")
      ], cells: [])
    let error = #expect(throws: ComparisonError.self) { try results.encoded() }
    guard case .field("references[0].uncertainty.latent_rmse", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func cellsFindTheirReference() throws {
    let results = Samples.results(seeds: [1, 2], prompts: ["a", "b"])
    for cell in results.cells {
      let reference = try #require(results.reference(of: cell))
      #expect(
        reference.prompt == cell.key.prompt && reference.seed == cell.key.seed && reference.kind == cell.kind)
      #expect(reference.of == (cell.kind == .path ? cell.key.method : nil))
    }
    let none = Samples.cell(
      Samples.Method(sampler: "x", schedule: "y", order: 1, error: 1, kind: .none), steps: 4, seed: 1)
    #expect(results.reference(of: none) == nil)
  }

  @Test func csvIsRFC4180() throws {
    let key = CellKey(sampler: "a,b", schedule: "say \"x\"", steps: 4, seed: .max, prompt: 0)
    let cell = CellRecord(
      key: key, networkCalls: 8, samplingSeconds: [0.5, 0.25], decodingSeconds: 0.125, measure: nil,
      kind: .none,
      isRepeatable: nil, picture: "p.png", notices: ["one\r\ntwo", "three"])
    let measured = CellRecord(
      key: CellKey(sampler: "euler", schedule: "karras", steps: 4, seed: 1, prompt: 0), networkCalls: 4,
      samplingSeconds: [0.5], decodingSeconds: 0.125,
      measure: CellMeasure(latentRMSE: 0.1, psnr: 27.5, ssim: 0.875), kind: .ode, isRepeatable: false,
      picture: "q.png")
    let results = ComparisonResults(
      setting: Samples.setting, prompts: ["a"], references: [], cells: [cell, measured])
    #expect(
      results.csv() == """
        sampler,schedule,steps,seed,prompt,network_calls,sampling_seconds,decoding_seconds,latent_rmse,psnr,ssim,\
        kind,is_repeatable,picture,notices\r
        "a,b","say ""x\""",4,18446744073709551615,0,8,0.5; 0.25,0.125,,,,none,,p.png,"one\r
        two; three"\r
        euler,karras,4,1,0,4,0.5,0.125,0.1,27.5,0.875,ode,false,q.png,\r

        """)
  }
}
