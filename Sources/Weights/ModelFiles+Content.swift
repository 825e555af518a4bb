extension ModelFiles {
  /// Paths of the files that decide what the model draws, relative to its folder and in order: its weights as they
  /// are read here, and what describes them. Empty for a single file.
  /// - Throws: `WeightsError` if an index of shards cannot be read.
  package func contentPaths() throws -> [String] {
    guard let folder else { return [] }
    var paths = folder.descriptionPaths
    for file in weights {
      let name = String(file.path.dropFirst(folder.path.count + 1))
      paths.append(name)
      guard file.isIndex, let slash = name.lastIndex(of: "/") else { continue }
      paths += Set(try ShardIndex(path: file.path).fileNames.values).map { name[...slash] + $0 }
    }
    return paths.sorted(by: inByteOrder)
  }
}

extension ModelFolder {
  /// A tokenizer's files that decide how a prompt is split; others beside them are for people.
  private static let tokenizerFiles = [
    "added_tokens.json", "merges.txt", "special_tokens_map.json", "spiece.model", "tokenizer.json",
    "tokenizer_config.json", "vocab.json",
  ]

  /// Folders of noise schedules: the model's own, and that of the noise that hides a picture to enlarge.
  package static let schedulers = ["scheduler", "low_res_scheduler"]
  package static let schedulerFile = "scheduler_config.json"

  /// How the safety checker's network wants its pictures.
  package static let preprocessorFile = "feature_extractor/preprocessor_config.json"

  /// Paths of the files beside weights that decide what a model draws, in order: the configurations of its networks,
  /// its schedulers, its tokenizers.
  package var descriptionPaths: [String] {
    let configurations = ModelPart.drawing.map { "\($0.rawValue)/config.json" }
    let tokenizers = ["tokenizer", "tokenizer_2", "tokenizer_3"].flatMap { folder in
      Self.tokenizerFiles.map { "\(folder)/\($0)" }
    }
    let schedulers = Self.schedulers.map { "\($0)/\(Self.schedulerFile)" }
    let all = ["model_index.json"] + schedulers + configurations + tokenizers
    return all.filter(has).sorted(by: inByteOrder)
  }
}

/// The order of `sort` in the C locale.
private func inByteOrder(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
