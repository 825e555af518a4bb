import Graph

/// The kernels that a device may get wrong, by what they compute.
package enum KernelFamily: String, Sendable, CaseIterable {
  case product, attention
  case groupNorm = "group_norm"
  case layerNorm = "layer_norm"
  case rows, upsample, embedding

  init(_ op: Op) {
    switch op {
    case .linear, .conv2d: self = .product
    case .attention: self = .attention
    case .groupNorm, .groupNormStatistics, .groupNormApply: self = .groupNorm
    case .layerNorm: self = .layerNorm
    case .concat, .activation, .add, .multiply: self = .rows
    case .upsample: self = .upsample
    case .embedding: self = .embedding
    }
  }

  /// How its kernels work, the fastest first.
  var methods: [KernelMethod] {
    switch self {
    case .product, .attention: [.matrices, .tiles, .plain]
    case .groupNorm, .layerNorm: [.tiles, .plain]
    case .rows, .upsample, .embedding: [.plain]
    }
  }
}

/// How a kernel does its work.
package enum KernelMethod: String, Sendable {
  /// On the device's matrix cores.
  case matrices
  /// In float32 arithmetic, threads sharing what they read.
  case tiles
  /// Each thread for itself.
  case plain
}

/// A kernel that can be tested, and replaced by the next method of its family.
package struct KernelVariant: Sendable, Hashable, CustomStringConvertible {
  package let family: KernelFamily
  package let method: KernelMethod
  package let storage: Storage

  package init(_ family: KernelFamily, _ method: KernelMethod, _ storage: Storage) {
    self.family = family
    self.method = method
    self.storage = storage
  }

  package var description: String { "\(family.rawValue) \(method.rawValue) \(storage.rawValue)" }
}

/// Which kernel runs a node.
struct KernelChoices {
  /// Fragments of the device's matrix cores for which kernels were compiled; nil without such cores.
  let matrixShape: MatrixShape?
  let subgroupSize: Int
  /// Kernels that computed wrongly here.
  var distrusted: Set<KernelVariant> = []
  /// For tests: the one method of a family.
  var forced: [KernelFamily: KernelMethod] = [:]

  /// The shapes of scripts/build-kernels, the largest first.
  private static let compiledShapes = [(16, 16, 16), (8, 16, 16), (8, 8, 8)].map {
    MatrixShape(rows: $0.0, columns: $0.1, depth: $0.2)
  }

  init(_ device: DeviceDescription) {
    matrixShape = KernelChoices.compiledShapes.first {
      device.matrixShapes.contains($0) && device.subgroupSize % $0.rows == 0
    }
    subgroupSize = device.subgroupSize
  }

  func method(_ node: Node, _ plan: Plan) -> KernelMethod {
    let family = KernelFamily(node.op)
    let possible = family.methods.filter { $0 != .matrices || fitsMatrices(node, plan) }
    if let forced = forced[family], possible.contains(forced) { return forced }
    return possible.first { !distrusted.contains(KernelVariant(family, $0, plan.storage)) } ?? .plain
  }

  /// Matrix cores take float16, four numbers at a time.
  private func fitsMatrices(_ node: Node, _ plan: Plan) -> Bool {
    guard matrixShape != nil, plan.storage == .float16 else { return false }
    let fours = node.inputs.allSatisfy { $0.rowStride % 4 == 0 && $0.offset % 4 == 0 }
    switch node.op {
    case .linear, .conv2d: return fours && node.inputs[0].shape.channels % 4 == 0
    case .attention(let options):
      let head = node.inputs[0].shape.channels / options.heads
      let values = node.inputs.map(\.value) + [node.output]
      // Queries of a wide head are read in whole fragments.
      let isPossible =
        head <= 160 ? head % 4 == 0 : head % 128 == 0 && head <= 512 && node.inputs[0].shape[1] % 16 == 0
      return fours && isPossible && values.allSatisfy { plan.place($0).storage == .float16 }
    default: return false
    }
  }
}
