/// Applies prompt weights to the text encoder's output, in place.
///
/// Each token's row is multiplied by its weight; then everything is rescaled by (mean before ÷ mean
/// after), so that emphasis moves attention without making the whole prompt stronger: the rule of
/// AUTOMATIC1111's web interface, which applies it to each chunk. The rescaling is left out where the
/// quotient is not finite. With all weights 1 no bit changes.
/// - Parameters:
///   - weights: one per token.
///   - embeddings: `[tokens × width]`, a token's row contiguous.
package func applyPromptWeights(_ weights: [Float], to embeddings: inout [Float], width: Int) {
  precondition(
    embeddings.count == weights.count * width, "\(embeddings.count) values for \(weights.count) × \(width)")
  if weights.allSatisfy({ $0 == 1 }) { return }
  embeddings.withUnsafeMutableBufferPointer { values in
    var before = 0.0
    var after = 0.0
    for (token, weight) in weights.enumerated() {
      for index in (token * width)..<((token + 1) * width) {
        before += Double(values[index])
        values[index] *= weight
        after += Double(values[index])
      }
    }
    let scale = Float(before / after)
    guard scale.isFinite else { return }
    for index in values.indices { values[index] *= scale }
  }
}
