import Sampling
import Testing

@Suite struct GuidanceTests {
  @Test func pushesAwayFromTheUnconditional() throws {
    var predictions: [Float] = [1, 2, -1, 0, 3, 1, 0, 0]
    let guidance = try Guidance(scale: 7.5)
    let result = predictions.withUnsafeMutableBufferPointer { Array(guidance.combine($0, batch: 1)) }
    #expect(result == [16, -5.5, 6.5, 0])
    #expect(Array(predictions[4...]) == [3, 1, 0, 0])
    #expect(guidance.usesUnconditional)
    #expect(try !Guidance(scale: 1).usesUnconditional)
    for scale in [0, 0.5, 0.999] {
      for system in NameSystem.allCases {
        let guidance = try Guidance(scale: scale, system: system)
        #expect(guidance.usesUnconditional == [.a1111, .comfyui].contains(system))
      }
    }
  }

  /// Against diffusers' `rescale_noise_cfg`.
  @Test func rescalesEachPicture() throws {
    let golden = try Goldens.read("guidance", as: Goldens.RescaledGuidance.self)
    var predictions = golden.unconditional + golden.conditional
    let guidance = try Guidance(scale: golden.scale, rescale: golden.rescale)
    let result = predictions.withUnsafeMutableBufferPointer { Array(guidance.combine($0, batch: 2)) }
    #expect(largestDifference(result, golden.result) < 1e-5)
  }

  /// Equal pictures have no spread to bring back.
  @Test func rescaleLeavesFlatPictures() throws {
    var predictions: [Float] = [1, 1, 2, 2]
    let guidance = try Guidance(scale: 2, rescale: 1)
    #expect(predictions.withUnsafeMutableBufferPointer { Array(guidance.combine($0, batch: 1)) } == [3, 3])
  }

  @Test func severalConditionalPredictions() throws {
    var predictions: [Float] = [1, 0, 2, 4, 0, -2]
    let guidance = try Guidance(weights: [2, 0.5], rescale: 0)
    #expect(guidance.predictionCount == 3)
    #expect(
      predictions.withUnsafeMutableBufferPointer { Array(guidance.combine($0, batch: 1)) } == [2.5, 7])
  }

  /// As Python's `int(start * count) <= step < int(stop * count)` in diffusers 0.42.1 (`ClassifierFreeGuidance`).
  @Test(arguments: [
    (0, 1, 25, 0..<25), (0.2, 0.8, 10, 2..<8), (0.5, 0.5, 10, 5..<5), (0.34, 0.67, 3, 1..<2),
    (0, 0.29, 100, 0..<28),
    (0.07, 1, 100, 7..<100), (0.99, 1, 10, 9..<10), (1, 1, 4, 4..<4), (0.3, 0.9, 1, 0..<0),
  ])
  func guidedSteps(start: Double, end: Double, count: Int, steps: Range<Int>) throws {
    #expect(try Guidance(scale: 7, start: start, end: end).guidedSteps(of: count) == steps)
    #expect(try Guidance(scale: 1, start: start, end: end).guidedSteps(of: count).isEmpty)
  }

  @Test func wrongWindowsAreRefused() {
    for (start, end) in [(Double.nan, 1), (-0.1, 1), (1.1, 1), (0, .nan), (0, 1.1), (0.5, 0.4)] {
      #expect(throws: SamplingError.self) { _ = try Guidance(scale: 7, start: start, end: end) }
    }
  }

  @Test func wrongNumbersAreRefused() {
    for (scale, rescale) in [(Double.nan, 0), (.infinity, 0), (-1, 0), (7, -0.1), (7, 1.1), (1e300, 0)] {
      #expect(throws: SamplingError.self) { _ = try Guidance(scale: scale, rescale: rescale) }
    }
  }
}
