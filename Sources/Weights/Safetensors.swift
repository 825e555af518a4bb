import Graph
import SystemFiles

/// One file in the safetensors format: named tensors, row-major and little-endian, behind a JSON
/// header. Everything the header says is checked when it is opened; numbers are read when asked for.
///
/// Format: https://github.com/huggingface/safetensors#format. Stricter than the reference reader
/// in that names and metadata keys must be unique, and the limits below hold.
package struct Safetensors: Sendable {
  package struct StoredTensor: Sendable, Hashable {
    package let dtype: DType
    package let shape: Shape
    /// Where the elements lie in the file.
    package let bytes: Range<Int>
  }

  package static let largestHeader = 100_000_000
  package static let mostTensors = 1_000_000
  package static let highestRank = 8

  package let source: ByteSource
  package let tensors: [String: StoredTensor]
  package let metadata: [String: String]

  package init(path: String) throws { try self.init(ByteSource(path: path)) }

  /// - Throws: `WeightsError` that names the file and the byte or tensor at fault.
  package init(_ source: ByteSource) throws {
    do {
      try self.init(checking: source)
    } catch let error as WeightsError where error.kind == .malformed {
      guard let problem = FileSignature.problem(source) else { throw error }
      throw WeightsError(.malformed, file: source.name, problem)
    }
  }

  private init(checking source: ByteSource) throws {
    let header = try Self.readHeader(source)
    var parser = SafetensorsHeader(data: (8 + header.count)..<source.count)
    do {
      try parser.parse(header)
    } catch let failure as SyntaxError {
      throw WeightsError(
        .malformed, file: source.name, "header, byte \(8 + failure.position): \(failure.message)")
    } catch let failure as SafetensorsHeader.HeaderError {
      throw WeightsError(.malformed, file: source.name, tensor: failure.tensor, failure.message)
    }
    self.source = source
    metadata = parser.metadata
    tensors = parser.tensors
  }

  /// What training programs put before all names of a checkpoint; mostly nothing.
  var wrapper: String {
    ["state_dict.", "module.", "model.state_dict.", "params_ema.", "params."].first { wrapper in
      !tensors.isEmpty && tensors.keys.allSatisfy { $0.hasPrefix(wrapper) }
    } ?? ""
  }

  private static func readHeader(_ source: ByteSource) throws -> [UInt8] {
    guard source.count >= 8 else {
      throw WeightsError(
        .malformed, file: source.name,
        "is \(source.count) bytes long; a safetensors file has at least 8 and a header")
    }
    let size = try read(8, at: 0, from: source).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard size <= UInt64(largestHeader), size <= UInt64(source.count - 8) else {
      if size <= UInt64(largestHeader), FileSignature.isSafetensors(source) {
        throw WeightsError(
          .malformed, file: source.name,
          "is cut off: \(source.count) bytes of its header's \(8 + size) are there; download it again")
      }
      throw WeightsError(
        .malformed, file: source.name,
        "byte 0: a header of \(size) bytes, but at most \(min(largestHeader, source.count - 8)) can follow "
          + "(is this a safetensors file, and whole?)")
    }
    return try read(Int(size), at: 8, from: source)
  }

  private static func read(_ count: Int, at offset: Int, from source: ByteSource) throws -> [UInt8] {
    // With nothing to hold, the initializer would write to the empty array that all threads share.
    guard count > 0 else { return [] }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      try source.read(
        at: offset, into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count))
      initialized = count
    }
  }
}
