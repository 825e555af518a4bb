import Sampling
import Testing

@Suite struct NoiseRuleTests {
  @Test func philoxFollowsTheWebUI() throws {
    let goldens = try Goldens.read("a1111", as: Goldens.WebUI.self)
    #expect(goldens.noise.count == 4)
    for (seed, golden) in goldens.noise {
      let seed = try #require(UInt64(seed))
      var source = PhiloxNoise(seed: seed)
      #expect(largestDifference(NoiseTests.draw(12, &source), golden.shape_3_4) <= 1e-6, "\(seed)")
      source = PhiloxNoise(seed: seed)
      for values in golden.three_times_16 {
        #expect(largestDifference(NoiseTests.draw(16, &source), values) <= 1e-6, "\(seed)")
      }
    }
  }

  /// Increments of torchsde's Brownian tree, as k-diffusion scales them.
  @Test func brownianPathFollowsTorchsde() throws {
    let goldens = try Goldens.read("kdiffusion", as: Goldens.KDiffusion.self)
    #expect(goldens.brownian.count >= 4)
    for golden in goldens.brownian {
      let (count, batch) = (golden.shape.reduce(1, *), golden.shape[0])
      func path(_ seed: UInt64) -> any NoiseSource {
        BrownianNoise(
          seed: seed, smallest: golden.sigma_min, largest: golden.sigma_max, start: TorchNoise(seed: 0))
      }
      var source: any NoiseSource =
        switch golden.seed {
        case .batch(let seed): path(seed)
        case .pictures(let seeds): BatchNoise(seeds.map(path))
        }
      for increment in golden.increments {
        var values = [Float](repeating: .nan, count: count)
        // The reference is asked in float32, which shows where the way is short.
        let (from, to) = (Double(Float(increment.from)), Double(Float(increment.to)))
        values.withUnsafeMutableBufferPointer { source.fill($0, from: from, to: to) }
        for picture in 0..<batch {
          let own = Array(values[picture * count / batch..<(picture + 1) * count / batch])
          // A short way is a small difference of float32 numbers in the reference.
          let tolerance = abs(increment.from - increment.to) < 0.001 ? 1e-3 : 5e-6
          #expect(
            largestDifference(Array(own[..<4]).map(Double.init), increment.first4[picture]) <= tolerance)
          #expect(abs(Double(own[own.count - 1]) - increment.last[picture]) <= tolerance)
        }
      }
    }
  }

  /// The noise of a way is the sum of the noise of its parts: what makes runs with more steps refinements.
  @Test func brownianPartsAddUp() {
    var noise = BrownianNoise(seed: 8, smallest: 0.03, largest: 14.6, start: TorchNoise(seed: 0))
    func draw(_ from: Double, _ to: Double) -> [Double] {
      var latents = Latents(batch: 1, channels: 1, height: 8, width: 8)
      noise.fill(&latents, from: from, to: to)
      return latents.values.map { $0 * (from - to).squareRoot() }
    }
    let whole = draw(9, 1)
    let parts = zip(draw(9, 4.5), zip(draw(4.5, 2), draw(2, 1))).map { $0 + $1.0 + $1.1 }
    #expect(largestDifference(whole, parts) < 1e-5)
    #expect(draw(5, 5).allSatisfy { $0 == 0 })
    #expect(draw(0.03, 0).allSatisfy { $0 == 0 })
  }

  static func latents(_ rule: NoiseRule, _ pictures: Range<Int>, of count: Int) -> (Latents, Latents) {
    var source = rule.source(seed: 40, pictures: pictures, of: count, path: 0.03...14.6)
    var start = Latents(batch: pictures.count, channels: 4, height: 4, width: 4)
    var step = start
    source.fill(&start)
    source.fill(&step, from: 9, to: 4)
    return (start, step)
  }

  @Test(arguments: NoiseRule.Generator.allCases, [Sampler.StepNoise.generator, .brownian])
  func aPictureAloneHasItsNoiseOfTheBatch(_ generator: NoiseRule.Generator, _ steps: Sampler.StepNoise) {
    for batch in NoiseRule.Batch.allCases {
      let rule = NoiseRule(generator: generator, batch: batch, steps: steps)
      let (start, step) = Self.latents(rule, 0..<3, of: 3)
      for picture in 0..<3 {
        let alone = Self.latents(rule, picture..<picture + 1, of: 3)
        #expect(start.picture(picture) == alone.0 && step.picture(picture) == alone.1, "\(batch)")
      }
    }
  }

  @Test func batchRulesDiffer() {
    let single = Self.latents(NoiseRule(), 0..<1, of: 1)
    let tensor = Self.latents(NoiseRule(batch: .oneTensor), 0..<2, of: 2)
    let comfy = Self.latents(NoiseRule(batch: .comfyUI), 0..<2, of: 2)
    // Whole blocks of 16 numbers: the first picture is the same whatever follows.
    #expect(tensor.0.picture(0) == single.0 && tensor.1.picture(0) != single.1)
    #expect(comfy.0 == tensor.0 && comfy.1 != tensor.1)
    var second = TorchNoise(seed: 41)
    #expect(comfy.1.values[..<8] == NoiseTests.draw(128, &second).map(Double.init)[..<8])
    #expect(Self.latents(NoiseRule(generator: .nvidia), 0..<1, of: 1).0 != single.0)
  }
}
