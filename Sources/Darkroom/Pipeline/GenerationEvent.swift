/// What happens to a job, in the order in which it happens. As JSON an object with one field, the event's name.
public enum GenerationEvent: Codable, Sendable {
  /// The job waits; so many others go before it.
  case queued(ahead: Int)
  case progress(GenerationProgress)
  /// After each step, for each picture at work, if previews were asked for.
  case preview(GenerationPreview)
  case notice(Notice)
  /// A finished picture.
  case picture(GeneratedPicture)
  /// The job has ended without all of its pictures.
  case failed(DarkroomError)
}

/// Whom a job tells what happens.
package struct Reporter {
  let wantsPreviews: Bool
  package let send: (GenerationEvent) throws -> Void

  /// - Parameter send: what it throws for a picture ends the job.
  package init(previews: Bool = false, send: @escaping (GenerationEvent) throws -> Void) {
    (wantsPreviews, self.send) = (previews, send)
  }

  func progress(_ progress: GenerationProgress) { try? send(.progress(progress)) }
  func notice(_ notice: Notice) { try? send(.notice(notice)) }
  func preview(_ preview: GenerationPreview) { try? send(.preview(preview)) }
  func finished(_ picture: GeneratedPicture) throws { try send(.picture(picture)) }
}
