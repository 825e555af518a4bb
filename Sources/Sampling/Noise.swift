/// A sequence of standard normal numbers. Samplers take one as `inout any NoiseSource`.
package protocol NoiseSource: Sendable {
  /// Fills the whole buffer, in order, and moves on: the starting noise.
  ///
  /// The buffer is one batch of latents. How the numbers depend on the seams between calls is the source's own
  /// rule: torch's generator, for one, gives 15 and 16 numbers of one seed nothing in common.
  mutating func fill(_ values: UnsafeMutableBufferPointer<Float>)

  /// The noise on the way from one level to another, given as sigma over alpha; simply the next numbers, unless the
  /// source is one that knows levels.
  mutating func fill(_ values: UnsafeMutableBufferPointer<Float>, from: Double, to: Double)

  /// Fills the buffer with noise for what all pictures begin with, such as an encoded picture: pictures that share a
  /// generator get the same numbers, which are drawn once.
  mutating func fillAlike(_ values: UnsafeMutableBufferPointer<Float>)
}

extension NoiseSource {
  package mutating func fill(_ values: UnsafeMutableBufferPointer<Float>, from: Double, to: Double) {
    fill(values)
  }

  package mutating func fillAlike(_ values: UnsafeMutableBufferPointer<Float>) { fill(values) }

  package mutating func fillAlike(_ latents: inout Latents) { write(&latents) { $0.fillAlike($1) } }

  package mutating func fill(_ latents: inout Latents) { write(&latents) { $0.fill($1) } }

  package mutating func fill(_ latents: inout Latents, from: Double, to: Double) {
    write(&latents) { $0.fill($1, from: from, to: to) }
  }

  /// Generators make floats, latents hold doubles.
  private mutating func write(
    _ latents: inout Latents, _ draw: (inout Self, UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    latents.values.withUnsafeMutableBufferPointer { values in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: values.count) { floats in
        floats.initialize(repeating: 0)
        draw(&self, floats)
        for index in values.indices { values[index] = Double(floats[index]) }
      }
    }
  }
}

/// `torch.randn(…, generator=torch.Generator("cpu").manual_seed(seed))` for contiguous float32, within 1e-6.
///
/// Compared with torch 2.13, for long, short and uneven lengths. The logarithm, sine and cosine
/// are our own, so the numbers are the same to the bit on every machine, unlike torch's.
package struct TorchNoise: NoiseSource {
  private static let block = 16

  private var engine: MersenneTwister
  /// The second number of a scalar pair; it survives long draws between short ones, as in torch.
  private var cached: Double?

  /// Only the low 32 bits of the seed matter.
  package init(seed: UInt64) { engine = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed)) }

  package mutating func fill(_ values: UnsafeMutableBufferPointer<Float>) {
    guard values.count >= Self.block else {
      for index in values.indices { values[index] = Float(nextScalar()) }
      return
    }
    fillUniform(values)
    var start = 0
    while start + Self.block <= values.count {
      Self.makeNormal(UnsafeMutableBufferPointer(rebasing: values[start..<start + Self.block]))
      start += Self.block
    }
    if start < values.count {
      // An incomplete block: the last 16 numbers are drawn afresh, over those already finished.
      let last = UnsafeMutableBufferPointer(rebasing: values[(values.count - Self.block)...])
      fillUniform(last)
      Self.makeNormal(last)
    }
  }

  /// Uniform in [0, 1) with 24 bits, one draw each.
  private mutating func fillUniform(_ values: UnsafeMutableBufferPointer<Float>) {
    for index in values.indices { values[index] = Float(engine.next() & 0xff_ffff) * 0x1p-24 }
  }

  /// Box and Muller's transform of 16 uniform numbers: the first eight give radii, the others angles.
  private static func makeNormal(_ values: UnsafeMutableBufferPointer<Float>) {
    for index in 0..<block / 2 {
      let radius = (-2 * FixedMath.log(Double(1 - values[index]))).squareRoot()
      // Rounded to float32, as torch does: the error shows. (`Float.pi` is rounded down, so not it.)
      let angle = Float(2 * Double.pi) * values[index + block / 2]
      let (sine, cosine) = FixedMath.sineAndCosine(Double(angle))
      values[index] = Float(radius * cosine)
      values[index + block / 2] = Float(radius * sine)
    }
  }

  /// The path for fewer than 16 numbers: double precision, two draws of 53 bits a pair.
  private mutating func nextScalar() -> Double {
    if let second = cached {
      cached = nil
      return second
    }
    let (first, second) = (nextUniform53(), nextUniform53())
    // 1 - second is exact: both are multiples of 2^-53.
    let radius = (-2 * FixedMath.log(1 - second)).squareRoot()
    let (sine, cosine) = FixedMath.sineAndCosine(2 * Double.pi * first)
    cached = radius * sine
    return radius * cosine
  }

  private mutating func nextUniform53() -> Double {
    let high = UInt64(engine.next())
    let bits = high << 32 | UInt64(engine.next())
    return Double(bits & 0x1f_ffff_ffff_ffff) * 0x1p-53
  }
}
