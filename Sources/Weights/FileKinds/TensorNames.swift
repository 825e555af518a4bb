import Graph

/// The names of a file's tensors, to be asked for those that tell what the file is.
struct TensorNames {
  private let tensors: [String: Safetensors.StoredTensor]
  /// By bytes.
  private let sorted: [String]
  /// What stands between the dots of all names.
  private let words: Set<Substring>

  /// Of a file, without what its wrapper puts before all of them.
  init(_ file: Safetensors) {
    let wrapper = file.wrapper.count
    self.init(
      wrapper == 0
        ? file.tensors
        : Dictionary(uniqueKeysWithValues: file.tensors.map { (String($0.key.dropFirst(wrapper)), $0.value) })
    )
  }

  init(_ tensors: [String: Safetensors.StoredTensor]) {
    self.tensors = tensors
    sorted = tensors.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    words = Set(sorted.lazy.flatMap(components))
  }

  var count: Int { sorted.count }

  func shape(_ name: String) -> Shape? { tensors[name]?.shape }

  func has(_ name: String) -> Bool { tensors[name] != nil }

  /// Whether a name begins so.
  func begins(_ prefix: String) -> Bool { first(beginning: prefix) != nil }

  /// Whether a word between two dots is one of these.
  func hasWord(_ words: String...) -> Bool { words.contains { self.words.contains(Substring($0)) } }

  /// Whether a word between two dots ends so.
  func hasWord(ending suffix: String) -> Bool { words.contains { $0.hasSuffix(suffix) } }

  /// The shape of the first tensor whose name begins and ends so.
  func shape(beginning prefix: String, ending suffix: String) -> Shape? {
    sorted.first { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.flatMap(shape)
  }

  /// Whether a network, alone or within a checkpoint, has a tensor whose name begins so.
  func hasNetwork(_ prefixes: String...) -> Bool {
    Self.networks.contains { network in prefixes.contains { begins(network + $0) } }
  }

  /// Whether every shape is one of vectors or matrices of these widths.
  func areAll(ofWidths widths: Set<Int>) -> Bool {
    tensors.values.allSatisfy { tensor in
      (1...2).contains(tensor.shape.rank) && tensor.shape.dimensions.last.map(widths.contains) == true
    }
  }

  /// What the names of a denoiser begin with, in single files and in those of one network.
  static let networks = [
    "", "model.diffusion_model.", "diffusion_model.", "unet.", "transformer.", "model.", "net.",
  ]

  private func first(beginning prefix: String) -> String? {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].utf8.lexicographicallyPrecedes(prefix.utf8) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < sorted.count && sorted[low].hasPrefix(prefix) ? sorted[low] : nil
  }
}
