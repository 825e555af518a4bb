import Graph
import Models
import Tokenizer

/// What the network is told about a prompt: the text encoder's output for each token.
package struct Conditioning {
  /// `[tokens, width]`, all chunks one after the other.
  package let context: [Float]
  let tokens: Int
}

/// A prompt and, if guidance needs it, what to keep away from; both of one length.
package struct GuidedConditioning {
  package let negative: Conditioning?
  package let positive: Conditioning

  package var tokens: Int { positive.tokens }
  /// Halves of a guided batch.
  var halves: [Conditioning] { [negative, positive].compactMap { $0 } }

  /// The context of `batch` pictures: all negative halves first, `[count x batch, tokens, width]`.
  /// - Parameter count: 2 for both halves, 1 for the positive one.
  package func batched(_ batch: Int, halves count: Int) -> [Float] {
    halves.suffix(count).flatMap { half in (0..<batch).flatMap { _ in half.context } }
  }
}

/// Turns prompts into conditioning, one chunk at a time so that every prompt runs the same program.
struct PromptEncoder {
  let model: LoadedModel
  let program: any Program

  /// - Parameter chunks: how many chunks the result has at least; empty ones are added at the end.
  func encode(_ prompt: TokenizedPrompt, chunks: Int) throws -> Conditioning {
    let prompt = model.tokenizer.padded(prompt, toChunks: chunks)
    let (length, width) = (model.textEncoder.configuration.positions, model.textEncoder.configuration.width)
    var context: [Float] = []
    for chunk in prompt.chunks {
      var part = [Float](repeating: 0, count: length * width)
      chunk.ids.map(Float.init).withUnsafeBufferPointer { program.write($0, to: "ids") }
      try program.run(.picture) { try Task.checkCancellation() }
      part.withUnsafeMutableBufferPointer { program.read("context", into: $0) }
      if let position = part.firstIndex(where: { !$0.isFinite }) {
        throw DarkroomError(
          .nonFinite, "text encoder: token \(position / width) of the prompt has values that are not finite")
      }
      applyPromptWeights(chunk.weights, to: &part, width: width)
      context += part
    }
    return Conditioning(context: context, tokens: prompt.chunks.count * length)
  }
}
