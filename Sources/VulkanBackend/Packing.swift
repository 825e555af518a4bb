import Graph

/// What a kernel wants of a parameter.
enum Packing: Hashable {
  /// Columns of a matrix product, `[area x channels, outputs rounded up to 8]`.
  case columns(area: Int, Storage)
  /// The numbers as they are, one part after the other.
  case plain(Storage)
}

/// Parameters laid out for a kernel.
struct PackKey: Hashable {
  let parts: [Parameter]
  let packing: Packing

  var outputs: Int { parts.reduce(0) { $0 + $1.rows.count } }
  var paddedOutputs: Int { (outputs + 7) / 8 * 8 }

  var bytes: Int {
    switch packing {
    case .columns(_, let storage): parts[0].rowCount * paddedOutputs * storage.bytes
    case .plain(let storage): parts.reduce(0) { $0 + $1.count } * storage.bytes
    }
  }
}

extension Node {
  /// Everything that the node's kernels need packed.
  func packs(_ storage: Storage) -> [PackKey] {
    func plain(_ parts: [Parameter], _ storage: Storage = .float32) -> PackKey {
      PackKey(parts: parts, packing: .plain(storage))
    }
    let bias = epilogue.bias.isEmpty ? [] : [plain(epilogue.bias)]
    switch op {
    case .linear(let weight):
      return [PackKey(parts: weight.parts, packing: .columns(area: 1, storage))] + bias
    case .conv2d(let weight, let window):
      let area = window.kernel * window.kernel
      return [PackKey(parts: weight.parts, packing: .columns(area: area, storage))] + bias
    case .groupNorm(_, let affine), .groupNormApply(_, let affine, _), .layerNorm(let affine):
      return [affine.weight, affine.bias].map { plain([$0]) }
    case .embedding(let table, let positions):
      return [table, positions].compactMap { $0 }.map { plain([$0], storage) }
    case .groupNormStatistics, .attention, .concat, .upsample, .activation, .add, .multiply:
      return bias
    }
  }
}
