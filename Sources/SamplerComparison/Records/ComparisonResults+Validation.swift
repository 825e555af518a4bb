extension ComparisonResults {
  /// What types cannot say: counts that count something, times that passed, prompts that exist.
  /// - Throws: `ComparisonError.field` for the first that is not so.
  func validate() throws {
    try Self.check(setting.width > 0, "setting.width", "a number of pixels")
    try Self.check(setting.height > 0, "setting.height", "a number of pixels")
    try Self.check(setting.repeats > 0, "setting.repeats", "at least 1")
    try Self.check(setting.referenceCalls > 0, "setting.reference_calls", "at least 1")
    for (index, reference) in references.enumerated() { try validate(reference, "references[\(index)]") }
    var seen: Set<CellKey> = []
    for (index, cell) in cells.enumerated() {
      try validate(cell, "cells[\(index)]")
      try Self.check(seen.insert(cell.key).inserted, "cells[\(index)].key", "each picture of the grid once")
    }
  }

  private func validate(_ reference: ReferenceRecord, _ path: String) throws {
    try Self.check(prompts.indices.contains(reference.prompt), "\(path).prompt", promptPlaces)
    try Self.check(reference.networkCalls > 0, "\(path).network_calls", "at least 1")
    try Self.check(reference.kind != .none, "\(path).kind", "ode or path")
    if let uncertainty = reference.uncertainty { try Self.validate(uncertainty, "\(path).uncertainty") }
    try Self.check(Self.isFileName(reference.picture), "\(path).picture", "the name of a file in the folder")
  }

  private func validate(_ cell: CellRecord, _ path: String) throws {
    try Self.check(prompts.indices.contains(cell.key.prompt), "\(path).key.prompt", promptPlaces)
    try Self.check(cell.key.steps > 0, "\(path).key.steps", "at least 1")
    try Self.check(cell.networkCalls > 0, "\(path).network_calls", "at least 1")
    try Self.check(!cell.samplingSeconds.isEmpty, "\(path).sampling_seconds", "a time for each repeat")
    for (index, seconds) in cell.samplingSeconds.enumerated() {
      try Self.check(seconds >= 0, "\(path).sampling_seconds[\(index)]", "a time that is not negative")
    }
    try Self.check(cell.decodingSeconds >= 0, "\(path).decoding_seconds", "a time that is not negative")
    if let measure = cell.measure { try Self.validate(measure, "\(path).measure") }
    try Self.check(
      (cell.kind == .none) == (cell.measure == nil), "\(path).measure", "a measure unless the kind is none")
    try Self.check(Self.isFileName(cell.picture), "\(path).picture", "the name of a file in the folder")
  }

  private static func validate(_ measure: CellMeasure, _ path: String) throws {
    try check(measure.latentRMSE >= 0, "\(path).latent_rmse", "a distance that is not negative")
    try check(
      measure.psnr <= PictureDistance.highestPSNR, "\(path).psnr", "at most \(PictureDistance.highestPSNR)")
    try check((-1...1).contains(measure.ssim), "\(path).ssim", "-1 to 1")
  }

  private var promptPlaces: String { "a place in the list of \(prompts.count) prompts" }

  private static func isFileName(_ text: String) -> Bool {
    !text.isEmpty && text != "." && text != ".." && !text.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
  }

  private static func check(_ holds: Bool, _ path: String, _ expected: String) throws {
    guard holds else { throw ComparisonError.field(path: path, expected: expected) }
  }
}
