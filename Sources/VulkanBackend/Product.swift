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
  /// Blocks of depth 16 that the kernel goes through.
  var blocks: Int { taps * ((channels + 15) / 16) }

  /// How many pieces the depth is cut into, so that few results of many summands busy a whole device. The shape
  /// of one picture decides, since sums must not depend on the batch.
  var slices: Int {
    let tiles = ((pixels + 63) / 64) * ((outputs + 63) / 64)
    guard tiles < 96, blocks >= 64 else { return 1 }
    return max(1, min(8, 192 / tiles, blocks / 32))
  }
}

extension Lowering {
  func product(_ node: Node, _ weight: Weight) throws(VulkanError) {
    let shape = ProductShape(node, shape(node))
    let epilogue = lowered(node.epilogue)
    let data = node.inputs[0]
    var push = ProductPush()
    push.data = address(data)
    push.weights = packed(weight.parts, .columns(area: shape.taps, storage))
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
    let slices = shape.slices
    push.depth = UInt32((shape.blocks + slices - 1) / slices)
    if slices == 1 {
      try tiles(shape, data, push, reads: [range(data)] + epilogue.reads, writes: range(ofResult: node))
    } else {
      var part = push
      part.result = context.arena.address(scratch)
      try tiles(shape, data, part, reads: [range(data)], writes: range(scratch), slices: slices)
      push.data = part.result
      push.depth = UInt32(slices)
      try emit(
        "reduce", push, elements: shape.rows * shape.outputs, reads: [range(scratch)] + epilogue.reads,
        writes: range(ofResult: node))
    }
  }

  private func tiles(
    _ shape: ProductShape, _ data: Operand, _ push: ProductPush, reads: [Range<UInt64>], writes: Range<UInt64>,
    slices: Int = 1
  ) throws(VulkanError) {
    let quads = [data.rowStride, data.offset, shape.channels].allSatisfy { $0 % 4 == 0 }
    // Large tiles read less, small ones busy more of the device.
    let small = ((shape.rows + 63) / 64) * ((shape.outputs + 63) / 64) * slices < 32
    let (side, part) = small ? (32, 4) : (64, 8)
    var constants = [64, side, side, part, part, quads ? 1 : 0].map { UInt32($0) }
    if storage == .float16 { constants.append(1) }
    let groups = (
      x: (shape.outputs + side - 1) / side, y: (shape.rows + side - 1) / side, z: slices
    )
    try emit(
      key("product", constants), push, groups: groups, reads: reads, writes: writes, cost: shape.operations)
  }
}
