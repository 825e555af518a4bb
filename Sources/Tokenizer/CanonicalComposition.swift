@_spi(_Unicode) import Swift

/// Unicode normalisation form C (UAX #15) of version 9, in time linear in the text but for sorting runs of marks.
package func canonicalComposition(of text: [Unicode.Scalar]) -> [Unicode.Scalar] {
  // No scalar below U+0300 combines with another or has a different normal form.
  guard text.contains(where: { $0.value >= 0x300 }) else { return text }
  var result: [Unicode.Scalar] = []
  result.reserveCapacity(text.count)
  var piece: [Unicode.Scalar] = []
  for scalar in text {
    if isKnown(scalar) {
      piece += String(scalar)._nfd
    } else {
      result += composition(of: piece)
      result.append(scalar)
      piece = []
    }
  }
  return result + composition(of: piece)
}

private func composition(of decomposed: [Unicode.Scalar]) -> [Unicode.Scalar] {
  // The standard library's own sorting takes time quadratic in the number of marks that are not in order.
  var sorted = decomposed
  sortMarks(&sorted)
  return Array(String(String.UnicodeScalarView(sorted))._nfc)
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

private func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
  scalar.value < 0x300 ? 0 : scalar.properties.canonicalCombiningClass.rawValue
}

/// The reference's tables for the normal form (tokenizers 0.23) end with Unicode 9; what came later stays
/// as it is, and nothing combines across it.
private func isKnown(_ scalar: Unicode.Scalar) -> Bool {
  scalar.value < 0x300 || (scalar.properties.age?.major ?? .max) <= 9
}
