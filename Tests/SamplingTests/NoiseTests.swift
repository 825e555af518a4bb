import Foundation
import Sampling
import Testing

@Suite struct NoiseTests {
  static func draw(_ count: Int, _ source: inout some NoiseSource) -> [Float] {
    var values = [Float](repeating: .nan, count: count)
    values.withUnsafeMutableBufferPointer { source.fill($0) }
    return values
  }

  @Test func longDrawsFollowTorch() throws {
    let goldens = try Goldens.read("noise", as: Goldens.Noise.self)
    #expect(goldens.long.count == 6)
    for (seed, golden) in goldens.long {
      var source = TorchNoise(seed: try #require(UInt64(seed)))
      let values = Self.draw(16384, &source)
      #expect(largestDifference(Array(values[..<8]), golden.first8) <= 1e-6)
      #expect(largestDifference(Array(values.suffix(4)), golden.last4) <= 1e-6)
      #expect(abs(values[8191] - golden.middle) <= 1e-6)
      #expect(abs(values.reduce(0) { $0 + Double($1) } - golden.sum) < 1e-3)
      #expect(abs(values.reduce(0) { $0 + Double($1) * Double($1) } - golden.sum_of_squares) < 1e-3)
      #expect(largestDifference(Array(Self.draw(16384, &source)[..<4]), golden.second_call_first4) <= 1e-6)
    }
  }

  @Test func shortAndUnevenDrawsFollowTorch() throws {
    let goldens = try Goldens.read("noise", as: Goldens.Noise.self)
    #expect(goldens.seed42.count == 9)
    for (count, golden) in goldens.seed42 {
      var source = TorchNoise(seed: 42)
      #expect(largestDifference(Self.draw(try #require(Int(count)), &source), golden) <= 1e-6, "\(count)")
    }
  }

  /// The second scalar number waits in the generator while long draws pass.
  @Test func oneGeneratorThroughMixedLengths() throws {
    let goldens = try Goldens.read("noise", as: Goldens.Noise.self)
    #expect(goldens.mixed_seed99.count == 8)
    var source = TorchNoise(seed: 99)
    for golden in goldens.mixed_seed99 {
      #expect(largestDifference(Self.draw(golden.count, &source), golden) <= 1e-6, "\(golden.count)")
    }
  }

  @Test func onlyTheLowHalfOfTheSeedMatters() {
    var (low, high) = (TorchNoise(seed: 7), TorchNoise(seed: 1 << 32 + 7))
    #expect(Self.draw(32, &low) == Self.draw(32, &high))
  }

  /// To the bit: these must not differ between machines.
  @Test func bitsAreFixed() {
    var source = TorchNoise(seed: 0)
    let values = Self.draw(65536, &source)
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for value in values { hash = (hash ^ UInt64(value.bitPattern)) &* 0x100_0000_01b3 }
    #expect(hash == 11_897_019_171_614_605_552)
  }

  @Test func batchDrawsPictureByPicture() {
    var batch = BatchNoise(seed: 5, batch: 3)
    var latents = Latents(batch: 3, channels: 1, height: 5, width: 5)
    for round in 0..<2 {
      batch.fill(&latents)
      for picture in 0..<3 {
        var alone = TorchNoise(seed: 5 + UInt64(picture))
        for _ in 0..<round { _ = Self.draw(25, &alone) }
        #expect(latents.picture(picture).values == Self.draw(25, &alone).map(Double.init))
      }
    }
    var wrapped = BatchNoise(seed: .max, batch: 2)
    var last = TorchNoise(seed: 0)
    #expect(Array(Self.draw(64, &wrapped)[32...]) == Self.draw(32, &last))
  }

  @Test func fixedMathIsAccurate() {
    for index in 0..<100_000 {
      // Multiples of an odd number visit the 24-bit fractions without a pattern.
      let unit = Double((UInt32(index) &* 2_654_435_769) >> 8 &+ 1) * 0x1p-24
      for x in [unit, 1 - unit * 0x1p-20, unit * 0x1p-29] where x > 0 {
        let exact = log(x)
        #expect(abs(FixedMath.log(x) - exact) <= 1e-14 * abs(exact), "\(x)")
      }
      let angle = index == 0 ? Double(2 * Float.pi) : unit * 2 * .pi
      let (sine, cosine) = FixedMath.sineAndCosine(angle)
      #expect(abs(sine - sin(angle)) <= 1e-15 && abs(cosine - cos(angle)) <= 1e-15, "\(angle)")
    }
  }
}
