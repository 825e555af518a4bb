import Families
import Graph

/// What plans of networks take, remembered for each network and way to store numbers: planning a large network takes
/// a good part of a second, and a request that does not fit looks at dozens of plans.
final class PlanBook {
  private struct Key: Hashable {
    let module: Module
    let format: NumberFormat
  }

  /// Networks at their sizes; each takes some hundred kilobytes.
  private static let most = 64
  private let backend: any Backend
  /// The least recently used first.
  private var pages: [(key: Key, search: StripSearch, weightBytes: Int)] = []

  init(_ backend: any Backend) { self.backend = backend }

  /// The plans of a network.
  func plans(_ module: Module, storing format: NumberFormat) -> StripSearch { page(module, format).search }

  /// What all of a network's packed weights take.
  func weightBytes(_ module: Module, storing format: NumberFormat) -> Int { page(module, format).weightBytes }

  private func page(_ module: Module, _ format: NumberFormat) -> (
    key: Key, search: StripSearch, weightBytes: Int
  ) {
    let key = Key(module: module, format: format)
    if let index = pages.firstIndex(where: { $0.key == key }) {
      pages.append(pages.remove(at: index))
    } else {
      if pages.count == Self.most { pages.removeFirst() }
      let graph = module.graph()
      let backend = backend
      let search = StripSearch(
        measuring: {
          PlanFigures(
            arena: backend.arenaBytes($0), scratch: backend.scratchBytes($0), operations: $0.operations,
            isHeld: backend.holds($0))
        }, { backend.plan(graph, values: format.values, weights: format.weights, strips: $0) })
      pages.append((key, search, backend.weightBytes([search.whole])))
    }
    return pages[pages.count - 1]
  }

  func plan(_ module: Module, storing format: NumberFormat, strips: Strips? = nil) -> Plan {
    guard let strips else { return plans(module, storing: format).whole }
    return backend.plan(module.graph(), values: format.values, weights: format.weights, strips: strips)
  }

  /// Forgets the networks whose numbers come from a source.
  func remove(_ source: any WeightSource) { pages.removeAll { $0.key.module.source === source } }
}
