/// NumPy's `SeedSequence` (O'Neill's seed_seq_fe) with a pool of 24 words, as torchsde uses it: hashes a seed and a
/// place to seeds that have nothing visible in common.
struct SeedSequence {
  private static let poolSize = 24
  private var pool: [UInt32]

  init(entropy: UInt64, spawnKey: [UInt64]) {
    var words = Self.words(entropy)
    if !spawnKey.isEmpty {
      // So that no spawn key is taken for a longer entropy.
      words += Array(repeating: 0, count: max(Self.poolSize - words.count, 0))
      words += spawnKey.flatMap(Self.words)
    }
    pool = []
    var hash: UInt32 = 0x43b0_d7e5
    for index in 0..<Self.poolSize {
      pool.append(Self.hashed(index < words.count ? words[index] : 0, &hash))
    }
    for source in 0..<Self.poolSize {
      for target in 0..<Self.poolSize where source != target {
        pool[target] = Self.mixed(pool[target], Self.hashed(pool[source], &hash))
      }
    }
    for word in words.dropFirst(Self.poolSize) {
      for target in 0..<Self.poolSize { pool[target] = Self.mixed(pool[target], Self.hashed(word, &hash)) }
    }
  }

  /// The first word of `generate_state`, however many words are asked for.
  var firstWord: UInt32 {
    let start: UInt32 = 0x8b51_f9dd
    let step = start &* 0x58f3_8ded
    let value = (pool[0] ^ start) &* step
    return value ^ value >> 16
  }

  /// Little end first, one at least.
  private static func words(_ value: UInt64) -> [UInt32] {
    let high = UInt32(truncatingIfNeeded: value >> 32)
    return [UInt32(truncatingIfNeeded: value)] + (high == 0 ? [] : [high])
  }

  private static func hashed(_ value: UInt32, _ hash: inout UInt32) -> UInt32 {
    let mixed = value ^ hash
    hash = hash &* 0x931e_8875
    let product = mixed &* hash
    return product ^ product >> 16
  }

  private static func mixed(_ one: UInt32, _ other: UInt32) -> UInt32 {
    let result = 0xca01_f9dd &* one &- 0x4973_f715 &* other
    return result ^ result >> 16
  }
}
