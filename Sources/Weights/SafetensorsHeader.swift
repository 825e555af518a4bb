import Graph
import SystemFiles

/// The JSON text at the head of a safetensors file, checked against the size of the data behind it.
struct SafetensorsHeader {
  struct HeaderError: Error {
    let tensor: String?
    let message: String
  }

  /// Where the data is in the file.
  let data: Range<Int>
  private(set) var tensors: [String: Safetensors.StoredTensor] = [:]
  private(set) var metadata: [String: String] = [:]

  init(data: Range<Int>) { self.data = data }

  mutating func parse(_ text: [UInt8]) throws {
    var scanner = JSONScanner(text)
    var hasMetadata = false
    try scanner.object { scanner, name in
      if name == "__metadata__" {
        if hasMetadata { throw scanner.failure("__metadata__ given twice") }
        hasMetadata = true
        try parseMetadata(&scanner)
      } else {
        try add(name, fields(of: name, &scanner), at: scanner)
      }
    }
    try scanner.end()
    try checkTiling()
  }

  private mutating func parseMetadata(_ scanner: inout JSONScanner) throws {
    if try scanner.null() { return }
    try scanner.object { scanner, key in
      if try metadata.updateValue(scanner.string(), forKey: key) != nil {
        throw scanner.failure("metadata key '\(key)' given twice")
      }
    }
  }

  private mutating func add(_ name: String, _ tensor: Safetensors.StoredTensor, at scanner: JSONScanner)
    throws
  {
    guard tensors.updateValue(tensor, forKey: name) == nil else {
      throw scanner.failure("tensor '\(name)' given twice")
    }
    guard tensors.count <= Safetensors.mostTensors else {
      throw scanner.failure("more than \(Safetensors.mostTensors) tensors")
    }
  }

  // MARK: - One tensor

  private func fields(of name: String, _ scanner: inout JSONScanner) throws -> Safetensors.StoredTensor {
    var dtype: DType?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.object { scanner, field in
      switch field {
      case "dtype" where dtype == nil:
        let word = try scanner.string(atMost: JSONScanner.longestKey)
        dtype = DType(rawValue: word)
        if dtype == nil { throw scanner.failure("unknown dtype '\(word)'") }
      case "shape" where shape == nil:
        shape = try integers(&scanner, atMost: Safetensors.highestRank, "axes")
      case "data_offsets" where offsets == nil:
        offsets = try integers(&scanner, atMost: 2, "data offsets")
      case "dtype", "shape", "data_offsets":
        throw scanner.failure("'\(field)' given twice for one tensor")
      default: try scanner.skipValue()
      }
    }
    guard let dtype else { throw scanner.failure("tensor '\(name)' without dtype") }
    guard let shape else { throw scanner.failure("tensor '\(name)' without shape") }
    guard let offsets, offsets.count == 2 else {
      throw scanner.failure("tensor '\(name)' without two data_offsets")
    }
    let bytes = try range(of: name, dtype, shape, offsets)
    return Safetensors.StoredTensor(dtype: dtype, shape: Shape(shape), bytes: bytes)
  }

  private func integers(_ scanner: inout JSONScanner, atMost limit: Int, _ what: String) throws -> [Int] {
    var values: [Int] = []
    try scanner.array { scanner in
      guard values.count < limit else { throw scanner.failure("more than \(limit) \(what)") }
      guard let value = Int(exactly: try scanner.unsigned()) else {
        throw scanner.failure("a number larger than 63 bits")
      }
      values.append(value)
    }
    return values
  }

  /// Checks the offsets against the size that dtype and shape need.
  private func range(of name: String, _ dtype: DType, _ shape: [Int], _ offsets: [Int]) throws -> Range<Int> {
    let (begin, end) = (offsets[0], offsets[1])
    guard begin <= end, !data.lowerBound.addingReportingOverflow(end).overflow else {
      throw HeaderError(tensor: name, message: "data_offsets \(offsets) are not a range")
    }
    guard let size = byteCount(of: shape, dtype) else {
      throw HeaderError(tensor: name, message: "\(dtype.rawValue) \(shape) is not a whole number of bytes")
    }
    guard size == end - begin else {
      throw HeaderError(
        tensor: name,
        message:
          "\(dtype.rawValue) \(shape) takes \(size) bytes, but data_offsets \(offsets) hold \(end - begin)")
    }
    return (data.lowerBound + begin)..<(data.lowerBound + end)
  }

  // MARK: - All tensors

  /// The tensors must cover the data without hole or overlap.
  private func checkTiling() throws {
    let ranges = tensors.values.map(\.bytes).sorted {
      ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound)
    }
    var expected = data.lowerBound
    for range in ranges {
      guard range.lowerBound == expected else {
        throw HeaderError(
          tensor: tensors.first { $0.value.bytes == range }?.key,
          message: "begins at byte \(range.lowerBound - data.lowerBound) of the data, expected "
            + "\(expected - data.lowerBound): "
            + (range.lowerBound < expected ? "tensors overlap" : "bytes belong to no tensor"))
      }
      expected = range.upperBound
    }
    guard expected <= data.upperBound else {
      throw HeaderError(
        tensor: nil,
        message: "is cut off: \(data.upperBound) of \(expected) bytes are there; download it again")
    }
    guard expected == data.upperBound else {
      throw HeaderError(
        tensor: nil,
        message: "its tensors take \(expected - data.lowerBound) bytes of data, but there are \(data.count)")
    }
  }
}

/// Bytes of a tensor; nil if they cannot be counted, or if its last byte would not be full.
/// Axes of extent 0 do not hide an overflow of the others.
func byteCount(of shape: [Int], _ dtype: DType) -> Int? {
  var bits = dtype.bits
  for extent in shape {
    let (product, overflow) = bits.multipliedReportingOverflow(by: max(extent, 1))
    if overflow { return nil }
    bits = product
  }
  if shape.contains(0) { return 0 }
  return bits % 8 == 0 ? bits / 8 : nil
}
