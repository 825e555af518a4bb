/// A number that tells bytes apart, by FNV-1a with 64 bits (Fowler, Noll, Vo): enough to notice a change, no protection
/// against a forged one.
package struct Fingerprint {
  package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  package init() {}

  package mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }

  /// In hexadecimal, without zeros in front.
  package var text: String { String(value, radix: 16) }
}
