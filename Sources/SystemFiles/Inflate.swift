import CZlib

/// Decompresses a whole gzip member or zlib stream held in memory.
/// - Returns: `nil` if the bytes are not intact or hold more than `limit` bytes. No more than these are taken.
package func inflated(_ compressed: UnsafeBufferPointer<UInt8>, limit: Int) -> [UInt8]? {
  guard let base = compressed.baseAddress, let available = UInt32(exactly: compressed.count) else {
    return nil
  }
  var stream = z_stream()
  let anyContainer: Int32 = 15 + 32
  let size = Int32(MemoryLayout<z_stream>.size)
  guard inflateInit2_(&stream, anyContainer, ZLIB_VERSION, size) == Z_OK else { return nil }
  defer { inflateEnd(&stream) }
  // zlib declares its input as mutable but only reads it.
  stream.next_in = UnsafeMutablePointer(mutating: base)
  stream.avail_in = available

  var result: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let (status, produced) = block.withUnsafeMutableBufferPointer { buffer in
      stream.next_out = buffer.baseAddress
      stream.avail_out = UInt32(buffer.count)
      let status = inflate(&stream, Z_NO_FLUSH)
      return (status, buffer.count - Int(stream.avail_out))
    }
    guard status == Z_OK || status == Z_STREAM_END, result.count + produced <= limit else { return nil }
    result.append(contentsOf: block[..<produced])
    if status == Z_STREAM_END { return result }
  }
}
