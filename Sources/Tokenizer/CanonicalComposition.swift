import Foundation

/// Unicode normalisation form C (UAX #15) of version 9, in time linear in the text but for sorting runs of marks.
///
/// Foundation's own mapping of a whole string is quadratic: half a minute for 200,000 accents. Here it
/// is asked only about single scalars and pairs, and the answers are remembered.
package struct CanonicalComposition {
  private var decompositions: [UInt32: [Unicode.Scalar]] = [:]
  private var compositions: [UInt64: Unicode.Scalar?] = [:]

  package init() {}

  /// `text` in normal form C.
  package mutating func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    // No scalar below U+0300 combines with another or has a different normal form.
    guard text.contains(where: { $0.value >= 0x300 }) else { return text }
    var decomposed: [Unicode.Scalar] = []
    decomposed.reserveCapacity(text.count)
    for scalar in text { appendDecomposition(of: scalar, to: &decomposed) }
    sortMarks(&decomposed)
    return compose(decomposed)
  }

  private mutating func appendDecomposition(of scalar: Unicode.Scalar, to result: inout [Unicode.Scalar]) {
    // The first scalar with a decomposition is U+00C0.
    if scalar.value < 0xC0 { return result.append(scalar) }
    if let known = decompositions[scalar.value] { return result.append(contentsOf: known) }
    let parts =
      isKnown(scalar) ? Array(String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars) : [scalar]
    decompositions[scalar.value] = parts
    result.append(contentsOf: parts)
  }

  /// Orders each run of combining marks by class; marks of one class keep their order.
  private func sortMarks(_ text: inout [Unicode.Scalar]) {
    var start = 0
    while start < text.count {
      guard combiningClass(text[start]) != 0 else {
        start += 1
        continue
      }
      let end = text[start...].firstIndex { combiningClass($0) == 0 } ?? text.count
      if end - start > 1 {
        var buckets: [UInt8: [Unicode.Scalar]] = [:]
        for mark in text[start..<end] { buckets[combiningClass(mark), default: []].append(mark) }
        let sorted = buckets.sorted { $0.key < $1.key }.flatMap(\.value)
        text.replaceSubrange(start..<end, with: sorted)
      }
      start = end
    }
  }

  private mutating func compose(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    var starter: Int?
    var previousClass: UInt8 = 0
    for scalar in text {
      let scalarClass = combiningClass(scalar)
      if let starter {
        let adjacent = starter == result.count - 1
        if adjacent || previousClass < scalarClass, let composite = composite(result[starter], scalar) {
          result[starter] = composite
          continue
        }
      }
      if scalarClass == 0 { starter = result.count }
      previousClass = scalarClass
      result.append(scalar)
    }
    return result
  }

  /// The scalar that `first` and `second` compose to, if there is one.
  private mutating func composite(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
    guard mayComplete(second) else { return nil }
    let key = UInt64(first.value) << 32 | UInt64(second.value)
    if let known = compositions[key] { return known }
    // Foundation composes some pairs only if the first half comes in pieces, and mistakes letters
    // beyond U+FFFF for others. The composite must come apart into what it was made of.
    var pieces: [Unicode.Scalar] = []
    appendDecomposition(of: first, to: &pieces)
    appendDecomposition(of: second, to: &pieces)
    let composed = String(String.UnicodeScalarView(pieces)).precomposedStringWithCanonicalMapping
      .unicodeScalars
    var answer: Unicode.Scalar?
    if composed.count == 1, let only = composed.first {
      var parts: [Unicode.Scalar] = []
      appendDecomposition(of: only, to: &parts)
      if parts == pieces { answer = only }
    }
    compositions[key] = .some(answer)
    return answer
  }

  /// The second half of a composite is a mark or, in Hangul and Kirat Rai, a letter; never an ideograph.
  private func mayComplete(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x300 { return false }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark: return true
    case .otherLetter: return !scalar.properties.isIdeographic
    default: return false
    }
  }

  private func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
    if scalar.value < 0x300 { return 0 }
    let number = scalar.properties.canonicalCombiningClass.rawValue
    return number == 0 || !isKnown(scalar) ? 0 : number
  }

  /// The reference's tables for the normal form (tokenizers 0.23) end with Unicode 9; what came later stays
  /// as it is.
  private func isKnown(_ scalar: Unicode.Scalar) -> Bool { (scalar.properties.age?.major ?? .max) <= 9 }
}
