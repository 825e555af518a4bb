import Graph
import SystemFiles

/// Numbers that stored weights are multiplied by: models with weights of 8 bits keep them beside each weight, one for
/// all of its numbers or one for each row, as `X.scale_weight` (ComfyUI) or `X.weight_scale` (compressed-tensors).
struct WeightScale: Sendable {
  /// One, or as many as rows.
  let values: [Float]
  let rowLength: Int

  /// Tells scales apart.
  var fingerprint: String {
    var fingerprint = Fingerprint()
    for value in values + [Float(rowLength)] {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { fingerprint.add($0) }
    }
    return "\(values.count) scales \(fingerprint.text)"
  }

  /// Multiplies the elements of a range of the weight, which `numbers` holds.
  func multiply(_ numbers: UnsafeMutableBufferPointer<Float>, from first: Int) {
    guard values.count > 1 else { return multiply(numbers, by: values[0]) }
    var done = 0
    while done < numbers.count {
      let row = (first + done) / rowLength
      let count = min((row + 1) * rowLength - first - done, numbers.count - done)
      multiply(UnsafeMutableBufferPointer(rebasing: numbers[done..<(done + count)]), by: values[row])
      done += count
    }
  }

  private func multiply(_ numbers: UnsafeMutableBufferPointer<Float>, by factor: Float) {
    for index in numbers.indices { numbers[index] *= factor }
  }
}

extension WeightScale {
  private static let suffixes = [".scale_weight", ".weight_scale"]

  /// The scale of each weight that has one.
  /// - Parameter tensors: by our name. Scales are taken out, as is what says how the weights were packed.
  /// - Throws: `WeightsError` naming the tensor, if one cannot be applied.
  static func take(from tensors: inout [String: Checkpoint.LocatedTensor]) throws -> [String: WeightScale] {
    var scales: [String: WeightScale] = [:]
    for (name, tensor) in tensors {
      if name.hasSuffix(".comfy_quant") {
        try checkFormat(tensor)
        tensors[name] = nil
      }
      guard let suffix = suffixes.first(where: name.hasSuffix) else { continue }
      let weight = "\(name.dropLast(suffix.count)).weight"
      guard let scaled = tensors[weight] else {
        throw tensor.error(.malformed, "is a scale, and there is no '\(weight)' beside it")
      }
      let scale = try WeightScale(tensor, of: scaled)
      guard scales.updateValue(scale, forKey: weight) == nil else {
        throw tensor.error(.malformed, "is a second scale of the same weight")
      }
      tensors[name] = nil
    }
    return scales
  }

  private init(_ tensor: Checkpoint.LocatedTensor, of weight: Checkpoint.LocatedTensor) throws {
    let (count, rows) = (tensor.shape.count, weight.shape.dimensions.first ?? 1)
    let isOfRows = tensor.shape.dimensions.first == rows && count == rows
    guard count == 1 || isOfRows else {
      throw tensor.error(
        .unsupported,
        "is a scale of shape \(tensor.shape) for weights of shape \(weight.shape); expected one number, or one a row"
      )
    }
    var values = [Float](repeating: 0, count: count)
    try values.withUnsafeMutableBufferPointer { try tensor.read(0..<count, into: $0) }
    guard values.allSatisfy(\.isFinite) else {
      throw tensor.error(.malformed, "is a scale that is not finite")
    }
    (self.values, rowLength) = (values, max(weight.shape.count / max(rows, 1), 1))
  }

  /// ComfyUI says in a JSON text beside a weight how it is packed. Floats of 8 bits need nothing but their scale.
  private static func checkFormat(_ tensor: Checkpoint.LocatedTensor) throws {
    var text = [Float](repeating: 0, count: min(tensor.shape.count, 4096))
    try text.withUnsafeMutableBufferPointer { try tensor.read(0..<$0.count, into: $0) }
    let fields = try? JSONValue(text.map { UInt8(exactly: $0) ?? 0 }).fields
    guard case .text(let format) = fields?["format"], format.hasPrefix("float8_") else {
      throw tensor.error(
        .unsupported,
        "says that the weight is packed otherwise than in floats of 8 bits; choose the float16 file of the model"
      )
    }
  }
}

extension Checkpoint.LocatedTensor {
  /// Reads elements as float32, without scale.
  func read(_ elements: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>) throws {
    try file.read(stored, named: storedName, elements: elements, into: destination)
  }

  func error(_ kind: WeightsError.Kind, _ reason: String) -> WeightsError {
    WeightsError(kind, file: path, tensor: storedName, reason)
  }
}
