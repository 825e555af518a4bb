import Testing

@testable import Sampling

@Suite struct UniPCTests {
  /// Weights that integrate every polynomial of the points exactly.
  @Test func vandermonde() {
    let (places, moments) = ([-1.5, -0.4, 1.0], [0.3, -0.2, 0.7])
    let weights = Sampler.vandermondeSolution(places, moments)
    for (power, moment) in moments.enumerated() {
      let sum = zip(weights, places).reduce(0.0) { sum, entry in
        sum + entry.0 * (0..<power).reduce(1.0) { product, _ in product * entry.1 }
      }
      #expect(abs(sum - moment) < 1e-14)
    }
  }
}
