import Foundation

/// Broken versions of files, the same ones in every run with the same seed.
///
/// `DARKROOM_MUTATIONS` says how many, which `scripts/test-long` sets, `DARKROOM_MUTATION_SEED` from which seed.
package struct Mutations {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seed = environment["DARKROOM_MUTATION_SEED"].flatMap { UInt64($0) } ?? 20_261_127
  private var generator: SeededGenerator

  /// How many broken files a test reads.
  /// - Parameter usual: without the variable.
  package static func count(usual: Int) -> Int {
    environment["DARKROOM_MUTATIONS"].flatMap { Int($0) } ?? usual
  }

  /// - Parameter test: printed with the seed.
  package init(_ test: String = #function) {
    print("\(test): DARKROOM_MUTATION_SEED=\(Self.seed)")
    generator = SeededGenerator(seed: Self.seed)
  }

  package mutating func any<Element>(of elements: [Element]) -> Element {
    elements[Int.random(in: elements.indices, using: &generator)]
  }

  /// One to eight bits, bytes or runs are changed, moved, cut out or put in, and sometimes the end is missing.
  package mutating func broken(_ file: [UInt8]) -> [UInt8] {
    var file = file
    for _ in 0..<Int.random(in: 1...8, using: &generator) where !file.isEmpty {
      let place = Int.random(in: file.indices, using: &generator)
      let run = place..<min(file.count, place + Int.random(in: 1...16, using: &generator))
      let byte = any(of: [0, 1, 0x7F, 0x80, 0xFE, 0xFF, UInt8.random(in: 0...255, using: &generator)])
      switch Int.random(in: 0..<16, using: &generator) {
      case 0..<5: file[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 5..<9: file[place] = byte
      case 9..<11: file.replaceSubrange(run, with: repeatElement(byte, count: run.count))
      case 11..<13: file.insert(contentsOf: file[run], at: Int.random(in: file.indices, using: &generator))
      case 13..<15: file.removeSubrange(run)
      default: file.removeSubrange(place...)
      }
    }
    return file
  }
}
