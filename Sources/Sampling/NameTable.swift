import SystemFiles

package enum NameTable {
  /// The entry with this name, whatever the case of ASCII letters.
  static func find<Entry: Named>(
    _ name: String, among entries: [Entry], names: (any Named) -> [String]
  ) -> Entry? {
    let wanted = lowercased(name)
    return entries.first { names($0).contains { lowercased($0) == wanted } }
  }

  /// UTF-8 with ASCII capitals made small. `String.lowercased` would also fold other scripts.
  static func lowercased(_ name: String) -> [UInt8] {
    name.utf8.map { (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 }
  }

  /// Up to three canonical names within two letters or a third of the length, nearest first.
  static func near<Entry: Named>(
    _ name: String, among entries: [Entry], names: (any Named) -> [String]
  ) -> [String] {
    let wanted = lowercased(name)
    // A long text is no misspelt name, and comparing it would cost its length squared.
    guard wanted.count <= 64 else { return [] }
    let limit = max(2, wanted.count / 3)
    let ranked = entries.enumerated().compactMap { order, entry in
      names(entry).map { editDistance(wanted, lowercased($0)) }.min()
        .map { (distance: $0, order: order, name: entry.name) }
    }
    return ranked.filter { $0.distance <= limit }
      .sorted { ($0.distance, $0.order) < ($1.distance, $1.order) }
      .prefix(3).map(\.name)
  }
}
