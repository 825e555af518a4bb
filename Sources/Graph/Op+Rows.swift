// Which rows of its operands an op needs for some rows of its result: the facts that plans in strips are built on.

extension Op {
  /// The op that makes rows of the result out of the rows of the operand that they need. The window of their first row
  /// may begin above the picture no more.
  /// - Parameter height: rows of the whole result.
  func making(_ rows: Range<Int>, of height: Int) -> Op {
    guard case .conv2d(let weight, let window) = self else { return self }
    let padding = max(0, window.padTop - rows.lowerBound * window.stride)
    return .conv2d(
      weight,
      Window(
        kernel: window.kernel, stride: window.stride, padTop: padding, padLeft: window.padLeft,
        pictureRows: height))
  }
}

extension Node {
  /// Whether rows of the result need but some rows of the operands, all in one picture.
  func worksOnRows(_ shapes: [Shape]) -> Bool {
    let result = shapes[output]
    func hasSize(_ operand: Operand) -> Bool {
      operand.shape.rank == 4 && operand.shape[0] == 1 && operand.shape[1] == result[1]
        && operand.shape[2] == result[2]
    }
    // A value that is read as a picture of another size has other rows.
    let isCutAlike = operands.allSatisfy { operand in
      let whole = shapes[operand.value]
      return operand.shape.rank != 4 || whole.rank != 4
        || whole.dimensions.dropLast() == operand.shape.dimensions.dropLast()
    }
    guard result.rank == 4, result[0] == 1, result.count > 0, isCutAlike,
      (epilogue.residuals + [epilogue.gate].compactMap { $0 }).allSatisfy(hasSize)
    else { return false }
    let source = inputs[0].shape
    switch op {
    case .conv2d(_, let window):
      return window.padTop < window.kernel && (result[1] - 1) * window.stride - window.padTop < source[1]
    case .upsample: return source[0] == 1 && result[1] % source[1] == 0
    case .linear, .groupNorm, .activation, .concat, .multiply: return inputs.allSatisfy(hasSize)
    case .add: return hasSize(inputs[0]) && (hasSize(inputs[1]) || inputs[1].shape.rank == 2)
    default: return false
    }
  }

  /// How many rows of the result are made of the same rows of the operand: a strip has all of them or none.
  /// - Parameter tile: how many a tile of a convolution has.
  func rowsTogether(_ shapes: [Shape], tile: Int) -> Int {
    switch op {
    case .upsample: shapes[output][1] / inputs[0].shape[1]
    case .conv2d(_, let window): window.mayBeTiled ? tile : 1
    default: 1
    }
  }

  /// The rows of the first operand that rows of the result are made of.
  func sourceRows(_ rows: Range<Int>, _ shapes: [Shape]) -> Range<Int> {
    switch op {
    case .conv2d(_, let window):
      let first = rows.lowerBound * window.stride - window.padTop
      let last = (rows.upperBound - 1) * window.stride - window.padTop + window.kernel
      return max(0, first)..<min(last, inputs[0].shape[1])
    case .upsample:
      let factor = shapes[output][1] / inputs[0].shape[1]
      return rows.lowerBound / factor..<(rows.upperBound + factor - 1) / factor
    default: return rows
    }
  }
}
