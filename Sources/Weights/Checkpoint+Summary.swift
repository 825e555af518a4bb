import Graph

extension Checkpoint {
  /// How much one part of a model holds.
  package struct Summary: Sendable, Hashable {
    package let part: ModelPart
    package var tensors = 0
    package var parameters = 0
    /// Bytes as stored.
    package var bytes = 0
    /// Number of tensors by dtype.
    package var dtypes: [DType: Int] = [:]
  }

  /// The parts that have tensors here.
  package var summaries: [Summary] {
    var summaries: [ModelPart: Summary] = [:]
    for name in names {
      guard let word = components(name).first, let part = ModelPart(rawValue: String(word)),
        let tensor = tensor(name)
      else { continue }
      var summary = summaries[part] ?? Summary(part: part)
      summary.tensors += 1
      summary.parameters += tensor.shape.count
      summary.bytes += tensor.stored.bytes.count
      summary.dtypes[tensor.dtype, default: 0] += 1
      summaries[part] = summary
    }
    return ModelPart.allCases.compactMap { summaries[$0] }
  }
}
