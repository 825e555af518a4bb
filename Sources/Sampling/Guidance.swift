/// Classifier-free guidance (Ho and Salimans, 2022): pushes the prediction away from the unconditional one.
///
/// With the unconditional prediction u and conditional ones c₁ … cₙ: `u + Σ wᵢ (cᵢ - u)`. One prompt is n = 1,
/// with its guidance scale as weight.
package struct Guidance: Sendable, Equatable {
  /// One weight a conditional prediction.
  package let weights: [Float]
  /// φ of Lin et al. (2023), section 3.4: how far the standard deviation of each picture is brought back to that
  /// of its first conditional prediction. 0 leaves the result as it is.
  package let rescale: Float
  /// The shares of the steps before which and from which on the conditional prediction is used alone (Kynkäänniemi
  /// et al., 2024, who give them as noise levels; as shares of the steps they are those of diffusers' guiders).
  package private(set) var start = 0.0
  package private(set) var end = 1.0
  /// Whether the unconditional prediction is needed. diffusers runs a conditional one alone at scales up to 1; A1111 and
  /// ComfyUI combine both at any scale but 1.
  package private(set) var usesUnconditional: Bool

  /// - Parameters:
  ///   - weights: of the conditional predictions at a scale, at least one.
  ///   - system: whose rule decides which scales are none.
  /// - Throws: `SamplingError.setting` for a scale that is not finite, a rescale outside 0...1, a start outside 0...1
  ///   or an end outside start...1.
  package init(
    scale: Double, weights: (_ scale: Float) -> [Float] = { [$0] }, rescale: Double = 0, start: Double = 0,
    end: Double = 1,
    system: NameSystem = .diffusers
  ) throws {
    guard scale.isFinite, scale >= 0, Float(scale).isFinite else {
      throw SamplingError.setting(name: "cfg_scale", value: "\(scale)", expected: "a finite number from 0")
    }
    try self.init(weights: weights(Float(scale)), rescale: rescale)
    usesUnconditional = system.followsDiffusers ? scale > 1 : scale != 1
    guard start >= 0, start <= 1 else {
      throw SamplingError.setting(name: "guidance_start", value: "\(start)", expected: "0 to 1")
    }
    guard end >= start, end <= 1 else {
      throw SamplingError.setting(
        name: "guidance_end", value: "\(end)", expected: "guidance_start, which is \(start), to 1")
    }
    (self.start, self.end) = (start, end)
  }

  /// One weight a conditional prediction, at least one.
  ///
  /// - Throws: `SamplingError.setting` for a rescale outside 0...1.
  package init(weights: [Float], rescale: Double = 0) throws {
    precondition(!weights.isEmpty, "guidance without a conditional prediction")
    guard rescale >= 0, rescale <= 1 else {
      throw SamplingError.setting(name: "guidance_rescale", value: "\(rescale)", expected: "0 to 1")
    }
    self.weights = weights
    self.rescale = Float(rescale)
    usesUnconditional = weights.count > 1 || weights[0] > 1
  }

  /// The steps that are guided, of so many from 0: i with `⌊start count⌋ ≤ i < ⌊end count⌋`, as in diffusers'
  /// `ClassifierFreeGuidance`. The others take the last conditional prediction as it is.
  package func guidedSteps(of count: Int) -> Range<Int> {
    guard usesUnconditional else { return 0..<0 }
    return Int(start * Double(count))..<Int(end * Double(count))
  }

  /// Number of predictions that `combine` takes: the unconditional one and the conditional ones.
  package var predictionCount: Int { weights.count + 1 }

  /// Combines a network's output in place: the result takes the place of the unconditional prediction, at the
  /// start. Allocates nothing.
  ///
  /// - Parameters:
  ///   - predictions: `[unconditional, conditional₁, …]`, each of `batch` whole pictures.
  ///   - batch: pictures in each; each is rescaled by its own standard deviation.
  /// - Returns: the part of the buffer with the result.
  @discardableResult
  package func combine(
    _ predictions: UnsafeMutableBufferPointer<Float>, batch: Int
  ) -> UnsafeMutableBufferPointer<Float> {
    let count = predictions.count / predictionCount
    precondition(
      batch > 0 && count * predictionCount == predictions.count && count % batch == 0,
      "\(predictions.count) floats for \(predictionCount) predictions of \(batch) pictures")
    let result = UnsafeMutableBufferPointer(rebasing: predictions[..<count])
    for index in 0..<count {
      let unconditional = predictions[index]
      var guided = unconditional
      for part in weights.indices {
        guided += weights[part] * (predictions[(part + 1) * count + index] - unconditional)
      }
      result[index] = guided
    }
    if rescale > 0 { rescaleToConditional(predictions, count: count, batch: batch) }
    return result
  }

  private func rescaleToConditional(
    _ predictions: UnsafeMutableBufferPointer<Float>, count: Int, batch: Int
  ) {
    let each = count / batch
    for picture in 0..<batch {
      let guided = UnsafeMutableBufferPointer(
        rebasing: predictions[picture * each..<(picture + 1) * each])
      let conditional = UnsafeMutableBufferPointer(
        rebasing: predictions[count + picture * each..<count + (picture + 1) * each])
      let spread = Elementwise.standardDeviation(UnsafeBufferPointer(guided))
      guard spread > 0 else { continue }
      let ratio = Elementwise.standardDeviation(UnsafeBufferPointer(conditional)) / spread
      Elementwise.scale(guided, by: rescale * Float(ratio) + (1 - rescale))
    }
  }
}
