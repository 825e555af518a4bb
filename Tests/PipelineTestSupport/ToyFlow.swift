import Darkroom
import Families
import Foundation
import Graph
import Layers
import Sampling
import TestSupport
import Tokenizer
import Weights

/// A model that nothing ships, as unlike Stable Diffusion 1 as the house allows: two text encoders with inputs of their
/// own, three predictions, a denoiser of attention over tokens instead of a UNet, flow noise, two latent channels,
/// latent pixels of four picture pixels. Its numbers are random.
package final class ToyFlow: DiffusionModel {
  package static let family = ModelFamily(name: "toy", title: "Toy") { contents in
    guard contents.shape("transformer.inner.weight") != nil else { return .foreign("no toy") }
    return .model(try ToyFlow(contents))
  }

  private static let width = 8
  private static let positions = 77
  private static let vocabulary = 49_408

  package let traits: ModelTraits
  private let checkpoint: Checkpoint
  /// For rows of the context, and for one vector.
  private let tokens: [Parameter]
  private let pooled: Linear
  private let inner: Linear
  private let time: Linear
  private let attention: Attention
  private let outer: Linear
  private let decoding: Conv2d
  private let encoding: Conv2d

  private init(_ contents: ModelContents) throws {
    let checkpoint = contents.checkpoint
    self.checkpoint = checkpoint
    let (width, transformer) = (Self.width, checkpoint[.transformer])
    tokens = [ModelPart.textEncoder, .textEncoder2].map {
      checkpoint[$0].parameter("table", [Self.vocabulary, width])
    }
    pooled = Linear(checkpoint[.textEncoder2]["pooled"], width, width)
    inner = Linear(transformer["inner"], 2, width)
    time = Linear(transformer["time"], 2, width)
    attention = Attention(transformer["attention"], width, heads: 2)
    outer = Linear(transformer["outer"], width, 2)
    decoding = Conv2d(checkpoint[.vae]["decoder"], 2, 3)
    encoding = Conv2d(
      checkpoint[.vae]["encoder"], 3, 4, kernel: 4, stride: 4, padding: .init(before: 0, after: 0))
    try checkpoint.verify()
    var defaults = SamplingDefaults()
    (defaults.steps, defaults.guidanceScale) = (3, 2)
    traits = ModelTraits(
      family: (Self.family.name, Self.family.title),
      latents: LatentSpace(channels: 2, factor: 4, scale: 2, shift: 0.25), nativeSide: 32,
      noise: ModelSchedule(.flow(shift: 3), prediction: .flow), defaults: defaults,
      secondPass: SecondPassRule(), tokenizer: CLIPTokenizer(try Vocabulary.clip()),
      textPositions: Self.positions, textLayers: 1, hasEncoder: true, preview: nil)
  }

  package func guidanceWeights(scale: Float, pictureScale: Float) -> [Float] { [0.25 * scale, 0.75 * scale] }

  /// Nothing, the words' vector alone, and all of the words.
  package func conditioner(_ prompts: PromptTokens) -> Conditioner {
    let modules = (0..<2).map(encoder)
    let shapes = ["words": [Self.positions, Self.width], "vector": [Self.width]]
    let isGuided = prompts.negative != nil
    return Conditioner(modules: modules, shapes: shapes, predictions: isGuided ? 3 : 1) { run in
      func inputs(_ texts: [WeightedTokens]) throws -> NamedInputs {
        let ids = ["ids": texts[0].tokens.chunks[0].ids.map(Float.init)]
        let words = try run(modules[0], ids, ["words": [Self.positions, Self.width]])
        let vector = try run(modules[1], ids, ["vector": [Self.positions, Self.width]])
        return [
          "words": words["words"] ?? [], "vector": Array((vector["vector"] ?? []).prefix(Self.width)),
        ]
      }
      let all = try inputs(prompts.positive)
      guard let negative = prompts.negative else { return Conditioning([all], shapes: shapes) }
      let none = try inputs(negative)
      return Conditioning([none, all.merging(["words": none["words"] ?? []]) { $1 }, all], shapes: shapes)
    }
  }

  private func encoder(_ index: Int) -> Module {
    Module("text_encoder_\(index)", sizes: [index], of: checkpoint) { [self] in
      let graph = Graph()
      let ids = graph.input("ids", [1, Self.positions], rate: .picture)
      let rows = ids.embedding(table: tokens[index], positions: nil)
      graph.output(index == 0 ? "words" : "vector", index == 0 ? rows.activated(.silu) : pooled(rows))
      return graph
    }
  }

  package func denoiser(_ size: LatentSize, rows: Int, conditioning: ConditioningShapes) -> Module {
    Module("transformer", sizes: [rows, size.height, size.width], of: checkpoint) { [self] in
      let graph = Graph()
      let latents = graph.input(
        "latents", [rows, size.height, size.width, 2], rate: .step, layout: .channelsFirst)
      let level = graph.input("level", [1, 2], rate: .step)
      let words = graph.input("words", [rows, Self.positions, Self.width], rate: .picture)
      let vector = graph.input("vector", [rows, Self.width], rate: .picture)
      let x = inner(latents).adding(perChannel: vector).adding(perChannel: time(level))
      let seen = outer(x.activated(.silu))
      let told = outer(attention(x.asSequence, context: words))
      graph.output("prediction", seen + told.reshaped(seen.shape), layout: .channelsFirst)
      return graph
    }
  }

  package var stepInputs: [StepInput] {
    [
      StepInput(name: "level", count: 2) { level, values in
        (values[0], values[1]) = (Float(level.timestep) / 1000, Float(level.alpha))
      }
    ]
  }

  package func decoder(_ size: LatentSize) -> Module {
    Module("vae_decoder", sizes: [size.height, size.width], of: checkpoint, mayWorkInStrips: true) {
      [decoding] in
      let graph = Graph()
      let latents = graph.input(
        "latents", [1, size.height, size.width, 2], rate: .picture, layout: .channelsFirst)
      let large = latents.upsampled(height: 4 * size.height, width: 4 * size.width)
      graph.output("picture", decoding(large), layout: .pixels)
      return graph
    }
  }

  package func encoder(_ size: LatentSize) throws -> Module {
    Module("vae_encoder", sizes: [size.height, size.width], of: checkpoint, mayWorkInStrips: true) {
      [encoding] in
      let graph = Graph()
      let picture = graph.input("picture", [1, 4 * size.height, 4 * size.width, 3], rate: .picture)
      graph.output("moments", encoding(picture), layout: .channelsFirst)
      return graph
    }
  }
}

extension ToyFlow {
  /// Writes a model in a folder of diffusers' layout.
  package static func write(to folder: String) throws {
    var random = SeededGenerator(seed: 1)
    func write(_ file: String, _ shapes: [(String, [Int])]) throws {
      let path = "\(folder)/\(file)"
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      let tensors = shapes.map {
        SafetensorsWriter.WrittenTensor(name: $0.0, dtype: .float32, shape: Shape($0.1))
      }
      try SafetensorsWriter.write(to: path, tensors: tensors) { tensor, sink in
        let numbers = (0..<tensor.shape.count).map { _ in Float.random(in: -0.5...0.5, using: &random) }
        try numbers.withUnsafeBytes { try sink($0) }
      }
    }
    func layer(_ name: String, _ inputs: Int, _ outputs: Int, bias: Bool = true) -> [(String, [Int])] {
      [("\(name).weight", [outputs, inputs])] + (bias ? [("\(name).bias", [outputs])] : [])
    }
    let table = [("table", [vocabulary, width])]
    let projections = ["to_q", "to_k", "to_v"].flatMap {
      layer("attention.\($0)", width, width, bias: false)
    }
    try write("text_encoder/model.safetensors", table)
    try write("text_encoder_2/model.safetensors", table + layer("pooled", width, width))
    try write(
      "transformer/diffusion_pytorch_model.safetensors",
      layer("inner", 2, width) + layer("time", 2, width) + projections
        + layer("attention.to_out.0", width, width) + layer("outer", width, 2))
    try write(
      "vae/diffusion_pytorch_model.safetensors",
      [
        ("decoder.weight", [3, 2, 3, 3]), ("decoder.bias", [3]), ("encoder.weight", [4, 3, 4, 4]),
        ("encoder.bias", [4]),
      ])
    for name in ["text_encoder", "text_encoder_2", "transformer", "vae"] {
      try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)/config.json"))
    }
    let index =
      #"{"text_encoder": ["a", "b"], "text_encoder_2": ["a", "b"], "transformer": ["a", "b"], "vae": ["a", "b"]}"#
    try Data(index.utf8).write(to: URL(fileURLWithPath: "\(folder)/model_index.json"))
  }
}
