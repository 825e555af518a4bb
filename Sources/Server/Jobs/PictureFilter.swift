import Darkroom

/// What becomes of pictures that a model's safety checker does not let pass.
package struct PictureFilter: Sendable {
  package enum Rule: String, Sendable, CaseIterable {
    /// Nothing is checked.
    case off
    /// They are blurred, and said to be.
    case blur
    /// The order fails.
    case refuse
  }

  private let rule: Rule

  package init(_ rule: Rule = .off) { self.rule = rule }

  /// Opens what pictures are checked with, so that it is known at the start whether it is there.
  /// - Throws: `DarkroomError` of kind `unsupported` or `model`.
  func prepare(_ engine: Engine, _ model: ModelSource) async throws {
    if rule != .off { try await engine.loadSafetyChecker(of: model) }
  }

  /// Whether a picture is to be blurred.
  /// - Parameter check: asks the safety checker.
  /// - Throws: `DarkroomError` of kind `filtered` where pictures that do not pass are refused.
  func trips(_ check: () async throws -> SafetyVerdict) async throws -> Bool {
    guard rule != .off, try await check().isUnsafe else { return false }
    guard rule == .blur else { throw DarkroomError(.filtered, Refusal.flagged) }
    return true
  }
}
