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
  func product(_ node: Node, _ weight: Weight) throws(VulkanError) {
    let shape = ProductShape(node, shape(node))
    let epilogue = lowered(node.epilogue)
    let data = node.inputs[0]
    var push = ProductPush()
    push.data = address(data)
    push.weights = packed(weight.parts, .columns(area: shape.taps, plan.weights))
    push.result = address(ofResult: node)
    (push.epilogue, push.strides) = (epilogue.addresses, epilogue.strides)
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
    let method = method(node)
    if method == .plain { return try plainProduct(node, shape, push, reads: [range(data)] + epilogue.reads) }
    let slices = shape.slices
    let blocks = shape.blocks(of: method == .matrices ? 32 : 16)
    push.depth = UInt32((blocks + slices - 1) / slices)
    let kernel = method == .matrices ? matrixTiles(shape, slices) : tiles(shape, data, slices)
    if slices == 1 {
      try emit(
        kernel.key, push, groups: kernel.groups, reads: [range(data)] + epilogue.reads,
        writes: range(ofResult: node), cost: shape.operations)
    } else {
      var part = push
      part.result = context.arena.address(scratch)
      try emit(
        kernel.key, part, groups: kernel.groups, reads: [range(data)], writes: range(scratch),
        cost: shape.operations)
      push.data = part.result
      push.depth = UInt32(slices)
      try emit(
        "reduce", push, elements: shape.rows * shape.outputs, reads: [range(scratch)] + epilogue.reads,
        writes: range(ofResult: node))
    }
  }

  private typealias Tiles = (key: KernelKey, groups: (x: Int, y: Int, z: Int))

  private func tiles(_ shape: ProductShape, _ data: Operand, _ slices: Int) -> Tiles {
    let quads = quads(data)
    // Large tiles read less, small ones busy more of the device.
    let small = ((shape.rows + 63) / 64) * ((shape.outputs + 63) / 64) * slices < 32
    let (side, part) = small ? (32, 4) : (64, 8)
    var constants = [64, side, side, part, part, quads ? 1 : 0].map { UInt32($0) }
    if storage == .float16 { constants.append(1) }
    return (key("product", constants), shape.groups(side, side, slices))
  }

  private func matrixTiles(_ shape: ProductShape, _ slices: Int) -> Tiles {
    // Rows and columns of a tile and of a subgroup's part of it; how much slower small tiles are, reading more.
    let tiles = [(128, 128, 64, 32, 1.0), (128, 64, 64, 32, 1.15), (64, 64, 32, 32, 1.4)]
    // A device runs about so many groups at once; the last round may leave most of it idle.
    let atOnce = 128
    func time(_ tile: (Int, Int, Int, Int, Double)) -> Double {
      let groups = shape.groups(tile.0, tile.1, slices)
      let rounds = (groups.x * groups.y * groups.z + atOnce - 1) / atOnce
      return Double(rounds * tile.0 * tile.1) * tile.4
    }
    let best = tiles.min { time($0) < time($1) } ?? tiles[0]
    let subgroups = best.0 / best.2 * (best.1 / best.3)
    return (
      matrixKey("product_matrix", subgroups: subgroups, [best.0, best.1, best.2, best.3]),
      shape.groups(best.0, best.1, slices)
    )
  }

  private func plainProduct(_ node: Node, _ shape: ProductShape, _ push: ProductPush, reads: [Range<UInt64>])
    throws(VulkanError)
  {
    try emit(
      key("product_plain", storage == .float16 ? [1] : []), push,
      groups: grid(elements: shape.rows * shape.outputs),
      reads: reads, writes: range(ofResult: node), cost: 4 * shape.operations)
  }
}

extension ProductShape {
  fileprivate func groups(_ rows: Int, _ columns: Int, _ slices: Int) -> (x: Int, y: Int, z: Int) {
    ((outputs + columns - 1) / columns, (self.rows + rows - 1) / rows, slices)
  }
}
