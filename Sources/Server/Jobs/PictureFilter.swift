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

  let rule: Rule

  package init(_ rule: Rule = .off) { self.rule = rule }

  func checked(_ picture: GeneratedPicture, _ engine: Engine, _ model: ServedModel?) async throws -> (
    picture: GeneratedPicture, isFiltered: Bool
  ) {
    (picture, false)
  }
}
