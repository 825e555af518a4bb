import Graph

/// Conversion of stored elements to float32: exact wherever float32 has the value, else to the
/// nearest (F64 and integers of more than 24 bits). Infinities and NaN stay what they are.
extension DType {
  /// Whether `convert` knows this dtype.
  package var convertsToFloat: Bool {
    switch self {
    case .float8E8M0, .float8E4M3FNUZ, .float8E5M2FNUZ, .float6E2M3, .float6E3M2, .float4, .complex64: false
    default: true
    }
  }

  /// Converts `count` elements from `source`, which is aligned to the size of an element.
  func convert(_ source: UnsafeRawBufferPointer, to destination: UnsafeMutablePointer<Float>, count: Int) {
    precondition(convertsToFloat && source.count >= count * (bits / 8), "\(count) elements of \(rawValue)")
    switch self {
    case .float16: each(UInt16.self, source, destination, count) { float(half: $0) }
    case .bfloat16: each(UInt16.self, source, destination, count) { Float(bitPattern: UInt32($0) << 16) }
    case .float32: each(Float.self, source, destination, count) { $0 }
    case .float64: each(Double.self, source, destination, count) { Float($0) }
    case .float8E4M3: look(up: Float8.e4m3, source, destination, count)
    case .float8E5M2: look(up: Float8.e5m2, source, destination, count)
    case .bool: each(UInt8.self, source, destination, count) { $0 == 0 ? 0 : 1 }
    case .uint8: each(UInt8.self, source, destination, count) { Float($0) }
    case .int8: each(Int8.self, source, destination, count) { Float($0) }
    case .uint16: each(UInt16.self, source, destination, count) { Float($0) }
    case .int16: each(Int16.self, source, destination, count) { Float($0) }
    case .uint32: each(UInt32.self, source, destination, count) { Float($0) }
    case .int32: each(Int32.self, source, destination, count) { Float($0) }
    case .uint64: each(UInt64.self, source, destination, count) { Float($0) }
    case .int64: each(Int64.self, source, destination, count) { Float($0) }
    case .float8E8M0, .float8E4M3FNUZ, .float8E5M2FNUZ, .float6E2M3, .float6E3M2, .float4, .complex64: break
    }
  }
}

@inline(__always)
private func each<Stored>(
  _: Stored.Type, _ source: UnsafeRawBufferPointer, _ destination: UnsafeMutablePointer<Float>,
  _ count: Int, _ value: (Stored) -> Float
) {
  let stored = source.assumingMemoryBound(to: Stored.self)
  for index in 0..<count { destination[index] = value(stored[index]) }
}

private func look(
  up table: [Float], _ source: UnsafeRawBufferPointer, _ destination: UnsafeMutablePointer<Float>,
  _ count: Int
) {
  table.withUnsafeBufferPointer { table in
    each(UInt8.self, source, destination, count) { table[Int($0)] }
  }
}

/// Half precision by integer arithmetic without branches, which compiles to vector instructions.
/// A portable build cannot assume F16C, and without it `Float(Float16)` is a call for every element.
@inline(__always)
private func float(half: UInt16) -> Float {
  let sign = UInt32(half & 0x8000) &<< 16
  let magnitude = UInt32(half & 0x7FFF) &<< 13  // exponent and fraction where float32 has them
  // The exponents' biases differ by 127 - 15; infinities and NaN take the largest exponent instead.
  let normal = magnitude &+ 0x3800_0000
  let special = magnitude | 0x7F80_0000
  // A subnormal is fraction · 2^-24: give it the exponent of 2^-14 and take the implied one away.
  let subnormal = (Float(bitPattern: magnitude | 0x3880_0000) - 0x1p-14).bitPattern
  let result = magnitude >= 0x0F80_0000 ? special : magnitude < 0x0080_0000 ? subnormal : normal
  return Float(bitPattern: result | sign)
}

/// The 256 values of the two eight-bit floats in checkpoints (Micikevicius et al. 2022, "FP8
/// Formats for Deep Learning").
private enum Float8 {
  /// Four exponent bits, bias 7, no infinities, NaN only where all of them and the fraction are set.
  static let e4m3 = (UInt8.min...UInt8.max).map { bits -> Float in
    bits & 0x7F == 0x7F ? .nan : value(bits, fractionBits: 3, bias: 7)
  }

  /// Five exponent bits, bias 15: the upper half of a float16.
  static let e5m2 = (UInt8.min...UInt8.max).map { bits -> Float in
    switch bits & 0x7F {
    case 0x7C: bits & 0x80 == 0 ? .infinity : -.infinity
    case 0x7D...: .nan
    default: value(bits, fractionBits: 2, bias: 15)
    }
  }

  private static func value(_ bits: UInt8, fractionBits: Int, bias: Int) -> Float {
    let fraction = Float(bits & (1 << fractionBits - 1)) / Float(1 << fractionBits)
    let exponent = Int(bits & 0x7F) >> fractionBits
    let magnitude =
      exponent == 0
      ? Float(sign: .plus, exponent: 1 - bias, significand: fraction)
      : Float(sign: .plus, exponent: exponent - bias, significand: 1 + fraction)
    return bits & 0x80 == 0 ? magnitude : -magnitude
  }
}
