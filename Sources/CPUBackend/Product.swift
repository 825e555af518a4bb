import CPUKernels
import Graph

extension Lowering {
  /// A convolution, or a linear layer as a convolution of 1x1 pixels over one line of them per picture.
  func product(_ node: Node, _ weight: Weight) {
    let input = node.inputs[0]
    var c = Lowering.productShape(node, plan, instructions, matmul, threads: threads)
    c.input = address(input)
    c.pixel_stride = input.rowStride
    c.weights = packed(weight.parts, .matrix(area: c.kernel_height * c.kernel_width, c.packing))
    c.zeros = UnsafeRawPointer(zeros.pointer)
    c.scratch = scratch.characters
    c.shared = scratch.characters + dk_convolution_scratch(&c) * threads
    c.output = output(node)
    c.output_stride = weight.outputs
    c.epilogue = epilogue(node.epilogue)
    let preparing = dk_convolution_prepare_items(&c)
    if preparing > 0 {
      emit(c, items: preparing) { context, item, thread in
        dk_convolution_prepare(context?.assumingMemoryBound(to: dk_convolution.self), item, thread)
      }
    }
    emit(c, items: dk_convolution_items(&c)) { context, item, thread in
      dk_convolution_item(context?.assumingMemoryBound(to: dk_convolution.self), item, thread)
    }
  }

  /// The sizes alone, which decide the scratch memory.
  static func productShape(
    _ node: Node, _ plan: Plan, _ instructions: InstructionSet, _ matmul: Matmul, threads: Int
  ) -> dk_convolution {
    let input = node.inputs[0].shape
    var c = dk_convolution()
    c.packing = instructions.packing(of: node, in: plan, by: matmul)
    c.storage = plan.storage.kernel
    c.threads = threads
    c.pixel_stride = node.inputs[0].rowStride
    switch node.op {
    case .conv2d(let weight, let window):
      let out = plan.result(of: node).shape
      (c.pictures, c.in_height, c.in_width) = (input[0], input[1], input[2])
      (c.kernel_height, c.kernel_width, c.stride) = (window.kernel, window.kernel, window.stride)
      (c.pad_top, c.pad_left) = (window.padTop, window.padLeft)
      (c.out_height, c.out_width, c.outputs) = (out[1], out[2], weight.outputs)
    case .linear(let weight):
      c.pictures = input.rank > 1 ? input[0] : 1
      let pixels = input.rows / max(1, c.pictures)
      (c.in_height, c.in_width, c.kernel_height, c.kernel_width, c.stride) = (1, pixels, 1, 1, 1)
      (c.out_height, c.out_width, c.outputs) = (1, pixels, weight.outputs)
    default: preconditionFailure("\(node.op) is no product")
    }
    c.channels = input.channels
    return c
  }
}

extension Node {
  /// Zeros that a convolution reads outside the picture.
  var zerosCount: Int {
    if case .conv2d = op { inputs[0].shape.channels } else { 0 }
  }
}
