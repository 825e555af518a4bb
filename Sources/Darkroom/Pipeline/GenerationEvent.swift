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

  /// Tells of jobs with one picture each as of one job. A notice of several is told once.
  func joining(_ count: Int) -> (_ index: Int) -> Reporter {
    guard count > 1 else { return { _ in self } }
    var told: Set<String> = []
    return { index in
      Reporter(previews: wantsPreviews) { event in
        switch event {
        case .progress(let progress): try send(.progress(progress.part(index, of: count)))
        case .notice(let notice) where !told.insert(notice.description).inserted: break
        case .preview(var preview):
          (preview.index, preview.together) = (index, index..<index + 1)
          try send(.preview(preview))
        case .picture(var picture):
          picture.index = index
          try send(.picture(picture))
        case .queued, .notice, .failed: try send(event)
        }
      }
    }
  }

  func progress(_ progress: GenerationProgress) { try? send(.progress(progress)) }
  func notice(_ notice: Notice) { try? send(.notice(notice)) }
  func preview(_ preview: GenerationPreview) { try? send(.preview(preview)) }
  func finished(_ picture: GeneratedPicture) throws { try send(.picture(picture)) }
}
