import Graph

/// A network of a model at fixed sizes, as the pipeline sees it: something to record, plan and run.
///
/// The name tells the networks of one model apart, the sizes what a network is recorded for.
package struct Module: Hashable {
  /// The model that it belongs to.
  private let model: ObjectIdentifier
  /// For reports: `unet`, `text_encoder` …
  package let name: String
  private let sizes: [Int]
  /// Whether it works on one picture, whose values can be made some rows at a time.
  package let mayWorkInStrips: Bool
  /// Where its parameters' numbers come from. Packed parameters are dropped by it.
  package let source: any WeightSource
  private let eightBitLayers: LayerNames
  private let record: () -> Graph

  /// - Parameters:
  ///   - sizes: everything that the graph depends on.
  ///   - eightBitLayers: those that pictures stand in 8 bits.
  ///   - record: makes the graph, the same whenever it is called.
  package init(
    _ name: String, sizes: [Int], of source: any WeightSource, mayWorkInStrips: Bool = false,
    eightBitLayers: LayerNames = .usualEightBit, record: @escaping () -> Graph
  ) {
    model = ObjectIdentifier(source)
    (self.name, self.sizes, self.source) = (name, sizes, source)
    (self.mayWorkInStrips, self.eightBitLayers, self.record) = (mayWorkInStrips, eightBitLayers, record)
  }

  /// Records what it computes.
  package func graph() -> Graph {
    let graph = record()
    graph.eightBitLayers = .forcedEightBit ?? eightBitLayers
    return graph
  }

  package static func == (a: Module, b: Module) -> Bool {
    a.model == b.model && a.name == b.name && a.sizes == b.sizes
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(model)
    hasher.combine(name)
    hasher.combine(sizes)
  }
}
