import Graph

/// What a kernel wants of a parameter.
enum Packing: Hashable {
  /// Columns of a matrix product, `[area x channels, outputs rounded up to 8]`.
  case columns(area: Int, WeightFormat)
  /// The numbers as they are, one part after the other.
  case plain(WeightFormat)
}

/// Parameters laid out for a kernel.
struct PackKey: Hashable {
  let parts: [Parameter]
  let packing: Packing

  var outputs: Int { parts.reduce(0) { $0 + $1.rows.count } }
  var paddedOutputs: Int { (outputs + 7) / 8 * 8 }

  var bytes: Int {
    switch packing {
    case .columns(_, let format): format.bytes(rows: paddedOutputs, columns: parts[0].rowCount)
    case .plain(let format): parts.reduce(0) { $0 + format.bytes(rows: $1.rows.count, columns: $1.rowCount) }
    }
  }
}

extension Node {
  /// Everything that the node's kernels need packed.
  func packs(_ format: WeightFormat) -> [PackKey] {
    parameterUses.map { use in
      switch use {
      case .matrix(let weight, let area): PackKey(parts: weight.parts, packing: .columns(area: area, format))
      case .channels: PackKey(parts: use.parameters, packing: .plain(.float32))
      case .table: PackKey(parts: use.parameters, packing: .plain(format))
      }
    }
  }
}

extension Operand {
  /// Whether its rows can be read four numbers at a time.
  var hasQuads: Bool { [rowStride, offset, shape.channels].allSatisfy { $0 % 4 == 0 } }
}
