/// A sequence of standard normal numbers. Samplers take one as `inout any NoiseSource`.
package protocol NoiseSource: Sendable {
  /// Fills the whole buffer, in order, and moves on; must not allocate.
  ///
  /// The buffer is one batch of latents. How the numbers depend on the seams between calls is the source's own
  /// rule: torch's generator, for one, gives 15 and 16 numbers of one seed nothing in common.
  mutating func fill(_ values: UnsafeMutableBufferPointer<Float>)
}

extension NoiseSource {
  package mutating func fill(_ latents: inout Latents) {
    latents.values.withUnsafeMutableBufferPointer { fill($0) }
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

/// One generator a picture: picture k of a batch draws from `seed + k`, and so gets the noise that it would get
/// alone. The buffers it fills hold whole pictures, one after the other.
package struct BatchNoise: NoiseSource {
  private var sources: [TorchNoise]

  /// Seeds `seed`, `seed + 1`, …; beyond 2^64 they go on from 0.
  package init(seed: UInt64, batch: Int) {
    self.init(seeds: (0..<batch).map { seed &+ UInt64($0) })
  }

  /// One seed a picture.
  package init(seeds: [UInt64]) {
    precondition(!seeds.isEmpty, "noise for no picture")
    sources = seeds.map(TorchNoise.init(seed:))
  }

  package mutating func fill(_ values: UnsafeMutableBufferPointer<Float>) {
    let (each, rest) = values.count.quotientAndRemainder(dividingBy: sources.count)
    precondition(rest == 0, "\(values.count) values for \(sources.count) pictures")
    for index in sources.indices {
      sources[index].fill(UnsafeMutableBufferPointer(rebasing: values[index * each..<(index + 1) * each]))
    }
  }
}
