import Darkroom

/// What happens to a job, in the order in which it happens.
package enum JobEvent: Sendable {
  /// So many jobs of others go before it.
  case queued(ahead: Int)
  case started
  /// Of all the job's pictures; of a batch while that is told to the queue.
  case progress(GenerationProgress)
  case preview(GenerationPreview)
  case notice(String)
  case picture(MadePicture)
  /// The job has ended without all of its pictures.
  case failed(DarkroomError)
  /// All pictures are there.
  case finished

  /// Nothing follows.
  var isLast: Bool {
    switch self {
    case .failed, .finished: true
    case .queued, .started, .progress, .preview, .notice, .picture: false
    }
  }
}

/// A picture as a file, with what made it.
package struct MadePicture: Codable, Sendable, Equatable {
  /// 0 for the first of its order.
  package var index: Int
  /// The name of the served model.
  package var model: String
  /// Nil for an enlarged picture that nothing was drawn in.
  package var seed: UInt64?
  package var format: PictureFormat
  package var bytes: [UInt8]
  package var width: Int
  package var height: Int
  /// Whether the content filter has tripped: `bytes` are blurred then.
  package var isFiltered = false
  /// A1111's text of it.
  package var parameters: String?
  /// The request that makes it again, as JSON; nil for an enlarged picture that nothing was drawn in.
  package var request: String?

  package init(
    index: Int, model: String, seed: UInt64?, format: PictureFormat, bytes: [UInt8], width: Int, height: Int,
    isFiltered: Bool = false, parameters: String? = nil, request: String? = nil
  ) {
    (self.index, self.model, self.seed) = (index, model, seed)
    (self.format, self.bytes) = (format, bytes)
    (self.width, self.height, self.isFiltered) = (width, height, isFiltered)
    (self.parameters, self.request) = (parameters, request)
  }
}

extension PictureFormat {
  var mediaType: String { "image/\(rawValue)" }
}
