/// What follows the question mark of an address.
package enum Query {
  /// The first value of each name; what cannot be decoded stays as it is.
  package static func read(_ text: Substring) -> [String: String] {
    var values: [String: String] = [:]
    for pair in text.split(separator: "&").prefix(100) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = decoded(parts[0])
      if values[name] == nil { values[name] = parts.count > 1 ? decoded(parts[1]) : "" }
    }
    return values
  }

  private static func decoded(_ text: Substring) -> String {
    let spaced = text.map { $0 == "+" ? " " : String($0) }.joined()
    return TidyPath.bytes(of: Substring(spaced).utf8).flatMap { String(validating: $0, as: UTF8.self) }
      ?? spaced
  }
}
