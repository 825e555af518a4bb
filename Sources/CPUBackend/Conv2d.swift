import CPUKernels
import Graph

extension Lowering {
  func conv2d(_ node: Node, _ weight: Weight, _ window: Window) {
    let input = node.inputs[0]
    let out = shape(node)
    var c = dk_convolution()
    c.pictures = input.shape[0]
    c.in_height = input.shape[1]
    c.in_width = input.shape[2]
    c.kernel_height = window.kernel
    c.kernel_width = window.kernel
    c.stride = window.stride
    c.pad_top = window.padTop
    c.pad_left = window.padLeft
    c.out_height = out[1]
    c.out_width = out[2]
    product(&c, node, weight, area: window.kernel * window.kernel)
  }

  /// A linear layer is a 1x1 convolution over one row of pixels per picture.
  func linear(_ node: Node, _ weight: Weight) {
    let input = node.inputs[0]
    var c = dk_convolution()
    c.pictures = input.shape.rank > 1 ? input.shape[0] : 1
    c.in_height = 1
    c.in_width = input.shape.rows / max(1, c.pictures)
    c.kernel_height = 1
    c.kernel_width = 1
    c.stride = 1
    c.out_height = 1
    c.out_width = c.in_width
    product(&c, node, weight, area: 1)
  }

  private func product(_ c: inout dk_convolution, _ node: Node, _ weight: Weight, area: Int) {
    c.storage = storage
    c.input = address(node.inputs[0])
    c.pixel_stride = node.inputs[0].rowStride
    c.channels = weight.depth / area
    c.outputs = weight.outputs
    c.weights = packed(weight.parts, .panels(area: area, plan.storage))
    c.zeros = UnsafeRawPointer(zeros.pointer)
    c.output = output(node)
    c.output_stride = weight.outputs
    c.epilogue = epilogue(node.epilogue)
    emit(c, items: withUnsafePointer(to: c) { dk_convolution_items($0) }) { context, item, _ in
      dk_convolution_item(context?.assumingMemoryBound(to: dk_convolution.self), item)
    }
  }
}

extension Node {
  /// Zeros that a convolution reads outside the picture.
  var zerosCount: Int {
    if case .conv2d = op { inputs[0].shape.channels } else { 0 }
  }
}
