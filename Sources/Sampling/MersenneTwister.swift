/// MT19937 with 32-bit outputs (Matsumoto and Nishimura, 1998), the engine of torch's CPU generator.
struct MersenneTwister: Sendable {
  private static let length = 624
  private static let shift = 397

  private var state: [UInt32]
  private var position = MersenneTwister.length

  init(seed: UInt32) {
    state = [UInt32](repeating: seed, count: Self.length)
    for index in 1..<Self.length {
      let previous = state[index - 1]
      state[index] = 1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(index)
    }
  }

  /// The next 32 random bits.
  mutating func next() -> UInt32 {
    if position == Self.length {
      state.withUnsafeMutableBufferPointer(Self.regenerate)
      position = 0
    }
    var bits = state[position]
    position += 1
    bits ^= bits >> 11
    bits ^= (bits << 7) & 0x9d2c_5680
    bits ^= (bits << 15) & 0xefc6_0000
    return bits ^ (bits >> 18)
  }

  private static func regenerate(_ state: inout UnsafeMutableBufferPointer<UInt32>) {
    for index in 0..<length {
      let joined =
        (state[index] & 0x8000_0000) | (state[index + 1 == length ? 0 : index + 1] & 0x7fff_ffff)
      let far = index + shift < length ? index + shift : index + shift - length
      state[index] = state[far] ^ (joined >> 1) ^ (joined & 1 == 0 ? 0 : 0x9908_b0df)
    }
  }
}
