import Graph
import SystemFiles

extension SafetensorsWriter {
  /// The eight bytes of length and the JSON text, padded with spaces so that the data is aligned.
  static func header(of tensors: [WrittenTensor], metadata: [String: String], path: String) throws -> [UInt8]
  {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var names: Set = ["__metadata__"]
    var offset = 0
    for tensor in tensors {
      guard tensor.name.utf8.count <= JSONScanner.longestKey, names.insert(tensor.name).inserted else {
        throw WeightsError(
          .malformed, file: path, tensor: tensor.name,
          "cannot be written twice, or under a name that is reserved or longer than \(JSONScanner.longestKey) bytes"
        )
      }
      guard tensor.shape.rank <= Safetensors.highestRank,
        let size = byteCount(of: tensor.shape.dimensions, tensor.dtype),
        case (let end, false) = offset.addingReportingOverflow(size)
      else {
        throw WeightsError(
          .malformed, file: path, tensor: tensor.name,
          "\(tensor.dtype.rawValue) \(tensor.shape) cannot be written: more than \(Safetensors.highestRank) axes, "
            + "or not a whole number of bytes")
      }
      let shape = tensor.shape.dimensions.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    guard text.count <= Safetensors.largestHeader, tensors.count <= Safetensors.mostTensors else {
      throw WeightsError(.malformed, file: path, "too many tensors for one file: \(tensors.count)")
    }
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
