import Darkroom

/// The networks that enlarge pictures, by the names that clients use: the built-in one and those that the user names.
/// A name from outside is never taken for a file.
package struct UpscalerTable: Sendable {
  package let networks: [UpscalerSource]

  package init(_ others: [UpscalerSource] = []) { networks = [.builtIn] + others }

  /// - Parameter name: in any case.
  package func network(named name: String) -> UpscalerSource? {
    networks.first { $0.name.lowercased() == name.lowercased() }
  }

  /// What stands for a name between two passes: a filter, or a network.
  package func reference(named name: String) -> UpscalerReference? {
    if let filter = UpscalerReference.filters.first(where: { $0 == name.lowercased() }) {
      return UpscalerReference(filter)
    }
    return network(named: name).map { UpscalerReference($0.path) }
  }

  package var names: [String] { UpscalerReference.filters + networks.map(\.name) }
}
