/// Which of some media types a client takes (RFC 9110, 12.5.1).
package enum Accept {
  /// - Parameters:
  ///   - offered: such as "image/png", the one that is given without a wish first.
  ///   - headers: of the request. Without `accept`, and where nothing in it can be read, all types are taken.
  /// - Returns: the one that the client likes best, of equals the first; nil if it takes none.
  package static func choice(of offered: [String], for headers: HTTPHeaders) -> String? {
    let ranges = headers.values("accept").flatMap { value in
      ParameterizedValue.pieces(of: value, separator: ",").compactMap {
        ParameterizedValue(String($0)).map(Range.init)
      }
    }
    guard !ranges.isEmpty else { return offered.first }
    var best: (type: String, quality: Double)?
    for type in offered {
      // The most specific range counts, even if a wider one likes the type better.
      let range = ranges.filter { $0.specificity(of: type) != nil }
        .max { ($0.specificity(of: type) ?? 0) < ($1.specificity(of: type) ?? 0) }
      guard let quality = range?.quality, quality > (best?.quality ?? 0) else { continue }
      best = (type, quality)
    }
    return best?.type
  }

  private struct Range {
    let type: String
    let quality: Double

    /// Parameters other than q are not compared: `application/json; type=image/png` is meant as `application/json`.
    init(_ value: ParameterizedValue) {
      type = value.value
      quality = value.parameters["q"].map { Double($0).map { min(max($0, 0), 1) } ?? 0 } ?? 1
    }

    func specificity(of offered: String) -> Int? {
      if type == offered { return 2 }
      if type.hasSuffix("/*"), offered.hasPrefix(type.dropLast()) { return 1 }
      return type == "*/*" || type == "*" ? 0 : nil
    }
  }
}
