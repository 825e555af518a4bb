import Glibc
import Graph

/// Writes a safetensors file tensor by tensor, so that it never needs to be in memory as a whole.
/// A reader sees the old file or the new one, never a part.
package struct SafetensorsWriter {
  package struct Tensor: Sendable, Hashable {
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

  private let path: String
  private let descriptor: Int32

  /// Writes a file.
  /// - Parameters:
  ///   - path: where; an existing file is replaced when everything is written.
  ///   - tensors: in any order; in the file they are sorted by size of dtype, then by name.
  ///   - data: called once a tensor, in the file's order; hands exactly its bytes, row-major and
  ///     little-endian, to the sink.
  /// - Throws: `WeightsError` if a tensor cannot be written or the system refuses; what `data`
  ///   throws. Nothing is left behind then.
  package static func write(
    to path: String, tensors: [Tensor], metadata: [String: String] = [:],
    data: (Tensor, Sink) throws -> Void
  ) throws {
    let sorted = tensors.sorted { (-$0.dtype.bits, $0.name) < (-$1.dtype.bits, $1.name) }
    let header = try SafetensorsWriter.header(of: sorted, metadata: metadata, path: path)
    let temporary = "\(path).\(getpid())-\(UInt32.random(in: 0...UInt32.max)).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw WeightsError(.unreadable, file: temporary, "cannot be made: \(systemReason())")
    }
    let writer = SafetensorsWriter(path: path, descriptor: descriptor)
    do {
      try writer.writeAll(header: header, tensors: sorted, data: data)
    } catch {
      close(descriptor)
      unlink(temporary)
      throw error
    }
    guard close(descriptor) == 0, rename(temporary, path) == 0 else {
      let error = WeightsError(.unreadable, file: path, "cannot be replaced: \(systemReason())")
      unlink(temporary)
      throw error
    }
    try syncFolder(of: path)
  }

  private func writeAll(
    header: [UInt8], tensors: [Tensor], data: (Tensor, Sink) throws -> Void
  ) throws {
    try header.withUnsafeBytes(write)
    for tensor in tensors {
      var rest = byteCount(of: tensor.shape.dimensions, tensor.dtype) ?? 0
      try data(tensor) { bytes in
        rest -= bytes.count
        guard rest >= 0 else {
          throw WeightsError(.malformed, file: path, tensor: tensor.name, "given \(-rest) bytes too many")
        }
        try write(bytes)
      }
      guard rest == 0 else {
        throw WeightsError(.malformed, file: path, tensor: tensor.name, "given \(rest) bytes too few")
      }
    }
    guard fsync(descriptor) == 0 else {
      throw WeightsError(.unreadable, file: path, "cannot be written: \(systemReason())")
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw WeightsError(.unreadable, file: path, "cannot be written: \(systemReason())")
      }
      done += written
    }
  }

  /// Makes the new name itself survive a loss of power.
  private static func syncFolder(of path: String) throws {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { String(path[...$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, fsync(descriptor) == 0 else {
      throw WeightsError(.unreadable, file: folder, "cannot be synchronised: \(systemReason())")
    }
  }
}
