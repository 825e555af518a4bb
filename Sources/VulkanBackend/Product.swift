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
  /// of one picture decides, since sums must not depend on the batch: two pictures fill a large GPU.
  var slices: Int {
    let blocks = blocks(of: sliceDepth)
    // As many as make 128 tiles of 128 x 128 results. Two are no gain over smaller tiles.
    let most = 128 * 128 * 128 / max(1, pixels * outputs)
    let slices = most < 3 ? 1 : max(1, min(12, most, blocks / 6))
    // No slice is empty.
    let each = (blocks + slices - 1) / slices
    return (blocks + each - 1) / each
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
      | (node.hasQuads(shape.outputs) ? Flag.wholeQuads : 0)
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
        "reduce", push, elements: shape.rows * shape.outputs, quads: node.hasQuads(shape.outputs),
        reads: [range(scratch)] + epilogue.reads, writes: range(ofResult: node))
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
    let reductions = node.hasQuads(shape.outputs) ? [1, 0] : [0]
    let isReduced = reductions.contains { trusts(KernelKey("reduce", plan.storage, [$0])) }
    let slices = isReduced ? shape.slices : 1
    let data = node.inputs[0]
    let isWide = plan.place(data.value).storage != .float16
    let kernels =
      (fitsMatrices(node, plan) ? matrixKernels(shape, slices, isWide: isWide) : [])
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

  /// - Parameter isWide: whether the data are stored in float32.
  private func matrixKernels(_ shape: ProductShape, _ slices: Int, isWide: Bool) -> [ProductKernel] {
    MatrixTile.all.filter {
      // Slices are cut between blocks. Data in float32 take too many registers on their way into large tiles.
      (slices == 1 || $0.depth == sliceDepth) && !(isWide && $0.area > 8192)
    }.sorted { $0.time(shape, slices) < $1.time(shape, slices) }.compactMap { tile in
      matrixKernel(
        "product_matrix", subgroups: tile.subgroups,
        [
          tile.rows, tile.columns, tile.subgroupRows, tile.subgroupColumns, tile.depth, tile.buffers,
          isWide ? 1 : 0,
        ],
        sharedBytes: tile.sharedBytes
      ).map { ProductKernel(key: $0, tile: .init(rows: tile.rows, columns: tile.columns), depth: tile.depth) }
    }
  }
}

/// Rows of the weights between which matrix products are cut into slices.
private let sliceDepth = 64

/// How product_matrix.comp shares out the work, and how long a work group takes.
private struct MatrixTile {
  /// Of a work group's results, and of a subgroup's part of them.
  let rows, columns, subgroupRows, subgroupColumns: Int
  let depth, buffers: Int
  /// Picoseconds of a result: for 64 of its summands, and beside them.
  let block, start: Double
  /// Work groups that share a multiprocessor: one alone would take it as long.
  let atOnce: Int

  /// Measured on an H100 (SPEED.md). Large tiles read less, small ones busy more of the device, and start sooner.
  static let all = [
    MatrixTile(128, 128, 64, 64, depth: 64, buffers: 1, block: 60, start: 760, atOnce: 2),
    MatrixTile(128, 160, 64, 32, depth: 32, buffers: 2, block: 87, start: 480, atOnce: 1),
    MatrixTile(128, 64, 32, 32, depth: 64, buffers: 1, block: 67, start: 560, atOnce: 2),
    MatrixTile(64, 64, 32, 32, depth: 64, buffers: 1, block: 92, start: 470, atOnce: 1),
    MatrixTile(128, 16, 32, 16, depth: 64, buffers: 1, block: 220, start: 1000, atOnce: 1),
  ]
  private static let multiprocessors = 132

  private init(
    _ rows: Int, _ columns: Int, _ subgroupRows: Int, _ subgroupColumns: Int, depth: Int, buffers: Int,
    block: Double, start: Double, atOnce: Int
  ) {
    (self.rows, self.columns, self.depth, self.buffers) = (rows, columns, depth, buffers)
    (self.subgroupRows, self.subgroupColumns) = (subgroupRows, subgroupColumns)
    (self.block, self.start, self.atOnce) = (block, start, atOnce)
  }

  var area: Int { rows * columns }
  var subgroups: Int { rows / subgroupRows * (columns / subgroupColumns) }
  /// As in product_matrix.comp: both factors' tiles, whose rows have 16 bytes more than their numbers. Results, which
  /// take their place, need less.
  var sharedBytes: Int { 2 * buffers * (rows * (depth + 8) + depth * (columns + 8)) }

  func time(_ shape: ProductShape, _ slices: Int) -> Double {
    let groups = shape.groups(.init(rows: rows, columns: columns), slices)
    let most = Self.multiprocessors * atOnce
    let rounds = (groups.x * groups.y * groups.z + most - 1) / most
    let blocks = (shape.blocks(of: sliceDepth) + slices - 1) / slices
    return Double(rounds * atOnce * area) * (Double(blocks) * block + start)
  }
}

extension Node {
  /// Whether results and all that its epilogue reads can be taken four numbers at a time.
  fileprivate func hasQuads(_ outputs: Int) -> Bool {
    outputs % 4 == 0 && epilogue.operands.allSatisfy(\.hasQuads)
  }
}

extension ProductShape {
  fileprivate func groups(_ tile: ProductKernel.Tile, _ slices: Int) -> (x: Int, y: Int, z: Int) {
    ((outputs + tile.columns - 1) / tile.columns, (rows + tile.rows - 1) / tile.rows, slices)
  }
}
