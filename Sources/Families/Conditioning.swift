import Graph
import Tokenizer

/// A text with its share in the conditioning.
package struct WeightedTokens: Sendable {
  package let tokens: TokenizedPrompt
  /// Above 0.
  package let weight: Float

  package init(_ tokens: TokenizedPrompt, weight: Float = 1) {
    (self.tokens, self.weight) = (tokens, weight)
  }
}

/// What is to be drawn, in tokens.
package struct PromptTokens: Sendable {
  /// At least one.
  package let positive: [WeightedTokens]
  /// Nil if no step is guided.
  package let negative: [WeightedTokens]?
  /// Layers to leave out at the text encoder's end.
  package let clipSkip: Int

  package init(positive: [WeightedTokens], negative: [WeightedTokens]?, clipSkip: Int) {
    (self.positive, self.negative, self.clipSkip) = (positive, negative, clipSkip)
  }

  package var all: [WeightedTokens] { positive + (negative ?? []) }
}

/// What a denoiser is told of one prediction: its named inputs without the batch axis.
package typealias NamedInputs = [String: [Float]]

/// What a denoiser is told besides latents and noise level: named inputs for each of the predictions that guidance
/// combines. The last prediction is the one that a step without guidance takes.
package struct Conditioning {
  /// In the order of `Guidance.combine`; all of the same inputs and sizes.
  package let predictions: [NamedInputs]
  /// Of each input, without the batch axis.
  package let shapes: ConditioningShapes

  package init(_ predictions: [NamedInputs], shapes: ConditioningShapes) {
    (self.predictions, self.shapes) = (predictions, shapes)
  }

  /// An input for `batch` pictures, all rows of one prediction after those of the one before.
  /// - Parameter count: how many predictions, the last ones.
  package func batched(_ name: String, _ batch: Int, predictions count: Int) -> [Float] {
    predictions.suffix(count).flatMap { inputs in (0..<batch).flatMap { _ in inputs[name] ?? [] } }
  }
}

/// Names and shapes of a denoiser's conditioning inputs, without the batch axis.
package typealias ConditioningShapes = [String: [Int]]

/// Runs a module on named inputs and returns the outputs of these names and shapes, whose numbers are finite.
package typealias ModuleRunner = (
  _ module: Module, _ inputs: NamedInputs, _ outputs: [String: [Int]]
) throws -> NamedInputs

/// How prompts become conditioning: which modules run, and what becomes of their results.
package struct Conditioner {
  /// Every module that `encode` runs.
  package let modules: [Module]
  package let shapes: ConditioningShapes
  /// How many predictions guided steps combine.
  package let predictions: Int
  /// - Throws: what the runner throws.
  package let encode: (ModuleRunner) throws -> Conditioning

  package init(
    modules: [Module], shapes: ConditioningShapes, predictions: Int,
    encode: @escaping (ModuleRunner) throws -> Conditioning
  ) {
    (self.modules, self.shapes) = (modules, shapes)
    (self.predictions, self.encode) = (predictions, encode)
  }
}
