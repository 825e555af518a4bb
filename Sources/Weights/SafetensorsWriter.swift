import Graph
import SystemFiles

/// Writes a safetensors file tensor by tensor, so that it never needs to be in memory as a whole.
/// A reader sees the old file or the new one, never a part.
package enum SafetensorsWriter {
  package struct WrittenTensor: Sendable, Hashable {
    package let name: String
    package let dtype: DType
    package let shape: Shape

    package init(name: String, dtype: DType, shape: Shape) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
    }
  }

  /// Takes the next bytes of a tensor, any number at a time.
  package typealias Sink = (UnsafeRawBufferPointer) throws -> Void

  /// Writes a file.
  /// - Parameters:
  ///   - path: where; an existing file is replaced when everything is written.
  ///   - tensors: in any order; in the file they are sorted by size of dtype, then by name.
  ///   - data: called once a tensor, in the file's order; hands exactly its bytes, row-major and
  ///     little-endian, to the sink.
  /// - Throws: `WeightsError` if a tensor cannot be written or the system refuses; what `data`
  ///   throws. Nothing is left behind then.
  package static func write(
    to path: String, tensors: [WrittenTensor], metadata: [String: String] = [:],
    data: (WrittenTensor, Sink) throws -> Void
  ) throws {
    let sorted = tensors.sorted { (-$0.dtype.bits, $0.name) < (-$1.dtype.bits, $1.name) }
    let header = try SafetensorsWriter.header(of: sorted, metadata: metadata, path: path)
    do {
      try AtomicFile.write(to: path) { output in
        try header.withUnsafeBytes { try output.write($0) }
        for tensor in sorted { try write(tensor, to: output, path: path, data: data) }
      }
    } catch let error as FileError {
      throw WeightsError(.unreadable, file: error.path, "cannot be written: \(error.reason)")
    }
  }

  private static func write(
    _ tensor: WrittenTensor, to output: AtomicFile.Output, path: String,
    data: (WrittenTensor, Sink) throws -> Void
  ) throws {
    var rest = byteCount(of: tensor.shape.dimensions, tensor.dtype) ?? 0
    try data(tensor) { bytes in
      rest -= bytes.count
      guard rest >= 0 else {
        throw WeightsError(.malformed, file: path, tensor: tensor.name, "given \(-rest) bytes too many")
      }
      try output.write(bytes)
    }
    guard rest == 0 else {
      throw WeightsError(.malformed, file: path, tensor: tensor.name, "given \(rest) bytes too few")
    }
  }
}
