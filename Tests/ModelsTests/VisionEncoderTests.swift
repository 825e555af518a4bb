import CPUBackend
import Foundation
import Graph
import Models
import Reference
import TestSupport
import Testing
import Weights

/// CLIP's vision encoder against transformers, and what its configuration may say.
@Suite struct VisionEncoderTests {
  private let file: ConfigurationFile

  init() throws { file = try configurationFile("safety/safety_checker/config.json") }

  @Test(arguments: ["cpu", "reference"], ["trips", "passes", "adjusted", "rounded"])
  func isTransformers(backend: String, picture: String) throws {
    let checkpoint = try Checkpoint(
      ModelFiles(.safetyChecker, of: ModelFolder(Fixtures.url("safety").path)))
    let encoder = VisionEncoder(checkpoint[.safetyChecker], try VisionEncoderConfiguration(file))
    try checkpoint.verify()
    let io = try Golden("safety/io.safetensors")
    let (expected, _) = try io.tensor("\(picture).embedding")
    let backend: any Backend = backend == "cpu" ? try CPUBackend(threads: 2) : ReferenceBackend()
    let result = try backend.prepare(Plan(encoder.graph())).run(
      [
        "picture": io.tensor("\(picture).prepared").0,
        "places": (0..<encoder.configuration.tokens).map(Float.init),
      ], [:], output: "embedding", count: expected.count)
    #expect(largestDifference(result, expected) < 1e-4)
  }

  /// As the file of Stable Diffusion 1 is, which says little, and as that of 1.4, which says things twice.
  @Test func publishedFiles() throws {
    let vision =
      #"{"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24, "patch_size": 14}"#
    for text in [
      #"{"model_type": "clip", "projection_dim": 768, "vision_config": \#(vision)}"#,
      #"{"projection_dim": 768, "vision_config": {"hidden_size": 1}, "vision_config_dict": \#(vision)}"#,
    ] {
      let c = try VisionEncoderConfiguration(ConfigurationFile("config.json", Array(text.utf8)))
      let sizes = [c.width, c.inner, c.heads, c.layers, c.patch]
      #expect(sizes == [1024, 4096, 16, 24, 14])
      let others = [c.side, c.projection, c.tokens]
      #expect(others == [224, 768, 257])
      #expect(c.activation == .quickGelu)
    }
  }

  @Test(arguments: [
    (#""hidden_act": "relu""#, "vision_config: hidden_act: \"relu\" is not supported"),
    (
      #""num_attention_heads": 5"#,
      "vision_config: num_attention_heads: 32 channels do not divide into 5 heads"
    ),
    (#""patch_size": 64"#, "vision_config: patch_size: 64 is more than the image_size, 32"),
    (#""patch_size": 0"#, "vision_config: patch_size"),
    (#""num_channels": 4"#, "vision_config: num_channels: 4 is not supported; expected 3"),
  ])
  func otherFilesAreRefused(_ field: String, _ problem: String) throws {
    let text =
      "{\"vision_config\": {\"hidden_size\": 32, \"num_attention_heads\": 4, \"image_size\": 32, \(field)}}"
    let error = try #require(throws: ConfigurationError.self) {
      _ = try VisionEncoderConfiguration(ConfigurationFile("config.json", Array(text.utf8)))
    }
    #expect("\(error)".contains(problem), "\(error)")
    #expect(throws: ConfigurationError.self) {
      _ = try VisionEncoderConfiguration(ConfigurationFile("config.json", Array("{}".utf8)))
    }
  }
}
