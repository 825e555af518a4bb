import CZlib

/// Compresses bytes as far as zlib can, into a gzip member without time and name, so that the same bytes give the same.
package func gzipped(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  let gzipContainer: Int32 = 15 + 16
  let status = deflateInit2_(
    &stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzipContainer, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  precondition(status == Z_OK, "zlib compresses")
  defer { deflateEnd(&stream) }
  let most = Int(deflateBound(&stream, UInt(bytes.count)))
  return bytes.withUnsafeBufferPointer { input in
    [UInt8](unsafeUninitializedCapacity: most) { output, count in
      // zlib declares its input as mutable but only reads it.
      stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(most)
      let end = deflate(&stream, Z_FINISH)
      precondition(end == Z_STREAM_END, "deflateBound is enough")
      count = most - Int(stream.avail_out)
    }
  }
}
