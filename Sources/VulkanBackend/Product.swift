import Graph

/// The sizes of a matrix product: a convolution, or a linear layer as the convolution of one row of pixels.
struct ProductShape {
  let pictures: Int
  let input: (height: Int, width: Int)
  let output: (height: Int, width: Int)
  let channels: Int
  let outputs: Int
  let window: Window

  init(_ node: Node, _ result: Shape) {
    let data = node.inputs[0].shape
    switch node.op {
    case .conv2d(let weight, let window):
      self.window = window
      pictures = data[0]
      input = (data[1], data[2])
      output = (result[1], result[2])
      outputs = weight.outputs
    case .linear(let weight):
      window = Window(kernel: 1, stride: 1, padTop: 0, padLeft: 0)
      pictures = data.rank > 1 ? data[0] : 1
      input = (1, data.rows / max(1, pictures))
      output = input
      outputs = weight.outputs
    default: preconditionFailure("\(node.op) is no matrix product")
    }
    channels = data.channels
  }

  var pixels: Int { output.height * output.width }
  var rows: Int { pictures * pixels }
  var taps: Int { window.kernel * window.kernel }
  var operations: Double { 2 * Double(rows) * Double(outputs) * Double(channels * taps) }
  /// Blocks of the depth that a kernel goes through.
  func blocks(of depth: Int) -> Int { taps * ((channels + depth - 1) / depth) }

  /// How many pieces the depth is cut into, so that few results of many summands busy a whole device. The shape
  /// of one picture decides, since sums must not depend on the batch.
  var slices: Int {
    let tiles = ((pixels + 63) / 64) * ((outputs + 63) / 64)
    let blocks = blocks(of: 32)
    guard tiles < 96, blocks >= 32 else { return 1 }
    return max(1, min(8, 192 / tiles, blocks / 16))
  }
}

extension Lowering {
  func product(_ node: Node, _ weight: Weight) {
    let shape = ProductShape(node, shape(node))
    let epilogue = lowered(node.epilogue)
    let data = node.inputs[0]
    var push = ProductPush()
    push.data = address(data)
    push.weights = packed(weight.parts, .columns(area: shape.taps, plan.weights))
    push.result = address(ofResult: node)
    (push.epilogue, push.numbers) = (epilogue.addresses, epilogue.numbers)
    push.data_stride = UInt32(data.rowStride)
    (push.channels, push.outputs) = (UInt32(shape.channels), UInt32(shape.outputs))
    (push.in_height, push.in_width) = (UInt32(shape.input.height), UInt32(shape.input.width))
    (push.out_height, push.out_width) = (UInt32(shape.output.height), UInt32(shape.output.width))
    push.pictures = UInt32(shape.pictures)
    let window = shape.window
    push.window = UInt32(
      window.kernel | window.stride << 8 | window.padTop << 16 | window.padLeft << 24)
    push.flags =
      epilogue.flags | (isHalf(data) ? Flag.halfInput : 0) | (isHalf(node.output) ? Flag.halfOutput : 0)
    let kernel = choices.product(node, plan)
    guard let tile = kernel.tile else {
      return plainProduct(node, shape, push, [range(data)] + epilogue.reads)
    }
    let blocks = shape.blocks(of: kernel.depth)
    push.depth = UInt32((blocks + kernel.slices - 1) / kernel.slices)
    let groups = shape.groups(tile, kernel.slices)
    if kernel.slices == 1 {
      emit(
        kernel.key, push, groups: groups, reads: [range(data)] + epilogue.reads,
        writes: range(ofResult: node), cost: shape.operations)
    } else {
      var part = push
      part.result = address(scratch)
      emit(
        kernel.key, part, groups: groups, reads: [range(data)], writes: range(scratch),
        cost: shape.operations)
      push.data = part.result
      push.depth = UInt32(kernel.slices)
      emit(
        "reduce", push, elements: shape.rows * shape.outputs, reads: [range(scratch)] + epilogue.reads,
        writes: range(ofResult: node))
    }
  }

  private func plainProduct(
    _ node: Node, _ shape: ProductShape, _ push: ProductPush, _ reads: [Range<UInt64>]
  ) {
    emit(
      ProductKernel.plain(storage).key, push, groups: grid(elements: shape.rows * shape.outputs),
      reads: reads, writes: range(ofResult: node), cost: 4 * shape.operations)
  }
}

/// A kernel for products, and how it shares out the work.
struct ProductKernel {
  /// Results of a work group.
  struct Tile {
    let rows: Int
    let columns: Int
  }

  let key: KernelKey
  /// Nil for one result a thread.
  let tile: Tile?
  /// Of a block.
  let depth: Int
  /// Pieces of the depth, which work groups sum up each for itself.
  var slices = 1

  static func plain(_ storage: Storage) -> ProductKernel {
    ProductKernel(
      key: KernelKey("product_plain", storage, storage == .float16 ? [1] : []), tile: nil, depth: 0)
  }
}

extension KernelChoices {
  func product(_ node: Node, _ plan: Plan) -> ProductKernel {
    let shape = ProductShape(node, plan.result(of: node).shape)
    let slices = trusts(KernelKey("reduce", plan.storage)) ? shape.slices : 1
    let data = node.inputs[0]
    let kernels =
      (fitsMatrices(node, plan) ? matrixKernels(shape, slices) : [])
      + tileKernels(shape, plan.storage, quads: data.hasQuads, slices) + [.plain(plan.storage)]
    let chosen = choose(kernels.map(\.key))
    var kernel = kernels.first { $0.key == chosen } ?? .plain(plan.storage)
    if kernel.tile != nil { kernel.slices = slices }
    return kernel
  }

  /// Large tiles read less, small ones busy more of the device.
  private func tileKernels(_ shape: ProductShape, _ storage: Storage, quads: Bool, _ slices: Int)
    -> [ProductKernel]
  {
    let small = ((shape.rows + 63) / 64) * ((shape.outputs + 63) / 64) * slices < 32
    return [small ? 32 : 64, small ? 64 : 32].flatMap { side in
      (quads ? [1, 0] : [0]).map { quads in
        let constants = [64, side, side, side / 8, side / 8, quads] + (storage == .float16 ? [1] : [])
        return ProductKernel(
          key: KernelKey("product", storage, constants), tile: .init(rows: side, columns: side), depth: 16)
      }
    }
  }

  private func matrixKernels(_ shape: ProductShape, _ slices: Int) -> [ProductKernel] {
    // Rows and columns of a tile and of a subgroup's part of it; how much slower small tiles are, reading more.
    let tiles = [(128, 128, 64, 32, 1.0), (128, 64, 64, 32, 1.15), (64, 64, 32, 32, 1.4)]
    // A device runs about so many groups at once; the last round may leave most of it idle.
    let atOnce = 128
    func time(_ tile: (Int, Int, Int, Int, Double)) -> Double {
      let groups = shape.groups(.init(rows: tile.0, columns: tile.1), slices)
      let rounds = (groups.x * groups.y * groups.z + atOnce - 1) / atOnce
      return Double(rounds * tile.0 * tile.1) * tile.4
    }
    let depth = 32
    return tiles.sorted { time($0) < time($1) }.compactMap { tile in
      let subgroups = tile.0 / tile.2 * (tile.1 / tile.3)
      let fragment = (matrixShape?.rows ?? 0) * (matrixShape?.columns ?? 0)
      // As in product_matrix.comp: both factors' tiles with their padding, and a fragment of each subgroup.
      let shared = 2 * (tile.0 * (depth + 8) + depth * (tile.1 + 8)) + 4 * subgroups * fragment
      return matrixKernel(
        "product_matrix", subgroups: subgroups, [tile.0, tile.1, tile.2, tile.3], sharedBytes: shared
      ).map { ProductKernel(key: $0, tile: .init(rows: tile.0, columns: tile.1), depth: depth) }
    }
  }
}

extension ProductShape {
  fileprivate func groups(_ tile: ProductKernel.Tile, _ slices: Int) -> (x: Int, y: Int, z: Int) {
    ((outputs + tile.columns - 1) / tile.columns, (rows + tile.rows - 1) / tile.rows, slices)
  }
}
