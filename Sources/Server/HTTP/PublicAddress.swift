import Glibc

extension SocketAddress {
  /// Whether an address in numbers can be reached from everywhere (IANA's registries of special-purpose addresses).
  package static func isPublic(_ host: String) -> Bool {
    if let bytes = HostName.address(host, AF_INET) {
      return isPublic(bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }
    return HostName.address(host, AF_INET6).map { isPublic($0) } ?? false
  }

  private static func isPublic(_ address: UInt32) -> Bool {
    let special: [(UInt32, Int)] = [
      (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16),
      (0xAC10_0000, 12), (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24), (0xC0A8_0000, 16),
      (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24), (0xE000_0000, 3),
    ]
    return !special.contains { start, bits in (address ^ start) >> (32 - UInt32(bits)) == 0 }
  }

  /// Global addresses begin with 001; those of tunnels, which hold an IPv4 address, and of examples do too.
  private static func isPublic(_ bytes: [UInt8]) -> Bool {
    guard bytes[0] >> 5 == 1 else { return false }
    let start = UInt32(bytes[0]) << 24 | UInt32(bytes[1]) << 16 | UInt32(bytes[2]) << 8 | UInt32(bytes[3])
    let special: [(UInt32, Int)] = [
      (0x2001_0000, 23), (0x2001_0DB8, 32), (0x2002_0000, 16), (0x3FFF_0000, 20),
    ]
    return !special.contains { other, bits in (start ^ other) >> (32 - UInt32(bits)) == 0 }
  }
}
