import Graph

extension Checkpoint {
  /// Refuses tensors that change what a network computes and that nobody has asked for: beside a parameter that is
  /// used, such as a low-rank difference, or in a block that is used, such as a layer of motion. A network without them
  /// would draw another picture.
  ///
  /// To be called after the networks have asked for all of theirs. Tensors without elements are marks. Blocks of a
  /// higher number than those in use are left out as other programs leave them out.
  /// - Parameter paths: what the networks' names begin with, ended by a dot.
  /// - Throws: `WeightsError` naming the first.
  package func refuseStrangers(in paths: [String]) throws {
    var used: Set<String> = []
    for name in asked {
      var path = Substring(name)
      while let dot = path.lastIndex(of: ".") {
        path = path[..<dot]
        if !used.insert(String(path)).inserted { break }
      }
    }
    let strangers = names.filter { name in
      guard !asked.contains(name), paths.contains(where: name.hasPrefix), tensor(name)?.shape.count != 0
      else {
        return false
      }
      var path = ""
      let first = components(name).first { word in
        path += path.isEmpty ? word : "." + word
        return !used.contains(path)
      }
      return first.map { Int($0) == nil } ?? false
    }
    // In a denoiser of a single file, what no layout has a name for.
    let nameless = unknown.filter { name, tensor in
      name.hasPrefix("model.diffusion_model.") && tensor.shape.count != 0 && paths.contains("unet.")
    }
    let found = strangers.compactMap(tensor) + nameless.sorted { $0.key < $1.key }.map { $0.value }
    guard let first = found.first else { return }
    let others = found.count > 1 ? " (nor are \(found.count - 1) others)" : ""
    throw first.error(
      .unsupported,
      "changes what the network computes, and is not read here\(others): the picture would be another; choose the plain "
        + "checkpoint of the model")
  }

  /// The first tensor that the networks read and that holds a number which is none; nil if all are finite. Reads all.
  /// - Throws: `WeightsError`.
  package func firstNonFinite() throws -> WeightsError? {
    var buffer = [Float](repeating: 0, count: 1 << 18)
    for name in asked.sorted() {
      guard let tensor = tensor(name) else { continue }
      for start in stride(from: 0, to: tensor.shape.count, by: buffer.count) {
        let count = min(buffer.count, tensor.shape.count - start)
        let bad = try buffer.withUnsafeMutableBufferPointer { buffer in
          let part = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
          try read(name, elements: start..<(start + count), into: part)
          return part.firstIndex { !$0.isFinite }
        }
        if let bad {
          return tensor.error(
            .malformed,
            "holds \(buffer[bad]) at element \(start + bad) of \(tensor.shape): the file is damaged, or its "
              + "training has failed; download it again, or choose another")
        }
      }
    }
    return nil
  }
}
