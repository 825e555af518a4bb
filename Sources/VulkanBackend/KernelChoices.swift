import Graph

/// What a kernel is compiled from.
package struct KernelKey: Hashable, Sendable, CustomStringConvertible {
  /// The shader's file name.
  let name: String
  /// Whether it may meet 16-bit storage.
  let half: Bool
  /// The shader's constants, in order.
  var constants: [UInt32] = []
  /// Where it must have one, for matrices.
  var subgroupSize: Int?

  init(name: String, half: Bool, constants: [UInt32] = [], subgroupSize: Int? = nil) {
    (self.name, self.half, self.constants, self.subgroupSize) = (name, half, constants, subgroupSize)
  }

  init(_ name: String, _ storage: Storage, _ constants: [Int] = []) {
    self.init(name: name, half: storage == .float16, constants: constants.map { UInt32($0) })
  }

  var module: String { half ? name + "_half" : name }

  /// The module's name and its constants.
  package var description: String {
    constants.isEmpty ? module : "\(module) \(constants.map(String.init).joined(separator: ","))"
  }
}

/// Which of several kernels that compute the same is taken: the fastest that can be trusted.
struct KernelChoices {
  /// Fragments of the device's matrix cores for which kernels were compiled; nil without such cores.
  let matrixShape: MatrixShape?
  private let device: DeviceDescription
  var subgroupSize: Int { device.subgroupSize }
  /// What self-tests found. A kernel that was not tested is trusted.
  var verdicts: [KernelKey: KernelVerdict] = [:]
  /// The kernel that a self-test tries. Beside it run only those that passed, and the plainest.
  var tried: KernelKey?
  /// For tests: no fast kernels.
  var usesPlainest = false

  /// The shapes of scripts/build-kernels, the largest first.
  private static let compiledShapes = [(16, 16, 16), (8, 16, 16), (8, 8, 8)].map {
    MatrixShape(rows: $0.0, columns: $0.1, depth: $0.2)
  }

  init(_ device: DeviceDescription) {
    self.device = device
    matrixShape = KernelChoices.compiledShapes.first {
      device.usesMatrices && device.matrixShapes.contains($0) && device.subgroupSize % $0.rows == 0
    }
  }

  func trusts(_ kernel: KernelKey) -> Bool {
    let verdict = verdicts[kernel]
    return tried == nil ? verdict == nil || verdict == .right : verdict == .right || kernel == tried
  }

  /// - Parameter kernels: for the same work, the fastest first.
  func choose(_ kernels: [KernelKey]) -> KernelKey {
    let plainest = kernels[kernels.count - 1]
    if usesPlainest { return plainest }
    if let tried, kernels.contains(tried) { return tried }
    return kernels.first(where: trusts) ?? plainest
  }

  /// A kernel on matrix cores: its threads come first among the constants, the subgroup's size last.
  /// - Parameter sharedBytes: of a work group.
  /// - Returns: nil where the device has no such cores or too small work groups.
  func matrixKernel(_ name: String, subgroups: Int, _ constants: [Int], sharedBytes: Int) -> KernelKey? {
    let threads = subgroups * subgroupSize
    guard let matrixShape, threads <= device.workGroup.threads, subgroups <= device.workGroup.subgroups,
      sharedBytes <= device.sharedMemory
    else { return nil }
    return KernelKey(
      name: "\(name)_\(matrixShape)", half: false,
      constants: ([threads] + constants + [subgroupSize]).map { UInt32($0) }, subgroupSize: subgroupSize)
  }

  /// Whether matrix cores could take a node's operands: float16, eight numbers at a time.
  func fitsMatrices(_ node: Node, _ plan: Plan) -> Bool {
    matrixShape != nil && plan.storage == .float16 && node.inputs[0].shape.channels % 8 == 0
      && node.inputs.allSatisfy { $0.rowStride % 8 == 0 && $0.offset % 8 == 0 }
  }

  /// Whether fragments may be laid out as attention_registers.comp expects; its self-test tells whether they are.
  var mayHaveNvidiaFragments: Bool {
    device.vendor == DeviceDescription.nvidia && subgroupSize == 32
      && matrixShape == MatrixShape(rows: 16, columns: 16, depth: 16)
  }
}
