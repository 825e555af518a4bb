import CPUKernels
import Graph

/// What a kernel wants of a parameter.
enum Packing: Hashable {
  /// Panels for a matrix product whose rows have `area` kernel taps.
  case panels(area: Int)
  /// The numbers as they are, one part after the other.
  case plain
}

/// Parameters laid out for a kernel.
struct PackKey: Hashable {
  let parts: [Parameter]
  let packing: Packing

  var outputs: Int { parts.reduce(0) { $0 + $1.rows.count } }

  var count: Int {
    switch packing {
    case .plain: parts.reduce(0) { $0 + $1.count }
    case .panels: dk_packed_count(outputs, parts[0].rowCount)
    }
  }

  /// Reads the numbers, a few rows at a time, and lays them out.
  func pack() throws -> FloatBuffer {
    let buffer = try FloatBuffer(count: count)
    switch packing {
    case .plain:
      var at = 0
      for part in parts {
        try part.read(into: UnsafeMutableBufferPointer(start: buffer.pointer + at, count: part.count))
        at += part.count
      }
    case .panels(let area):
      try packPanels(area: area, into: buffer.pointer)
    }
    return buffer
  }

  private func packPanels(area: Int, into packed: UnsafeMutablePointer<Float>) throws {
    let depth = parts[0].rowCount
    let rows = max(1, min(outputs, (1 << 20) / max(depth, 1)))
    let chunk = try FloatBuffer(count: rows * depth)
    var first = 0
    for part in parts {
      for start in stride(from: 0, to: part.rows.count, by: rows) {
        let piece = part.slice(start..<min(start + rows, part.rows.count))
        try piece.read(into: UnsafeMutableBufferPointer(start: chunk.pointer, count: piece.count))
        dk_pack_weights(chunk.pointer, first, piece.rows.count, depth / area, area, packed, outputs)
        first += piece.rows.count
      }
    }
  }
}

extension Node {
  /// Everything that the node's kernel needs packed.
  var packs: [PackKey] {
    let bias = epilogue.bias.isEmpty ? [] : [PackKey(parts: epilogue.bias, packing: .plain)]
    switch op {
    case .linear(let weight):
      return [PackKey(parts: weight.parts, packing: .panels(area: 1))] + bias
    case .conv2d(let weight, let window):
      return [PackKey(parts: weight.parts, packing: .panels(area: window.kernel * window.kernel))] + bias
    case .groupNorm(_, let affine), .layerNorm(let affine):
      return [affine.weight, affine.bias].map { PackKey(parts: [$0], packing: .plain) }
    case .embedding(let table, let positions):
      return [table, positions].compactMap { $0 }.map { PackKey(parts: [$0], packing: .plain) }
    case .attention, .concat, .upsample, .activation, .add, .multiply:
      return bias
    }
  }
}
