import Sampling
import Weights

/// What a single file says of its training beside its weights: by tensors without numbers (`v_pred`, `ztsnr`), in its
/// metadata (`modelspec.prediction_type`), or in a `.yaml` of the same name beside it, as A1111 reads them.
struct TrainingMarks {
  private let checkpoint: Checkpoint
  /// The configuration beside the file, a line each; nil if there is none.
  private let yaml: (path: String, lines: [Substring])?

  /// - Throws: `WeightsError` if the `.yaml` cannot be read.
  init(_ checkpoint: Checkpoint) throws {
    self.checkpoint = checkpoint
    let slash = checkpoint.name.lastIndex(of: "/")
    let folder = ModelFolder(slash.map { String(checkpoint.name[..<$0]) } ?? ".")
    let name = slash.map { checkpoint.name[checkpoint.name.index(after: $0)...] } ?? checkpoint.name[...]
    let file = name.prefix(upTo: name.lastIndex(of: ".") ?? name.endIndex) + ".yaml"
    yaml = try folder.contents(String(file)).map { text in
      (folder.path(String(file)), String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline))
    }
  }

  /// - Parameter usual: the prediction of a file without marks.
  func schedule(usual: Prediction) throws -> ModelSchedule {
    var settings = ScheduleSettings()
    settings.betaStart = try number("linear_start", 0...1) ?? settings.betaStart
    settings.betaEnd = try number("linear_end", 0...1) ?? settings.betaEnd
    settings.trainTimesteps = try number("timesteps", 2...100_000).map { Int($0) } ?? settings.trainTimesteps
    settings.rescaleZeroSNR = checkpoint.isMarked("ztsnr")
    let marked: Prediction? = checkpoint.isMarked("v_pred") ? .velocity : nil
    return try ModelSchedule(
      .diffusion(settings), prediction: besideFile() ?? marked ?? inMetadata() ?? usual)
  }

  private static let names: [String: Prediction] = [
    "v": .velocity, "v_prediction": .velocity, "v-prediction": .velocity, "vpred": .velocity,
    "epsilon": .epsilon, "eps": .epsilon,
  ]

  private func inMetadata() throws -> Prediction? {
    try checkpoint.metadata["modelspec.prediction_type"].flatMap {
      try prediction($0, "modelspec.prediction_type", in: checkpoint.name)
    }
  }

  /// What the `.yaml` says, which is no part of the file's content.
  func besideFile() throws -> Prediction? {
    guard let yaml, let text = value("parameterization") else { return nil }
    return try prediction(text, "parameterization", in: yaml.path)
  }

  private func prediction(_ text: String, _ field: String, in file: String) throws -> Prediction? {
    if text.isEmpty { return nil }
    guard let known = Self.names[text.lowercased()] else {
      throw FamilyError(file: file, "\(field): \"\(text)\" is not supported; expected epsilon or v")
    }
    return known
  }

  private func number(_ key: String, _ range: ClosedRange<Double>) throws -> Double? {
    guard let yaml, let text = value(key) else { return nil }
    guard let number = Double(text), range.contains(number) else {
      throw FamilyError(file: yaml.path, "\(key): \"\(text)\"; expected a number in \(range)")
    }
    return number
  }

  /// The scalar of a key, wherever it stands: these keys have one meaning in such files.
  private func value(_ key: String) -> String? {
    for line in yaml?.lines ?? [] {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, parts[0].filter({ !" \t-\"'".contains($0) }) == key else { continue }
      return String(parts[1].prefix { $0 != "#" }.filter { !" \t\r\"'".contains($0) })
    }
    return nil
  }
}
