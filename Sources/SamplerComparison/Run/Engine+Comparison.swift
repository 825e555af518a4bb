import Darkroom

extension Engine {
  /// What a comparison would make in a folder, without making it.
  /// - Throws: as `compare`.
  package func plan(_ comparison: ComparisonRequest, folder: String) throws -> ComparisonPlan {
    try DarkroomError.wrapping { try runner(comparison, folder: folder).plan }
  }

  /// Makes the pictures of a comparison, measures them, and writes a report.
  ///
  /// Pictures of samplers without noise are measured against one fine solution of the probability flow with the same
  /// seed, those of samplers with noise against more steps along the same Brownian path. The folder gets each picture,
  /// `results.json`, `results.csv`, contact sheets and `report.html`. What is finished is written at once: the same
  /// call goes on where an earlier one was stopped, and a call with more samplers adds to the folder. Cancelling the
  /// task ends it within one step.
  /// - Parameters:
  ///   - folder: is there, and holds nothing else or an earlier comparison of the same model and settings.
  ///   - progress: is called on the engine's thread after each step.
  ///   - notice: is called for what the user should know.
  /// - Throws: `DarkroomError`, of kind `request` if a picture is not possible or the folder's comparison is another,
  ///   of kind `busy` if another run compares in the folder; `CancellationError`.
  package func compare(
    _ comparison: ComparisonRequest, folder: String,
    progress: @escaping @Sendable (ComparisonProgress) -> Void = { _ in },
    notice: @escaping @Sendable (Notice) -> Void = { _ in }
  ) throws -> ComparisonOutcome {
    defer { replaceLostDevice() }
    return try DarkroomError.wrapping {
      guard let lock = try ComparisonFolder(path: folder).lock() else {
        throw DarkroomError(
          .busy, field: folder, help: "wait for its end, or name another folder",
          "another run compares in this folder")
      }
      defer { withExtendedLifetime(lock) {} }
      return try runner(comparison, folder: folder, progress: progress, notice: notice).run()
    }
  }

  private func runner(
    _ comparison: ComparisonRequest, folder: String,
    progress: @escaping (ComparisonProgress) -> Void = { _ in },
    notice: @escaping (Notice) -> Void = { _ in }
  ) throws -> ComparisonRunner {
    try ComparisonRunner(
      comparison, try pipeline(), folder: folder, computes: "\(computes), \(threads) threads",
      tell: progress, notice: notice)
  }
}
