import FoundationEssentials
import SystemFiles

/// A `*.safetensors.index.json`, which says in which file of its folder each tensor lies.
struct ShardIndex {
  let path: String
  /// File names by tensor name.
  let fileNames: [String: String]

  /// - Throws: `WeightsError` if the index is malformed, or names anything but a file beside it.
  init(path: String) throws {
    let text = try ByteSource(path: path).text()
    self.path = path
    do {
      fileNames = try Self.parse(text)
    } catch let failure as SyntaxError {
      throw WeightsError(.malformed, file: path, "\(failure)")
    }
  }

  private static func parse(_ text: [UInt8]) throws -> [String: String] {
    var scanner = JSONScanner(text)
    var files: [String: String]?
    try scanner.object { scanner, key in
      guard key == "weight_map" else { return try scanner.skipValue() }
      guard files == nil else { throw scanner.failure("weight_map given twice") }
      var map: [String: String] = [:]
      try scanner.object { scanner, tensor in
        let file = try scanner.string(atMost: JSONScanner.longestKey)
        guard isPlain(file) else {
          throw scanner.failure(
            "tensor '\(tensor)' in '\(file)'; expected the plain name of a .safetensors file")
        }
        guard map.updateValue(file, forKey: tensor) == nil else {
          throw scanner.failure("tensor '\(tensor)' given twice")
        }
        guard map.count <= Safetensors.mostTensors else {
          throw scanner.failure("more than \(Safetensors.mostTensors) tensors")
        }
      }
      files = map
    }
    try scanner.end()
    guard let files, !files.isEmpty else { throw scanner.failure("no weight_map") }
    return files
  }

  /// Letters, digits and `._-`, not beginning with a point.
  private static func isPlain(_ name: String) -> Bool {
    name.hasSuffix(".safetensors") && !name.hasPrefix(".")
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// The files, links resolved.
  /// - Throws: `WeightsError` if one is missing, or a link leads away. A download cache links
  ///   index and shards alike to one other folder, and that is allowed.
  func paths() throws -> [String: String] {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    let allowed = [try resolve(folder.path), parent(try resolve(path))]
    var paths: [String: String] = [:]
    for name in Set(fileNames.values) {
      let resolved = try resolve(folder.appendingPathComponent(name).path)
      guard allowed.contains(parent(resolved)) else {
        throw WeightsError(
          .malformed, file: path, "'\(name)' is a link out of the folder, to \(resolved)")
      }
      paths[name] = resolved
    }
    return paths
  }

  /// Every tensor must be in its file, and every tensor of the files in the index.
  func check(_ files: [String: Safetensors]) throws {
    for (tensor, name) in fileNames where files[name]?.tensors[tensor] == nil {
      throw WeightsError(.malformed, file: path, tensor: tensor, "is not in \(name), where the index has it")
    }
    for (name, file) in files {
      for tensor in file.tensors.keys where fileNames[tensor] != name {
        throw WeightsError(
          .malformed, file: path, tensor: tensor,
          "is in \(name), but the index has it \(fileNames[tensor].map { "in \($0)" } ?? "nowhere")")
      }
    }
  }

  private func parent(_ path: String) -> String {
    URL(fileURLWithPath: path).deletingLastPathComponent().path
  }
}

/// The path without links.
private func resolve(_ path: String) throws -> String {
  guard let resolved = Paths.resolved(path) else {
    throw WeightsError(.unreadable, file: path, "cannot be opened: \(systemReason())")
  }
  return resolved
}
