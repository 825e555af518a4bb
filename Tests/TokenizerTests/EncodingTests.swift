import Foundation
import Testing
import Tokenizer

/// A small generator, so that random tests are the same on every run.
struct TestGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    let mixed = (state ^ (state >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    return mixed ^ (mixed >> 29)
  }

  mutating func scalar(in range: ClosedRange<UInt32>) -> Unicode.Scalar {
    while true { if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &self)) { return scalar } }
  }

  mutating func text(of count: Int, in ranges: [ClosedRange<UInt32>]) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<count { text.append(scalar(in: ranges[Int.random(in: 0..<ranges.count, using: &self)])) }
    return String(text)
  }
}

@Suite struct EncodingTests {
  private let tokenizer: CLIPTokenizer

  init() throws { tokenizer = CLIPTokenizer(try .clip()) }

  /// A word of n bytes may put at most 3n pairs into the heap, whatever the word.
  @Test func megabyteWordsCostLinearlyManyPairs() {
    var generator = TestGenerator(state: 1)
    let megabyte = 1 << 20
    let words = [
      String(repeating: "a", count: megabyte), generator.text(of: megabyte, in: [0x61...0x7A]),
      generator.text(of: megabyte / 3, in: [0x4E00...0x9FFF]), String(repeating: "<|", count: megabyte / 2),
    ]
    var most = 0
    for word in words {
      var operations = 0
      let ids = tokenizer.encode(word, operations: &operations)
      #expect(operations <= 3 * word.utf8.count)
      // Each merge takes one symbol away.
      #expect(operations >= word.utf8.count - ids.count)
      most = max(most, operations)
    }
    #expect(most > megabyte)
  }

  /// The standard library's own normal form takes ten seconds for this, Foundation's half a minute.
  @Test func marksWithoutEndAreFine() {
    let marks = String(repeating: "\u{301}\u{323}", count: 100_000)
    let ids = tokenizer.encode("a" + marks)
    #expect(ids.starts(with: tokenizer.encode("\u{1EA1}\u{301}").dropLast(1)))
    #expect(ids.count > 1000)
  }

  @Test func randomTextKeepsTheInvariants() {
    var generator = TestGenerator(state: 2)
    let ranges: [ClosedRange<UInt32>] = [
      0x20...0x7E, 0...0xFF, 0x300...0x36F, 0x1100...0x11FF, 0xFFF0...0xFFFF, 0...0xFFFF, 0x10000...0x1FFFF,
      0...0x10FFFF,
      0xE0000...0x10FFFF,
    ]
    for _ in 0..<3000 {
      let a = generator.text(of: Int.random(in: 0...30, using: &generator), in: ranges)
      let b = generator.text(of: Int.random(in: 0...30, using: &generator), in: ranges)
      let ids = tokenizer.encode(a)
      #expect(ids.allSatisfy { (0..<49_408).contains($0) })
      #expect(tokenizer.encode(a + " \n" + b) == ids + tokenizer.encode(b), "\(a.debugDescription)")
      // A scalar has at most 3 in normal form or lowercase, each at most 4 bytes.
      #expect(ids.count <= 12 * a.unicodeScalars.count)
    }
  }

  @Test func everyScalarAloneIsAccepted() {
    var empty = 0
    for value in stride(from: UInt32(0), through: 0x10FFFF, by: 7) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      if tokenizer.encode(String(scalar)).isEmpty { empty += 1 }
    }
    #expect((1...10).contains(empty))
  }

  /// Foundation's normal form of single scalars is right (compared with the reference for all of them); that of
  /// longer texts only within the basic plane, and only if they come in pieces.
  @Test func normalFormIsFoundations() {
    for value in UInt32(0)...0x2FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let pieces = String(scalar).decomposedStringWithCanonicalMapping
      guard pieces.unicodeScalars.first != scalar, isInUnicode9(scalar) else { continue }
      let expected = Array(String(scalar).precomposedStringWithCanonicalMapping.unicodeScalars)
      #expect(
        canonicalComposition(of: Array(pieces.unicodeScalars)) == expected, "U+\(String(value, radix: 16))")
    }
    var generator = TestGenerator(state: 3)
    let ranges: [ClosedRange<UInt32>] = [
      0x41...0x7A, 0xC0...0x17F, 0x300...0x34F, 0x900...0xDFF, 0x1100...0x11FF, 0xAC00...0xD7A3, 0...0xFFFF,
    ]
    for _ in 0..<5000 {
      var text = generator.text(of: Int.random(in: 1...12, using: &generator), in: ranges)
      text.unicodeScalars.removeAll { !isInUnicode9($0) }
      // Foundation leaves some pairs apart whose first half is composed already.
      let pieces = text.decomposedStringWithCanonicalMapping
      let expected = Array(pieces.precomposedStringWithCanonicalMapping.unicodeScalars)
      #expect(canonicalComposition(of: Array(text.unicodeScalars)) == expected, "\(text.debugDescription)")
    }
    // Not Í, which Foundation makes of it.
    #expect(canonicalComposition(of: ["\u{10049}", "\u{301}"]) == ["\u{10049}", "\u{301}"])
    #expect(canonicalComposition(of: ["\u{11099}", "\u{110BA}"]) == ["\u{1109A}"])
  }

  private func isInUnicode9(_ scalar: Unicode.Scalar) -> Bool { (scalar.properties.age?.major ?? 99) <= 9 }
}
