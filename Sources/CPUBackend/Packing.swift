import CPUKernels
import Graph

/// What a kernel wants of a parameter.
enum Packing: Hashable {
  /// The matrix of a product whose rows have `area` kernel taps.
  case matrix(area: Int, dk_packing)
  /// The numbers as they are, one part after the other, in float32.
  case plain
}

/// Parameters laid out for a kernel.
struct PackKey: Hashable {
  let parts: [Parameter]
  let packing: Packing

  var outputs: Int { parts.reduce(0) { $0 + $1.rows.count } }

  var bytes: Int {
    switch packing {
    case .plain: parts.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.stride
    case .matrix(let area, let packing):
      dk_packed_bytes(outputs, parts[0].rowCount / area, area, packing)
    }
  }

  /// Reads the numbers, a few rows at a time, and lays them out.
  func pack() throws -> Buffer {
    let buffer = try Buffer(bytes: bytes)
    switch packing {
    case .plain:
      var at = 0
      for part in parts {
        try part.read(into: UnsafeMutableBufferPointer(start: buffer.floats + at, count: part.count))
        at += part.count
      }
    case .matrix(let area, let packing):
      try packMatrix(area: area, packing, into: buffer.pointer)
    }
    return buffer
  }

  private func packMatrix(area: Int, _ packing: dk_packing, into packed: UnsafeMutableRawPointer) throws {
    let depth = parts[0].rowCount
    let rows = max(1, min(outputs, (1 << 20) / max(depth, 1)))
    let chunk = try Buffer(floats: rows * depth)
    var first = 0
    for part in parts {
      for start in stride(from: 0, to: part.rows.count, by: rows) {
        let piece = part.slice(start..<min(start + rows, part.rows.count))
        try piece.read(into: UnsafeMutableBufferPointer(start: chunk.floats, count: piece.count))
        dk_pack_weights(
          chunk.floats, first, piece.rows.count, depth / area, area, packed, outputs, packing)
        first += piece.rows.count
      }
    }
  }
}

extension Node {
  /// Everything that the node's kernel needs packed.
  func packs(_ plan: Plan, _ instructions: InstructionSet, _ matmul: Matmul) -> [PackKey] {
    parameterUses.map { use in
      switch use {
      case .matrix(let weight, let area):
        PackKey(
          parts: weight.parts,
          packing: .matrix(area: area, instructions.packing(of: self, in: plan, by: matmul)))
      case .channels, .table: PackKey(parts: use.parameters, packing: .plain)
      }
    }
  }
}

extension Storage {
  var kernel: dk_storage { self == .bfloat16 ? dk_bfloat16 : dk_float32 }
}
