/// Some of a network's layers, by the names of their parameters.
package struct LayerNames: Sendable, Hashable {
  private let patterns: [[UInt8]]
  private let exceptions: [[UInt8]]

  /// - Parameters:
  ///   - patterns: names of which `*` stands for any letters, also for none.
  ///   - exceptions: the same of those that are not meant.
  package init(_ patterns: [String], except exceptions: [String] = []) {
    self.patterns = patterns.map { Array($0.utf8) }
    self.exceptions = exceptions.map { Array($0.utf8) }
  }

  package func contains(_ name: String) -> Bool {
    let name = Array(name.utf8)
    func matches(_ pattern: [UInt8]) -> Bool { LayerNames.matches(name[...], pattern[...]) }
    return patterns.contains(where: matches) && !exceptions.contains(where: matches)
  }

  /// A star takes as little as it can at first, and one letter more whenever the rest does not fit.
  private static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    let star = UInt8(ascii: "*")
    var (at, expected) = (name.startIndex, pattern.startIndex)
    var retry: (at: Int, expected: Int)?
    while at < name.endIndex {
      if expected < pattern.endIndex, pattern[expected] == star {
        expected += 1
        retry = (at, expected)
      } else if expected < pattern.endIndex, pattern[expected] == name[at] {
        (at, expected) = (at + 1, expected + 1)
      } else if let last = retry {
        (at, expected) = (last.at + 1, last.expected)
        retry = (at, expected)
      } else {
        return false
      }
    }
    return pattern[expected...].allSatisfy { $0 == star }
  }
}
