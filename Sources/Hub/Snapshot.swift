import FoundationEssentials
import Weights

/// A model in a snapshot of the cache, or what there is of it.
package struct Snapshot: Sendable, Equatable {
  package let repository: RepositoryName
  package let commit: String
  /// The folder of diffusers' layout, or the one safetensors file.
  package let path: String
  /// Files that the model needs and that are not there.
  package let missing: [String]
  /// Safetensors files, relative, if there are several and nothing says which is the model.
  package let choices: [String]

  package var isComplete: Bool { missing.isEmpty && choices.isEmpty }
}

extension HubCache {
  /// Looks at a snapshot, whoever has put it there.
  package func look(_ commit: String, _ repository: RepositoryName) -> Snapshot {
    let folder = snapshot(commit, repository)
    func made(_ path: String, missing: [String] = [], choices: [String] = []) -> Snapshot {
      Snapshot(repository: repository, commit: commit, path: path, missing: missing, choices: choices)
    }
    if let index = Files.text("\(folder)/\(Selection.index)", limit: 1 << 20) {
      return made(folder, missing: Self.missing(folder, index: index))
    }
    let files = Files.tree(folder).filter {
      $0.hasSuffix(".safetensors") && Files.size("\(folder)/\($0)") != nil
    }
    // Parts of diffusers' layout are no models by themselves.
    if files.contains(where: { ModelPart(rawValue: String($0.prefix { $0 != "/" })) != nil }) {
      return made(folder, missing: [Selection.index])
    }
    switch files.count {
    case 0: return made(folder, missing: ["\(Selection.index) or a .safetensors file"])
    case 1: return made("\(folder)/\(files[0])")
    default: return made(folder, choices: files)
    }
  }

  /// What a folder lacks of the parts that its `model_index.json` names.
  private static func missing(_ folder: String, index: String) -> [String] {
    guard let parts = try? JSONDecoder().decode([String: Part].self, from: Data(index.utf8)) else {
      return ["\(Selection.index) that can be read"]
    }
    func isThere(_ name: String) -> Bool { Files.size("\(folder)/\(name)") != nil }
    var missing: [String] = []
    for name in parts.filter({ $0.value.isUsed }).keys.sorted() {
      let scheduler = "\(name)/\(ModelFolder.schedulerFile)"
      if ModelFolder.schedulers.contains(name), !isThere(scheduler) { missing.append(scheduler) }
      guard let part = ModelPart(rawValue: name), ModelPart.drawing.contains(part) else { continue }
      missing += missingFiles(of: part, in: folder)
    }
    return missing
  }

  /// What a snapshot lacks of a safety checker.
  static func missingOfSafetyChecker(in folder: String) -> [String] {
    let preprocessor = ModelFolder.preprocessorFile
    return (Files.size("\(folder)/\(preprocessor)") == nil ? [preprocessor] : [])
      + missingFiles(of: .safetyChecker, in: folder)
  }

  private static func missingFiles(of part: ModelPart, in folder: String) -> [String] {
    let name = part.rawValue
    let configuration = "\(name)/config.json"
    return (Files.size("\(folder)/\(configuration)") == nil ? [configuration] : [])
      + missingWeights("\(folder)/\(name)", part.fileStem).map { "\(name)/\($0)" }
  }

  /// The first of a network's files that are there counts, in the order in which they are read.
  private static func missingWeights(_ folder: String, _ stem: String) -> [String] {
    for variant in ["", ".fp16"] {
      if Files.size("\(folder)/\(stem)\(variant).safetensors") != nil { return [] }
      let index = "\(stem).safetensors.index\(variant).json"
      guard let text = Files.text("\(folder)/\(index)", limit: 100_000_000) else { continue }
      guard let map = try? JSONDecoder().decode(ShardMap.self, from: Data(text.utf8)) else { return [index] }
      return Set(map.files.values).sorted().filter { Files.size("\(folder)/\($0)") == nil }
    }
    return ["\(stem).safetensors"]
  }
}

/// A value of `model_index.json`: a library and a class for a part, or something else.
private struct Part: Decodable {
  let isUsed: Bool

  init(from decoder: any Decoder) throws {
    let names = try? decoder.singleValueContainer().decode([String?].self)
    isUsed = names?.contains { $0 != nil } ?? false
  }
}

private struct ShardMap: Decodable {
  enum CodingKeys: String, CodingKey { case files = "weight_map" }

  /// File names by tensor name.
  let files: [String: String]
}
