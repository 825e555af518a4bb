/// The random numbers of CUDA's torch.randn for up to a grid's size, as A1111's web UI ("NV") and
/// stable-diffusion.cpp compute them without a GPU: Philox4x32 with ten rounds (Salmon et al., "Parallel Random
/// Numbers: As Easy as 1, 2, 3", 2011), one call of it a number, and one output of Box and Muller's transform.
///
/// In double precision, as NumPy does it there. Real CUDA computes in single precision, and differs for tensors above
/// about 100 000 numbers, depending on the GPU.
package struct PhiloxNoise: NoiseSource {
  private let seed: UInt64
  /// Number of tensors drawn so far.
  private var offset: UInt32 = 0

  package init(seed: UInt64) { self.seed = seed }

  package mutating func fill(_ values: UnsafeMutableBufferPointer<Float>) {
    for index in values.indices {
      values[index] = Self.normal(SIMD4(offset, 0, UInt32(truncatingIfNeeded: index), 0), seed)
    }
    offset &+= 1
  }

  private static func normal(_ counter: SIMD4<UInt32>, _ seed: UInt64) -> Float {
    let bits = philox(counter, seed)
    let toUnit: Float = 2.3283064e-10
    let toAngle: Float = toUnit * 6.2831855
    let uniform = Double(bits.0) * Double(toUnit) + Double(toUnit / 2)
    let angle = Double(bits.1) * Double(toAngle) + Double(toAngle / 2)
    return Float((-2 * FixedMath.log(uniform)).squareRoot() * FixedMath.sineAndCosine(angle).sine)
  }

  /// The first two of the four outputs.
  private static func philox(_ start: SIMD4<UInt32>, _ seed: UInt64) -> (UInt32, UInt32) {
    var counter = start
    var (low, high) = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    for round in 0..<10 {
      if round > 0 {
        low &+= 0x9E37_79B9
        high &+= 0xBB67_AE85
      }
      let first = counter[0].multipliedFullWidth(by: 0xD251_1F53)
      let second = counter[2].multipliedFullWidth(by: 0xCD9E_8D57)
      counter = SIMD4(
        second.high ^ counter[1] ^ low, second.low, first.high ^ counter[3] ^ high, first.low)
    }
    return (counter[0], counter[1])
  }
}
