import Graph
import Synchronization

/// The tensors of a model, from one file or several, under our names: those of diffusers behind
/// the name of the part, `unet.conv_in.weight`, whatever the layout of the files.
///
/// Layers ask for parameters through `Weights` (`checkpoint[.unet]["conv_in"]`), which never fails
/// at once: what is missing or of another shape is collected, and `verify()` reports all of it.
package final class Checkpoint: WeightSource {
  /// A tensor as it is stored.
  package struct LocatedTensor: Sendable {
    /// Its name in the file.
    package let storedName: String
    let file: Safetensors
    let stored: Safetensors.StoredTensor

    package var dtype: DType { stored.dtype }
    package var shape: Shape { stored.shape }
    package var path: String { file.source.name }
  }

  private struct Record {
    var asked: Set<String> = []
    /// In the order in which they were found, each once.
    var problems: [String] = []
    var reported: Set<String> = []
    var firstProblem: (tensor: String, file: String)?
  }

  /// Where the model came from, for messages.
  package let name: String
  /// Paths of the files that were opened.
  package let files: [String]
  /// The layouts that its files are in, mostly one.
  package let layouts: [String]
  /// Metadata of the files' headers.
  package let metadata: [String: String]
  /// What the files hold besides a model, and nobody uses: "a ControlNet".
  package let additions: [String]
  /// Tensors that no layout has a name for, as they are stored.
  let unknown: [String: LocatedTensor]
  private let tensors: [String: LocatedTensor]
  private let scales: [String: WeightScale]
  private let record = Mutex(Record())

  /// Opens the files of a model, or of some of its parts.
  /// - Parameter vae: an autoencoder instead of the model's own.
  /// - Throws: `WeightsError` if a file is malformed, its layout unknown, or a tensor given twice.
  package convenience init(
    _ files: ModelFiles, parts: Set<ModelPart> = Set(ModelPart.allCases), vae: AutoencoderFile? = nil
  ) throws {
    var opened: [(Safetensors, ModelPart?)] = []
    for file in files.weights where file.part.map(parts.contains) ?? true {
      if file.isIndex {
        let index = try ShardIndex(path: file.path)
        let shards = try index.paths().mapValues { try Safetensors(path: $0) }
        try index.check(shards)
        opened += shards.sorted { $0.key < $1.key }.map { ($0.value, file.part) }
      } else {
        let tensors = try files.open(file)
        if file.part == nil, let kind = FileKind.recognise(TensorNames(tensors)) {
          throw WeightsError(.unsupported, file: file.path, kind.problem)
        }
        opened.append((tensors, file.part))
      }
    }
    try self.init(name: files.path, files: opened, vae: vae)
  }

  /// Opens one file of tensors, or bytes in memory.
  /// - Parameter part: what it holds; nil if the names of its tensors must tell.
  package convenience init(_ source: ByteSource, part: ModelPart? = nil) throws {
    try self.init(name: source.name, files: [(Safetensors(source), part)])
  }

  /// Opens the file of a network that enlarges pictures.
  /// - Throws: `WeightsError` that says what the file is if it is none, or how to convert what is not read here.
  package convenience init(upscaler source: ByteSource) throws {
    guard FileSignature.isSafetensors(source) else {
      throw WeightsError(
        .unsupported, file: source.name,
        (FileSignature.problem(source).map { "\($0); " } ?? "") + "an upscaler is a .safetensors file; "
          + "a .pth of PyTorch is converted with Python: weights = torch.load(\"FILE.pth\", weights_only=True); "
          + "safetensors.torch.save_file(weights.get(\"params_ema\", weights.get(\"params\", weights)), "
          + "\"FILE.safetensors\")")
    }
    let file = try Safetensors(source)
    let kind = FileKind.recognise(TensorNames(file))
    guard kind.map({ $0.role == .upscaler }) ?? true else {
      throw WeightsError(
        .unsupported, file: source.name, "is \(kind?.title ?? "none"); \(FileKind.expectedUpscaler)")
    }
    try self.init(name: source.name, files: [(file, nil)], map: .upscaler)
  }

  /// Whether the file's tensors are those of a network that enlarges pictures.
  package static func isUpscaler(_ source: ByteSource) -> Bool {
    guard FileSignature.isSafetensors(source), let file = try? Safetensors(source) else { return false }
    return FileKind.recognise(TensorNames(file))?.role == .upscaler
  }

  /// - Parameter map: the only one that may recognise a file; nil for all of models.
  private init(
    name: String, files: [(Safetensors, ModelPart?)], vae: AutoencoderFile? = nil, map only: KeyMap? = nil
  ) throws {
    var tensors: [String: LocatedTensor] = [:]
    var unknown: [String: LocatedTensor] = [:]
    var layouts: [String] = []
    var metadata: [String: String] = [:]
    var additions: [String] = []
    for (file, part) in files {
      let wrapper = file.wrapper
      let names = file.tensors.keys.map { String($0.dropFirst(wrapper.count)) }
      let map = try Self.keyMap(of: file, part: part, names: names, only)
      let table = map.table(names)
      if part == nil { additions += FileKind.additions(in: TensorNames(file)) }
      if !layouts.contains(map.name) { layouts.append(map.name) }
      metadata.merge(file.metadata) { first, _ in first }
      for (storedName, stored) in file.tensors {
        let inner = String(storedName.dropFirst(wrapper.count))
        let tensor = LocatedTensor(storedName: storedName, file: file, stored: stored)
        guard let name = table[inner] else {
          if !KeyMap.isIgnored(inner) { unknown[inner] = tensor }
          continue
        }
        if let other = tensors.updateValue(tensor, forKey: name) {
          throw WeightsError(
            .malformed, file: tensor.path, tensor: storedName,
            "is '\(name)', and so is '\(other.storedName)' of \(other.path)")
        }
      }
    }
    try vae?.replace(in: &tensors)
    scales = try WeightScale.take(from: &tensors)
    self.name = name
    self.files = files.map { $0.0.source.name } + (vae.map { [$0.path] } ?? [])
    self.tensors = tensors
    self.unknown = unknown
    self.additions = additions
    self.layouts = layouts
    self.metadata = metadata
  }

  private static func keyMap(
    of file: Safetensors, part: ModelPart?, names: [String], _ only: KeyMap?
  ) throws -> KeyMap {
    if let only {
      if only.recognises(names) { return only }
      throw WeightsError(
        .unsupported, file: file.source.name,
        "its \(names.count) tensors are named like no upscaler; \(FileKind.expectedUpscaler); some of them: "
          + names.sorted().prefix(3).joined(separator: ", "))
    }
    if let map = part.map(KeyMap.diffusers) ?? KeyMap.recognise(names) { return map }
    throw WeightsError(
      .unsupported, file: file.source.name,
      "its \(names.count) tensors are named like no known layout (\(KeyMap.all.map(\.name).joined(separator: ", ")))"
        + "; some of them: \(names.sorted().prefix(3).joined(separator: ", "))")
  }

  // MARK: - Looking

  /// The path of a part's tensors.
  package subscript(part: ModelPart) -> Weights { Weights(checkpoint: self, path: part.rawValue) }

  /// The path of an upscaler's tensors.
  package var upscaler: Weights { Weights(checkpoint: self, path: "upscaler") }

  /// Our names of all tensors, sorted.
  package var names: [String] { tensors.keys.sorted() }

  /// A tensor as it is stored, by our name. Looking does not count as asking for it.
  package func tensor(_ name: String) -> LocatedTensor? { tensors[name] }

  /// How many weights are multiplied by a scale when they are read.
  package var scaledWeights: Int { scales.count }

  /// Whether a file holds a tensor of this name that says something about the model and is no part of it.
  package func isMarked(_ name: String) -> Bool {
    guard unknown[name] != nil else { return false }
    record.withLock { _ = $0.asked.insert(name) }
    return true
  }

  // MARK: - Asking

  /// Names of what somebody has asked for.
  var asked: Set<String> { record.withLock { $0.asked } }

  /// Notes that a network wants this tensor, and whether it fits. Trailing extents of 1×1 may be
  /// there or not: a linear layer and a 1×1 convolution are the same numbers.
  func ask(for name: String, _ shape: Shape) -> Parameter {
    let tensor = tensors[name]
    let problem: String? =
      switch tensor {
      case nil: "'\(name)' \(shape) is missing"
      case let tensor? where !areSame(tensor.shape, shape):
        "'\(name)' is \(tensor.shape), expected \(shape)"
          + (name.hasSuffix(tensor.storedName) ? "" : " (stored as '\(tensor.storedName)')")
      default: nil
      }
    record.withLock { record in
      record.asked.insert(name)
      guard let problem, record.reported.insert(problem).inserted else { return }
      record.problems.append(problem)
      if record.firstProblem == nil { record.firstProblem = (name, tensor?.path ?? self.name) }
    }
    return Parameter(source: self, name: name, shape: shape)
  }

  /// Throws if any tensor that was asked for is missing or of another shape.
  /// - Throws: one `WeightsError` with the first and up to ten other tensors, found and expected.
  package func verify() throws {
    let (problems, first) = record.withLock { ($0.problems, $0.firstProblem) }
    guard let first else { return }
    let more = problems.count > 11 ? "; and \(problems.count - 11) more" : ""
    throw WeightsError(
      .unfit, file: first.file, tensor: first.tensor,
      "the tensors do not fit the network: " + problems.prefix(11).joined(separator: "; ") + more)
  }

  /// Stored names of the tensors that nobody asked for, sorted; those known to be of no use are
  /// left out.
  package func unusedNames() -> [String] {
    let asked = asked
    let unasked = tensors.filter { name, _ in !asked.contains(name) }
    return (unknown.merging(unasked) { first, _ in first }).filter { !asked.contains($0.key) }
      .values.map(\.storedName).sorted()
  }

  // MARK: - Reading

  package func read(
    _ name: String, elements: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    guard let tensor = tensors[name] else {
      throw WeightsError(.unfit, file: self.name, tensor: name, "is missing")
    }
    guard elements.upperBound <= tensor.shape.count else {
      throw WeightsError(
        .unfit, file: tensor.path, tensor: name,
        "is \(tensor.shape); elements \(elements) were asked for")
    }
    try tensor.read(elements, into: destination)
    scales[name]?.multiply(destination, from: elements.lowerBound)
  }

  package func readAhead(_ name: String) {
    guard let tensor = tensors[name] else { return }
    tensor.file.source.readAhead(tensor.stored.bytes)
  }

  package func origin(of name: String) -> WeightOrigin? {
    guard let tensor = tensors[name], let stamp = tensor.file.source.stamp else { return nil }
    let (stored, scale) = (tensor.stored, scales[name])
    let scaling = scale.map { ", times \($0.fingerprint)" } ?? ""
    return WeightOrigin(
      file: stamp, tensor: "\(stored.dtype.rawValue) \(stored.shape) in \(stored.bytes)\(scaling)")
  }
}

/// Whether two shapes are equal but for 1×1 at the end of one.
private func areSame(_ a: Shape, _ b: Shape) -> Bool {
  a == b || a.dimensions == b.dimensions + [1, 1] || b.dimensions == a.dimensions + [1, 1]
}
