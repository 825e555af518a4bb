import Weights

/// Which files of a repository make a model.
enum Selection {
  private static let small =
    ModelFolder.schedulers.map { ($0, [ModelFolder.schedulerFile]) }
    + ["tokenizer", "tokenizer_2", "tokenizer_3"].map { ($0, tokenizer) }
  private static let tokenizer = [
    "vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "spiece.model",
  ]
  private static let pickles = [".bin", ".ckpt", ".pt", ".pth"]
  static let index = "model_index.json"

  /// The files in the order in which they are fetched: what describes the model first, so that whoever looks at
  /// a part of it can tell what is missing.
  /// - Parameters:
  ///   - named: one file that the caller wants instead.
  ///   - safetyChecker: whether the caller wants that as well.
  /// - Throws: `HubError` that says what there is.
  static func files(
    of listing: Listing, named: String?, safetyChecker: Bool = false, _ reference: RepositoryReference
  ) throws -> [RemoteFile] {
    let files = Dictionary(uniqueKeysWithValues: listing.files.map { ($0.path, $0) })
    if safetyChecker, named != nil {
      throw HubError(.usage, "--safety-checker: goes with a whole model, not with one of its files")
    }
    let checkers = safetyChecker ? [ModelPart.safetyChecker] : []
    for file in checkers.isEmpty ? [] : [index, ModelFolder.preprocessorFile] where files[file] == nil {
      throw HubError(
        .download,
        "\(reference): no safety checker in it (\(file) is not there); pull it without --safety-checker")
    }
    if let named { return [try one(named, files, reference)] }
    guard let index = files[index] else { return [try only(listing.files, reference)] }
    var described = [index]
    var weights: [RemoteFile] = []
    for (folder, names) in small {
      described += names.compactMap { files["\(folder)/\($0)"] }
    }
    if safetyChecker { described += [files[ModelFolder.preprocessorFile]].compactMap { $0 } }
    let folders = Set(listing.files.compactMap { $0.path.split(separator: "/").first.map(String.init) })
    let parts = ModelPart.drawing.filter { folders.contains($0.rawValue) } + checkers
    for part in parts.sorted(by: { $0.rawValue < $1.rawValue }) {
      let folder = part.rawValue
      guard let configuration = files["\(folder)/config.json"],
        let found = network(folder, part.fileStem, files)
      else { throw missing("in \(folder)/", listing.files, reference) }
      described.append(configuration)
      described += found.index
      weights += found.weights
    }
    guard !weights.isEmpty else { throw missing("", listing.files, reference) }
    return described + weights
  }

  /// The files of one network: half precision where it is offered, since it takes half the bytes.
  private static func network(
    _ folder: String, _ stem: String, _ files: [String: RemoteFile]
  ) -> (index: [RemoteFile], weights: [RemoteFile])? {
    for variant in [".fp16", ""] {
      if let whole = files["\(folder)/\(stem)\(variant).safetensors"] { return ([], [whole]) }
      let name = "\(folder)/\(stem).safetensors.index\(variant).json"
      guard let index = files[name] else { continue }
      let shards = files.values.filter { isShard($0.path, "\(folder)/\(stem)", variant) }
      if !shards.isEmpty { return ([index], shards.sorted { $0.path < $1.path }) }
    }
    return nil
  }

  /// `STEM.fp16-00001-of-00002.safetensors`, or, as older programs write it, `STEM-00001-of-00002.fp16.safetensors`.
  private static func isShard(_ path: String, _ stem: String, _ variant: String) -> Bool {
    guard path.hasPrefix(stem), path.hasSuffix(".safetensors") else { return false }
    let middle = String(path.dropFirst(stem.count).dropLast(".safetensors".count))
    let number =
      if variant.isEmpty {
        middle
      } else if middle.hasPrefix(variant) {
        String(middle.dropFirst(variant.count))
      } else if middle.hasSuffix(variant) {
        String(middle.dropLast(variant.count))
      } else {
        ""
      }
    return number.wholeMatch(of: /-[0-9]{5}-of-[0-9]{5}/) != nil
  }

  private static func one(_ name: String, _ files: [String: RemoteFile], _ reference: RepositoryReference)
    throws
    -> RemoteFile
  {
    guard name.hasSuffix(".safetensors") else {
      throw HubError(.usage, "--file: '\(shortened(name))' is not possible; expected a .safetensors file")
    }
    guard let file = files[name] else {
      throw HubError(
        .download, "\(reference): no file '\(shortened(name))' in it" + candidates(Array(files.values)))
    }
    return file
  }

  private static func only(_ files: [RemoteFile], _ reference: RepositoryReference) throws -> RemoteFile {
    let found = files.filter { $0.path.hasSuffix(".safetensors") }
    guard !found.isEmpty else { throw missing("", files, reference) }
    guard found.count == 1 else {
      throw HubError(
        .usage,
        "\(reference): has several files and no \(index); choose one with --file NAME\(candidates(files))")
    }
    return found[0]
  }

  /// "; it has a.safetensors (2.0 GiB), …", or nothing.
  private static func candidates(_ files: [RemoteFile]) -> String {
    let found = files.filter { $0.path.hasSuffix(".safetensors") }.sorted { $0.path < $1.path }
    guard !found.isEmpty else { return "" }
    let names = found.prefix(20).map { "\(shortened($0.path)) (\($0.size >> 20) MiB)" }
    return ": " + names.joined(separator: ", ") + (found.count > 20 ? ", …" : "")
  }

  private static func missing(_ place: String, _ files: [RemoteFile], _ reference: RepositoryReference)
    -> HubError
  {
    let inside = place.isEmpty ? "" : " \(place)"
    let prefix = place.isEmpty ? "" : String(place.dropFirst("in ".count))
    let hasPickles = files.contains { file in
      file.path.hasPrefix(prefix) && pickles.contains { file.path.hasSuffix($0) }
    }
    return HubError(
      .download,
      "\(reference): no safetensors weights\(inside)"
        + (hasPickles
          ? "; it has Python pickles (.bin, .ckpt, .pt, .pth), which run programs when they are opened and are not read: convert them with diffusers, or choose another repository"
          : ""))
  }
}
