import Darkroom
import Foundation
import Pictures
import TestSupport
import Testing

/// Pictures of programs whose requests are not drawn again: they are named, with what they plainly tell.
@Suite final class ForeignPictureTests {
  private let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).png")
    .path

  deinit { try? FileManager.default.removeItem(atPath: path) }

  private func facts(_ texts: [(String, String)]) throws -> PictureFacts {
    let picture = Picture(width: 1, height: 1, pixels: [0, 0, 0])
    let chunks = texts.flatMap { PNGChunks.text($0, $1) }
    try write(PNGChunks.inserting(chunks, into: picture.encoded(as: .png)))
    return try PictureFacts(ofPicture: path)
  }

  private func write(_ file: [UInt8]) throws { try Data(file).write(to: URL(fileURLWithPath: path)) }

  private func expect(
    _ program: ForeignPicture.Program, _ told: [String: String], of texts: [(String, String)]
  ) throws {
    let facts = try facts(texts)
    #expect(facts.foreign?.program == program && facts.foreign?.facts == told && !facts.holdsRequest)
    #expect { try PictureRecord(fromPicture: self.path) } throws: {
      "\($0)".contains("is a picture of \(program.rawValue), whose requests are not drawn again here")
    }
  }

  private static let graph = """
    {"10": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 9, "cfg": 6.5, "sampler_name": "euler",
    "scheduler": "karras", "positive": ["4", 0], "negative": ["5", 0], "latent_image": ["6", 0], "model": ["2", 0]}},
    "2": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "a boat"}},
    "4": {"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["3", 0]}},
    "5": {"class_type": "CLIPTextEncode", "inputs": {"text": "rain"}},
    "6": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 96}}}
    """
  private static let told = [
    "prompt": "a boat", "negative_prompt": "rain", "sampler": "euler", "schedule": "karras", "steps": "9",
    "cfg_scale": "6.5", "seed": "5", "width": "64", "height": "96", "model": "tiny.safetensors",
  ]

  @Test func comfyUI() throws {
    try expect(.comfyUI, Self.told, of: [("prompt", Self.graph), ("workflow", #"{"nodes": []}"#)])
    try expect(.comfyUI, [:], of: [("workflow", #"{"nodes": []}"#)])
    // NaN is no JSON, and links in circles lead nowhere.
    try expect(.comfyUI, [:], of: [("prompt", #"{"1": {"class_type": "X", "inputs": {"a": NaN}}}"#)])
    let circle = Self.graph.replacing(#""conditioning": ["3", 0]"#, with: #""conditioning": ["4", 0]"#)
    var told = Self.told
    told["prompt"] = nil
    try expect(.comfyUI, told, of: [("prompt", circle)])
    // Another program's prompt.
    #expect(try facts([("prompt", "a boat")]).foreign == nil)
  }

  @Test func invokeAI() throws {
    try expect(
      .invokeAI,
      [
        "prompt": "a boat", "sampler": "euler", "steps": "9", "seed": "5", "cfg_scale": "8.5",
        "model": "tiny",
      ],
      of: [
        (
          "invokeai_metadata",
          #"{"positive_prompt":"a boat","negative_prompt":"","scheduler":"euler","steps":9,"seed":5,"cfg_scale":8.5,"model":{"model_name":"tiny"}}"#
        )
      ])
    try expect(
      .invokeAI, ["prompt": "a boat", "sampler": "k_lms", "steps": "9", "model": "tiny"],
      of: [
        (
          "sd-metadata",
          #"{"model_weights":"tiny","image":{"prompt":[{"prompt":"a boat","weight":1}],"sampler":"k_lms","steps":9}}"#
        )
      ])
    try expect(
      .invokeAI,
      ["prompt": #"a "red" boat [rain]"#, "steps": "9", "seed": "5", "width": "64", "sampler": "k_lms"],
      of: [("Dream", #""a "red" boat [rain]" -s 9 -S 5 -W 64 -A k_lms -U 4 0.9"#)])
    try expect(.invokeAI, [:], of: [("Dream", "\"")])
  }

  @Test func novelAIAndFooocus() throws {
    try expect(
      .novelAI, ["prompt": "a boat", "negative_prompt": "rain", "steps": "9", "model": "Stable Diffusion 1"],
      of: [
        ("Software", "NovelAI"), ("Description", "a boat"), ("Source", "Stable Diffusion 1"),
        ("Comment", #"{"steps": 9, "uc": "rain"}"#),
      ])
    try expect(
      .fooocus, ["prompt": "a boat", "seed": "5", "model": "tiny"],
      of: [("parameters", #"{"prompt":"a boat","seed":5,"base_model":"tiny","version":"Fooocus v2.4.3"}"#)])
    try expect(.fooocus, [:], of: [("parameters", "{"), ("fooocus_scheme", "fooocus")])
    #expect(try facts([("Software", "GIMP"), ("Comment", "a boat")]).foreign == nil)
  }

  /// Texts in EXIF: ComfyUI's where a camera would tell its model, and Fooocus' beside its name.
  @Test func textsInJPEG() throws {
    try writeJPEG([(0x0110, "prompt:\(Self.graph)")])
    let graph = try PictureFacts(ofPicture: path).foreign
    #expect(graph?.program == .comfyUI && graph?.facts == Self.told)
    try writeJPEG([(0x0131, "Fooocus v2.4.3"), (0x9286, #"{"prompt":"a boat","steps":9}"#)])
    let fooocus = try PictureFacts(ofPicture: path).foreign
    #expect(fooocus?.program == .fooocus && fooocus?.facts == ["prompt": "a boat", "steps": "9"])
    try writeJPEG([
      (0x0131, "Fooocus v2.4.3"), (0x9286, "a boat\nSteps: 9, Sampler: Euler, Version: Fooocus v2"),
    ])
    #expect(try PictureRecord(fromPicture: path).request.steps == 9)
    try writeJPEG([(0x0110, "prompt"), (0x0131, "GIMP")])
    #expect(try PictureFacts(ofPicture: path).foreign == nil)
  }

  /// A JPEG file with texts in the first directory of its EXIF.
  private func writeJPEG(_ fields: [(tag: Int, text: String)]) throws {
    func bytes(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var exif = Array("MM\0*\0\0\0\u{8}".utf8) + bytes(fields.count, 2)
    var texts: [UInt8] = []
    for (tag, text) in fields {
      let place = 8 + 2 + 12 * fields.count + 4 + texts.count
      exif += bytes(tag, 2) + bytes(2, 2) + bytes(text.utf8.count + 1, 4) + bytes(place, 4)
      texts += Array(text.utf8) + [0]
    }
    exif += bytes(0, 4) + texts
    let picture = Picture(width: 1, height: 1, pixels: [0, 0, 0])
    let jpeg = try picture.encoded(as: .jpeg)
    let segment = [0xFF, 0xE1] + bytes(2 + 6 + exif.count, 2) + Array("Exif\0\0".utf8) + exif
    try write(Array(jpeg[..<20]) + segment + jpeg[20...])
  }

  /// Texts of all programs that are changed at random: read or refused.
  @Test func textsChangedAtRandom() throws {
    let texts = [
      ("prompt", Self.graph), ("Dream", #""a boat" -s 9 -S 5"#),
      ("sd-metadata", #"{"image":{"prompt":[{"prompt":"a"}]}}"#),
      (
        "parameters",
        "a boat\nNegative prompt: rain\nSteps: 9, Sampler: Euler a, Size: 64x64, Seed: 5, Clip skip: 2"
      ),
      (
        "parameters", "a\nSteps: 9, Eta: inf, Sampler: euler karras, Version: stable-diffusion.cpp, SDCPP: {}"
      ),
      ("parameters", #"{"prompt":"a boat","version":"Fooocus v2"}"#),
      ("darkroom", #"{"prompt":"x","seed":7,"steps":3,"schedule":"leading","width":64,"height":64}"#),
    ]
    let picture = try Picture(width: 1, height: 1, pixels: [0, 0, 0]).encoded(as: .png)
    var mutations = Mutations()
    for _ in 0..<Mutations.count(usual: 1000) {
      let (keyword, text) = mutations.any(of: texts)
      let broken = mutations.broken(Array(text.utf8))
      try write(
        PNGChunks.inserting(PNGChunks.chunk("tEXt", Array(keyword.utf8) + [0] + broken), into: picture))
      _ = try? PictureFacts(ofPicture: path)
      _ = try? PictureRecord(fromPicture: path)
    }
  }
}
