/// How the numbers of a value lie in memory. Sums, norms and softmax are float32 whatever is stored.
package enum Storage: String, Sendable, CaseIterable {
  case float32
  case float16
  /// The upper half of a float32: its range, and 8 bits of its precision.
  case bfloat16

  package var bytes: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    }
  }
}

extension Plan {
  /// How each value is stored: as the plan says, but for whole numbers and what models mark as wide.
  static func storages(_ graph: Graph, _ nodes: [Node], _ storage: Storage) -> [Storage] {
    // bfloat16 has all of float32's range.
    var storages = graph.isWide.map { $0 && storage == .float16 ? .float32 : storage }
    for node in nodes where node.op.readsWholeNumbers { storages[node.inputs[0].value] = .float32 }
    return storages
  }
}
