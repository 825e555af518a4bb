/// `JSONDecoder` forgets the place of a number that does not fit its type and calls the whole file broken. Decoding of
/// this module's records goes through these instead of the container's own methods and so keeps the place.
extension KeyedDecodingContainer {
  func decode(_: Int.Type, forKey key: Key) throws -> Int { try whole(key) }

  func decode(_: UInt64.Type, forKey key: Key) throws -> UInt64 { try whole(key) }

  private func whole<Number: FixedWidthInteger & Decodable>(_ key: Key) throws -> Number {
    let number: Number?
    do {
      number = try decodeIfPresent(Number.self, forKey: key)
    } catch let error as DecodingError {
      throw error
    } catch {
      throw ComparisonError.field(
        path: ComparisonResults.path(codingPath + [key]),
        expected: "a whole number from \(Number.min) to \(Number.max)")
    }
    guard let number else {
      throw ComparisonError.field(
        path: ComparisonResults.path(codingPath + [key]), expected: "a whole number")
    }
    return number
  }
}
