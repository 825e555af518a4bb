extension ComparisonResults {
  /// `results.csv` after RFC 4180: a row a cell under the names that `results.json` uses. Lists are joined by
  /// "; ", what is not known is empty.
  package func csv() -> String {
    let header = [
      "sampler", "schedule", "steps", "seed", "prompt", "network_calls", "sampling_seconds",
      "decoding_seconds",
      "latent_rmse", "psnr", "ssim", "kind", "is_repeatable", "picture", "notices",
    ]
    return ([header] + cells.map(Self.fields))
      .map { $0.map(Self.quoted).joined(separator: ",") + "\r\n" }
      .joined()
  }

  private static func fields(_ cell: CellRecord) -> [String] {
    [
      cell.key.sampler, cell.key.schedule, "\(cell.key.steps)", "\(cell.key.seed)", "\(cell.key.prompt)",
      "\(cell.networkCalls)", cell.samplingSeconds.map { "\($0)" }.joined(separator: "; "),
      "\(cell.decodingSeconds)", cell.measure.map { "\($0.latentRMSE)" } ?? "",
      cell.measure.map { "\($0.psnr)" } ?? "", cell.measure.map { "\($0.ssim)" } ?? "", cell.kind.rawValue,
      cell.isRepeatable.map { "\($0)" } ?? "", cell.picture, cell.notices.joined(separator: "; "),
    ]
  }

  private static func quoted(_ field: String) -> String {
    // Swift takes CR LF for one character, so scalars are looked at.
    let special: Set<Unicode.Scalar> = [",", "\"", "\r", "\n"]
    guard field.unicodeScalars.contains(where: special.contains) else { return field }
    var quoted = String.UnicodeScalarView()
    for scalar in field.unicodeScalars {
      quoted.append(contentsOf: scalar == "\"" ? [scalar, scalar] : [scalar])
    }
    return "\"\(String(quoted))\""
  }
}
