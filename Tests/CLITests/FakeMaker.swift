import Foundation
import SystemFiles
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
    for index in 0..<(request.count ?? 1) {
      var single = request
      (single.seed, single.count) = (seed &+ UInt64(index), 1)
      try beforePicture(single)
      var state = Darkroom.GenerationProgress(stage: .sampling)
      (state.finishedPictures, state.pictures) = (index, request.count ?? 1)
      (state.step, state.steps) = (1, request.steps ?? 25)
      progress(state)
      try finished(FakePicture(index: index, request: Self.resolved(single)))
      made.withLock { $0.append(single) }
    }
  }
}

extension FakeMaker {
  /// As it would be for a model of 8x16 pixels.
  static func resolved(_ request: GenerationRequest) throws -> ResolvedRequest {
    var request = request
    (request.width, request.height, request.schedule) = (8, 16, "trailing")
    return try JSONDecoder().decode(ResolvedRequest.self, from: JSONEncoder().encode(request))
  }
}

struct FakePicture: FinishedPicture {
  let index: Int
  let request: ResolvedRequest
  let width = 8
  let height = 16

  var sheet: PreviewSheet {
    PreviewSheet([
      GenerationPreview(
        index: 0, together: 0..<1, step: 1, steps: 1, width: width, height: height,
        pixels: [UInt8](repeating: 9, count: 3 * width * height), pictureWidth: width, pictureHeight: height)
    ])
  }

  func encoded(as format: PictureFormat) throws -> [UInt8] { Array("\(format) \(request.prompt)".utf8) }

  func write(to path: String) throws {
    try AtomicFile.write(bytes, to: path)
  }

  func write(toFirstFreeOf names: some Sequence<String>) throws -> String? {
    try AtomicFile.write(bytes, toFirstFreeOf: names)
  }

  private var bytes: [UInt8] { Array("\(request.prompt) \(request.seed)".utf8) }
}
