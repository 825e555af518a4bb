import SystemFiles

/// Guesses for a name that is not known.
package enum NearNames {
  /// "did you mean a or b?"; nil if no name is near.
  package static func question(_ name: String, among names: [String]) -> String? {
    let near = near(name, among: names)
    return near.isEmpty ? nil : "did you mean \(near.joined(separator: " or "))?"
  }

  /// The same behind a semicolon, or nothing.
  package static func hint(_ name: String, among names: [String]) -> String {
    question(name, among: names).map { "; \($0)" } ?? ""
  }

  /// At most three names, the nearest first: few changed letters, or one begins with the other.
  package static func near(_ name: String, among names: [String]) -> [String] {
    let wanted = Array(name.lowercased().unicodeScalars.prefix(64))
    let allowed = max(1, wanted.count / 3)
    var found: [(name: String, distance: Int)] = []
    for candidate in names {
      let letters = Array(candidate.lowercased().unicodeScalars)
      let isBeginning = wanted.count >= 3 && letters.count > wanted.count && letters.starts(with: wanted)
      let distance = isBeginning ? 1 : editDistance(wanted, letters)
      if distance <= allowed { found.append((candidate, distance)) }
    }
    // A name in other letters, or with another dash, is the one that was meant.
    if let same = found.first(where: { $0.distance == 0 }) { return [same.name] }
    return found.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
  }
}
