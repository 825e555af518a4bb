import Graph

/// What an epilogue needs of push constants.
struct LoweredEpilogue {
  var addresses = EpilogueAddresses()
  var strides = EpilogueStrides()
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
      result.strides.vector = UInt32(vector.shape[0] == 1 ? 0 : vector.rowStride)
      result.flags |= Flag.vector | (isHalf(vector) ? Flag.halfVector : 0)
    }
    result.flags |= epilogue.activation?.number ?? 0
    if let gate = epilogue.gate {
      result.addresses.gate = address(gate)
      result.strides.gate = UInt32(gate.rowStride)
      result.flags |= Flag.gate | (isHalf(gate) ? Flag.halfGate : 0)
    }
    for (index, residual) in epilogue.residuals.enumerated() {
      let stride = UInt32(residual.rowStride)
      if index == 0 {
        (result.addresses.residual_0, result.strides.residual_0) = (address(residual), stride)
      } else {
        (result.addresses.residual_1, result.strides.residual_1) = (address(residual), stride)
      }
      result.flags |= Flag.residuals[index] | (isHalf(residual) ? Flag.halfResiduals[index] : 0)
    }
    result.reads = epilogue.operands.map(range)
    return result
  }
}
