import Sampling
import Testing

/// A seed's start noise, varied.
@Suite struct VariationNoiseTests {
  private func noise(
    _ variation: NoiseVariation, _ shape: (channels: Int, height: Int, width: Int)
  ) -> [Float] {
    var source = NoiseRule().source(seed: 5, varied: variation, shape: shape, path: 0...1)
    return drawn(&source, shape.channels * shape.height * shape.width)
  }

  private func drawn(_ source: inout any NoiseSource, _ count: Int) -> [Float] {
    var numbers = [Float](repeating: 0, count: count)
    numbers.withUnsafeMutableBufferPointer { source.fill($0) }
    return numbers
  }

  private func plain(_ seed: UInt64, _ count: Int) -> [Float] {
    var source: any NoiseSource = TorchNoise(seed: seed)
    return drawn(&source, count)
  }

  @Test func strengthsGoFromOneSeedToTheOther() {
    #expect(noise(NoiseVariation(seed: 9, strength: 0), (4, 3, 2)) == plain(5, 24))
    #expect(
      largestDifference(noise(NoiseVariation(seed: 9, strength: 1), (4, 3, 2)), plain(9, 24)) < 1e-6)
    #expect(
      largestDifference(noise(NoiseVariation(seed: 5, strength: 0.5), (4, 3, 2)), plain(5, 24)) < 1e-6)
  }

  /// Numbers of torch 2.13 by A1111's formula, whose angle is that of the columns of a channel.
  @Test func aTurnedSeedIsA1111s() {
    let expected: [Float] = [
      1.20133, 0.14622, -1.06793, -1.80376, 2.60955, 0.00789, -0.35367, -1.81866, 2.21584, -0.26252, 0.14982,
      -0.50811,
      1.16975, -0.24094, -0.22755, -1.69224, 0.41585, -0.95452, -1.73496, -1.9236, 0.86202, -0.41027,
      -0.28546, 0.0908,
    ]
    #expect(largestDifference(noise(NoiseVariation(seed: 9, strength: 0.3), (4, 3, 2)), expected) < 2e-5)
  }

  /// Of 4x2x4 in the middle of 4x4x2.
  @Test func anotherSizesNoiseLiesInTheMiddle() {
    let expected: [Float] = [
      1.84233, 0.51889, 0.51889, -1.71192, -0.26861, -0.13072, -0.13072, -1.43741, 0.39077, -0.01897,
      -0.01897, -1.35269,
      -0.41941, -0.5849, -0.5849, -0.78234,
    ]
    let made = noise(NoiseVariation(seed: 0, strength: 0, size: (height: 2, width: 4)), (4, 4, 2))
    #expect(largestDifference(Array(made[..<16]), expected) < 2e-5)
  }

  /// The noise on the way is the seed's, whatever the variation.
  @Test func theWayIsTheSeedsOwn() {
    var varied = NoiseRule().source(
      seed: 5, varied: NoiseVariation(seed: 9, strength: 0.3, size: (height: 5, width: 5)), shape: (4, 3, 2),
      path: 0...1)
    var plain: any NoiseSource = TorchNoise(seed: 5)
    _ = (drawn(&varied, 24), drawn(&plain, 24))
    var numbers = [[Float](repeating: 0, count: 24), [Float](repeating: 1, count: 24)]
    numbers[0].withUnsafeMutableBufferPointer { varied.fill($0, from: 2, to: 1) }
    numbers[1].withUnsafeMutableBufferPointer { plain.fill($0, from: 2, to: 1) }
    #expect(numbers[0] == numbers[1])
  }
}
