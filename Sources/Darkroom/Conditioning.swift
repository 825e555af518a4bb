import Graph
import Models
import Tokenizer

/// What the network is told about a prompt: the text encoder's output for each token.
struct Conditioning {
  /// `[tokens, width]`, all chunks one after the other.
  let context: [Float]
  let tokens: Int
}

/// Turns prompts into conditioning, one chunk at a time so that every prompt runs the same program.
struct PromptEncoder {
  let model: LoadedModel
  let program: any Program

  /// The guided pair: the prompt and what to keep away from, padded to one length.
  /// - Parameter negative: nil if guidance does not need it.
  func encode(
    _ prompt: TokenizedPrompt, negative: TokenizedPrompt?, check: () throws -> Void
  ) throws -> (positive: Conditioning, negative: Conditioning?) {
    guard let negative else { return (try encode(prompt, check), nil) }
    let chunks = max(prompt.chunks.count, negative.chunks.count)
    return (
      try encode(model.tokenizer.padded(prompt, toChunks: chunks), check),
      try encode(model.tokenizer.padded(negative, toChunks: chunks), check)
    )
  }

  private func encode(_ prompt: TokenizedPrompt, _ check: () throws -> Void) throws -> Conditioning {
    let (length, width) = (model.textEncoder.configuration.positions, model.textEncoder.configuration.width)
    var context: [Float] = []
    for chunk in prompt.chunks {
      var part = [Float](repeating: 0, count: length * width)
      chunk.ids.map(Float.init).withUnsafeBufferPointer { program.write($0, to: "ids") }
      try program.run(.picture, check: check)
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
