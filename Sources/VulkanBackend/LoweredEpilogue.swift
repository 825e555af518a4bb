import Graph

/// What an epilogue needs of push constants.
struct LoweredEpilogue {
  var addresses = EpilogueAddresses()
  var numbers = EpilogueNumbers()
  var flags: UInt32 = 0
  var reads: [Range<UInt64>] = []
}

extension Lowering {
  func lowered(_ epilogue: Epilogue) -> LoweredEpilogue {
    var result = LoweredEpilogue()
    if !epilogue.bias.isEmpty {
      result.addresses.bias = packed(epilogue.bias, .plain(.float32))
      result.flags |= Flag.bias
    }
    if let vector = epilogue.vector {
      result.addresses.vector = address(vector)
      result.numbers.vector = UInt32(vector.shape[0] == 1 ? 0 : vector.rowStride)
      result.flags |= Flag.vector | (isHalf(vector) ? Flag.halfVector : 0)
    }
    if let function = epilogue.activation {
      result.flags |= function.number
      switch function {
      case .leakyReLU(let number), .scaled(let number): result.numbers.slope = number
      case .prelu(let slopes): result.addresses.vector = packed([slopes], .plain(.float32))
      case .silu, .gelu, .quickGelu: break
      }
    }
    if let gate = epilogue.gate {
      result.addresses.gate = address(gate)
      result.numbers.gate = UInt32(gate.rowStride)
      result.flags |= Flag.gate | (isHalf(gate) ? Flag.halfGate : 0)
    }
    for (index, residual) in epilogue.residuals.enumerated() {
      let stride = UInt32(residual.rowStride)
      if index == 0 {
        (result.addresses.residual_0, result.numbers.residual_0) = (address(residual), stride)
      } else {
        (result.addresses.residual_1, result.numbers.residual_1) = (address(residual), stride)
      }
      result.flags |= Flag.residuals[index] | (isHalf(residual) ? Flag.halfResiduals[index] : 0)
    }
    result.reads = epilogue.operands.map(range)
    return result
  }
}
