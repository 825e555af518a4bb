// What is to be known of each op by those who neither record nor compute it: fusion, memory, costs, packing. Each fact
// is one switch, so that a new op is a case in `Op.swift`, its answers here and in `Op+Rows.swift`, and a file in each
// backend.

/// What parameters are to an op, which decides how a backend packs them.
package enum ParameterUse: Sendable, Hashable {
  /// The matrix of a product, whose rows have the numbers of `area` pixels one after the other.
  case matrix(Weight, area: Int)
  /// A number for each channel: parameters one below the other.
  case channels([Parameter])
  /// A table whose rows are looked up.
  case table(Parameter)

  package var parameters: [Parameter] {
    switch self {
    case .matrix(let weight, _): weight.parts
    case .channels(let parts): parts
    case .table(let table): [table]
    }
  }
}

extension Op {
  /// What elementwise work may become part of a node, instead of being one itself.
  enum Fusible {
    case nothing
    /// One activation without numbers.
    case activation
    /// A whole epilogue.
    case epilogue
  }

  package var parameterUses: [ParameterUse] {
    switch self {
    case .linear(let weight): [.matrix(weight, area: 1)]
    case .conv2d(let weight, let window): [.matrix(weight, area: window.kernel * window.kernel)]
    case .groupNorm(_, let affine), .groupNormApply(_, let affine, _), .layerNorm(let affine):
      [.channels([affine.weight]), .channels([affine.bias])]
    case .embedding(let table, let positions): [table, positions].compactMap { $0 }.map { .table($0) }
    case .activation(let function): function.slopes.map { [.channels([$0])] } ?? []
    case .groupNormStatistics, .attention, .concat, .upsample, .add, .multiply: []
    }
  }

  var fusible: Fusible {
    switch self {
    case .linear, .conv2d: .epilogue
    case .groupNorm, .layerNorm: .activation
    case .groupNormStatistics, .groupNormApply, .attention, .concat, .upsample, .embedding, .activation, .add,
      .multiply:
      .nothing
    }
  }

  /// Whether it only moves numbers, so that its result has their range.
  var keepsRange: Bool {
    switch self {
    case .concat, .upsample: true
    default: false
    }
  }

  /// Whether its first input is whole numbers, which 16 bits cannot hold.
  var readsWholeNumbers: Bool { if case .embedding = self { true } else { false } }

  /// Multiplications and additions of a product; for other ops one for each element of the result, since moving
  /// memory is what they cost.
  /// - Parameter count: elements of the result.
  func operations(_ inputs: [Operand], count: Int) -> Int {
    switch self {
    case .linear(let weight), .conv2d(let weight, _): 2 * count * weight.depth
    case .attention: 4 * count * inputs[1].shape[1]
    case .groupNormStatistics: inputs[0].shape.count
    default: count
    }
  }
}

extension Node {
  /// Of the op and of the epilogue.
  package var parameterUses: [ParameterUse] {
    let slopes = epilogue.activation?.slopes.map { [$0] } ?? []
    return op.parameterUses + [epilogue.bias, slopes].filter { !$0.isEmpty }.map { .channels($0) }
  }
}
