import Sampling
import Testing

@Suite struct LatentsTests {
  @Test func statisticsCountWhatIsNotFinite() {
    let latents = Latents(
      batch: 1, channels: 1, height: 2, width: 4, values: [1, 2, 3, 6, .nan, .infinity, -.infinity, 3])
    let statistics = latents.statistics
    #expect(statistics.minimum == 1 && statistics.maximum == 6 && statistics.nonFinite == 3)
    #expect(abs(statistics.mean - 3) < 1e-12)
    #expect(abs(statistics.standardDeviation - 3.5.squareRoot()) < 1e-12)
    #expect("\(statistics)".contains("3 non-finite"))
    let none = Latents(batch: 1, channels: 1, height: 1, width: 1, values: [.nan]).statistics
    #expect(none.nonFinite == 1 && none.minimum == 0 && none.standardDeviation == 0)
  }

  @Test func operationsInPlace() {
    var x = Latents(batch: 2, channels: 1, height: 1, width: 2, values: [1, 2, 3, 4])
    let other = Latents(batch: 2, channels: 1, height: 1, width: 2, values: [1, 1, -1, -1])
    x.combine(2, adding: -1, of: other)
    #expect(x.values == [1, 3, 7, 9])
    x.scale(by: 0.5)
    #expect(x.values == [0.5, 1.5, 3.5, 4.5])
    x.addNoise(other, at: NoiseLevel(timestep: 0, alpha: 2, sigma: 3))
    #expect(x.values == [4, 6, 4, 6])
    #expect(x.picture(1).values == [4, 6] && x.picture(1).shape == [1, 1, 1, 2])
    #expect(!x.hasSameShape(as: x.picture(0)) && x.count == 4 && x.pictureCount == 2)
  }
}
