import Graph

extension Safetensors {
  /// Small enough to stay in the second-level cache between reading and converting.
  private static let chunk = 256 * 1024

  /// Writes elements of a tensor of this file as float32.
  /// - Parameters:
  ///   - name: how errors call the tensor.
  ///   - elements: the range of elements to read, within the tensor.
  ///   - destination: exactly `elements.count` floats.
  /// - Throws: `WeightsError` if the dtype has no conversion, or the file cannot be read.
  package func read(
    _ tensor: StoredTensor, named name: String, elements: Range<Int>,
    into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    precondition(
      elements.lowerBound >= 0 && elements.upperBound <= tensor.shape.count
        && elements.count == destination.count, "elements \(elements) of '\(name)' \(tensor.shape)")
    guard tensor.dtype.convertsToFloat else {
      throw WeightsError(
        .unsupported, file: source.name, tensor: name,
        "dtype \(tensor.dtype.rawValue) cannot be used as weights; expected F32, F16, BF16, F64, F8_E4M3, "
          + "F8_E5M2, BOOL or integers")
    }
    guard let base = destination.baseAddress, !elements.isEmpty else { return }
    let width = tensor.dtype.bits / 8
    let start = tensor.bytes.lowerBound + elements.lowerBound * width
    if tensor.dtype == .float32 {
      return try source.read(at: start, into: UnsafeMutableRawBufferPointer(destination))
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(Self.chunk, elements.count * width), alignment: 64)
    defer { buffer.deallocate() }
    var done = 0
    while done < elements.count {
      let count = min(buffer.count / width, elements.count - done)
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(count * width)])
      try source.read(at: start + done * width, into: part)
      tensor.dtype.convert(UnsafeRawBufferPointer(part), to: base + done, count: count)
      done += count
    }
  }
}
