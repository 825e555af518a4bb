import Sampling
import Testing

@Suite struct PredictionTests {
  static let levels = [
    NoiseLevel(timestep: 500, alpha: 0.6, sigma: 0.8), NoiseLevel(timestep: 900, alpha: 1, sigma: 8),
    NoiseLevel(timestep: 1, alpha: 1, sigma: 0.04),
  ]

  /// Whatever the prediction, a perfect network's output gives the clean picture back.
  @Test(arguments: Prediction.allCases) func perfectOutputGivesTheCleanPicture(_ prediction: Prediction) {
    let clean: [Double] = [1, -0.5, 0.25, 2]
    let noise: [Double] = [0.3, -1.2, 0.7, 0]
    var levels = Self.levels
    if prediction == .flow { levels = [NoiseLevel(timestep: 700, alpha: 0.3, sigma: 0.7)] }
    if prediction == .velocity { levels.append(NoiseLevel(timestep: 999, alpha: 0, sigma: 1)) }
    for level in levels {
      var x = Latents(batch: 1, channels: 4, height: 1, width: 1, values: clean)
      x.addNoise(Latents(batch: 1, channels: 4, height: 1, width: 1, values: noise), at: level)
      let magnitude = (level.alpha * level.alpha + level.sigma * level.sigma).squareRoot()
      let (alpha, sigma) = (level.alpha / magnitude, level.sigma / magnitude)
      var output = x
      for index in clean.indices {
        output.values[index] =
          switch prediction {
          case .epsilon: noise[index]
          case .sample: clean[index]
          case .velocity: alpha * noise[index] - sigma * clean[index]
          case .flow: noise[index] - clean[index]
          }
      }
      var estimate = Latents(zerosLike: x)
      output.values.map(Float.init).withUnsafeBufferPointer {
        prediction.makeClean(&estimate, output: $0, from: x, at: level)
      }
      #expect(largestDifference(estimate.values, clean) < 2e-6, "\(level)")
      #expect(abs(prediction.inputScale(at: level) - (prediction == .flow ? 1 : 1 / magnitude)) < 1e-15)
    }
  }

  @Test func inputIsScaledIntoAnotherBuffer() {
    let x: [Double] = [3, 4]
    var input: [Float] = [0, 0]
    let level = NoiseLevel(timestep: 0, alpha: 3, sigma: 4)
    x.withUnsafeBufferPointer { x in
      input.withUnsafeMutableBufferPointer { Prediction.epsilon.scaleInput(x, into: $0, at: level) }
    }
    #expect(largestDifference(input, [0.6, 0.8]) < 1e-6)
  }

  @Test func unusableLevelsAreRefused() {
    let good = NoiseLevel(timestep: 5, alpha: 1, sigma: 1)
    let infinite = NoiseLevel(timestep: 999, alpha: 1, sigma: .infinity)
    let clean = NoiseLevel(timestep: 0, alpha: 1, sigma: 0)
    #expect(throws: SamplingError.level(infinite)) {
      try Prediction.velocity.check([Step(from: infinite, to: good)])
    }
    #expect(throws: SamplingError.level(clean)) {
      try Prediction.velocity.check([Step(from: good, to: clean), Step(from: clean, to: clean)])
    }
  }
}
