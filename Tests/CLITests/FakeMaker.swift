import Foundation
import Synchronization

import Darkroom
import DarkroomCLI

/// Makes text files instead of pictures: the prompt and the seed.
final class FakeMaker: PictureMaker {
  private let made = Mutex<[GenerationRequest]>([])
  /// Throws to end a request before the picture of that seed.
  private let beforePicture: @Sendable (GenerationRequest) throws -> Void

  init(beforePicture: @escaping @Sendable (GenerationRequest) throws -> Void = { _ in }) {
    self.beforePicture = beforePicture
  }

  /// The requests of all pictures, each with its own seed.
  var pictures: [GenerationRequest] { made.withLock { $0 } }

  func make(
    _ request: GenerationRequest, progress: @escaping @Sendable (Darkroom.GenerationProgress) -> Void,
    notice: @escaping @Sendable (Notice) -> Void, preview: (@Sendable (GenerationPreview) -> Void)?,
    finished: @escaping @Sendable (any FinishedPicture) throws -> Void
  ) async throws {
    let seed = request.seed ?? 99
    for index in 0..<request.count {
      var single = request
      (single.seed, single.count) = (seed &+ UInt64(index), 1)
      try beforePicture(single)
      var state = Darkroom.GenerationProgress(stage: .sampling)
      (state.finishedPictures, state.pictures) = (index, request.count)
      (state.step, state.steps) = (1, request.steps)
      progress(state)
      try finished(FakePicture(index: index, request: single))
      made.withLock { $0.append(single) }
    }
  }
}

struct FakePicture: FinishedPicture {
  let index: Int
  let request: GenerationRequest
  let width = 8
  let height = 16

  func write(to path: String) throws {
    try Data("\(request.prompt) \(request.seed ?? 0)".utf8).write(to: URL(fileURLWithPath: path))
  }
}
