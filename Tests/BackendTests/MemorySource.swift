import Graph
import Synchronization
import TestSupport

/// A checkpoint in memory, filled while a graph is recorded.
final class MemorySource: WeightSource {
  struct Missing: Error {
    let name: String
  }

  private let tensors = Mutex<[String: [Float]]>([:])

  func store(_ numbers: [Float], as name: String) { tensors.withLock { $0[name] = numbers } }

  func change(_ number: (Float) -> Float) { tensors.withLock { $0 = $0.mapValues { $0.map(number) } } }

  func read(_ name: String, elements: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>) throws
  {
    guard let numbers = tensors.withLock({ $0[name] }), elements.upperBound <= numbers.count else {
      throw Missing(name: name)
    }
    _ = destination.update(from: numbers[elements])
  }
}

/// `count` numbers around zero with standard deviation `scale`, the same for the same name.
func noise(_ name: String, count: Int, scale: Float = 1) -> [Float] {
  // FNV-1a; Swift's own hash differs from run to run.
  let seed = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  var random = SeededGenerator(seed: seed)
  let limit = scale * Float(3).squareRoot()
  return (0..<count).map { _ in Float.random(in: -limit...limit, using: &random) }
}
