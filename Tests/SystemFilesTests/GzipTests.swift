import SystemFiles
import Testing

@Suite struct GzipTests {
  @Test(arguments: [0, 1, 70_000]) func whatIsCompressedComesBack(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 251) }
    let small = gzipped(bytes)
    #expect(small.withUnsafeBufferPointer { inflated($0, limit: 1 << 20) } == bytes)
    #expect(small == gzipped(bytes) && small.count < max(64, count / 10))
  }
}
