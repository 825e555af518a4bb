import Darkroom
import Synchronization

/// What makes pictures: the engine, or a stand-in in tests.
package protocol PictureMaker: Sendable {
  /// As `Engine.generate`.
  func make(
    _ request: GenerationRequest, progress: @escaping @Sendable (GenerationProgress) -> Void,
    notice: @escaping @Sendable (Notice) -> Void, preview: (@Sendable (GenerationPreview) -> Void)?,
    finished: @escaping @Sendable (any FinishedPicture) throws -> Void
  ) async throws
}

/// A picture that can be written once.
package protocol WritablePicture {
  /// The bytes of a file.
  func encoded(as format: PictureFormat) throws -> [UInt8]
  /// Writes the file whole or not at all; a file of that name is replaced.
  func write(to path: String) throws
  /// Writes the file under the first of some names in one folder that is free; nil if none is.
  func write(toFirstFreeOf names: some Sequence<String>) throws -> String?
}

/// A picture of a request.
package protocol FinishedPicture: WritablePicture {
  /// 0 for the first of its request.
  var index: Int { get }
  /// What makes this picture again.
  var request: ResolvedRequest { get }
  var width: Int { get }
  var height: Int { get }
  /// The picture for a terminal.
  var sheet: PreviewSheet { get }
}

extension GeneratedPicture: FinishedPicture {}
extension UpscaledPicture: WritablePicture {}

extension Engine: PictureMaker {
  package func make(
    _ request: GenerationRequest, progress: @escaping @Sendable (GenerationProgress) -> Void,
    notice: @escaping @Sendable (Notice) -> Void, preview: (@Sendable (GenerationPreview) -> Void)?,
    finished: @escaping @Sendable (any FinishedPicture) throws -> Void
  ) throws {
    try generate(request, previews: preview != nil) { event in
      switch event {
      case .progress(let now): progress(now)
      case .notice(let text): notice(text)
      case .preview(let picture): preview?(picture)
      case .picture(let picture): try finished(picture)
      case .queued, .failed: break
      }
    }
  }
}

/// A written picture, as `--json` shows it.
struct PictureResult: Encodable, Sendable {
  /// The row of `--from` that it comes from, from 1.
  var row: Int?
  let path: String
  let seed: UInt64
  let width: Int
  let height: Int
  /// Time since the picture before it, or since the start of its request.
  let seconds: Double
  /// The most memory that the process has had so far, in bytes; nil where the system does not tell.
  let memory: Int?
  let request: ResolvedRequest

  init(_ picture: any FinishedPicture, path: String, seconds: Double, row: Int? = nil) {
    self.row = row
    self.path = path
    seed = picture.request.seed
    width = picture.width
    height = picture.height
    self.seconds = (seconds * 1000).rounded() / 1000
    memory = ResidentMemory.peak
    request = picture.request
  }
}

/// Time between pictures.
final class Laps: Sendable {
  private let console: Console
  private let start: Mutex<Double>

  init(_ console: Console) {
    self.console = console
    start = Mutex(console.now)
  }

  /// Seconds since the last call, or since the beginning.
  func next() -> Double {
    start.withLock { start in
      let now = console.now
      defer { start = now }
      return now - start
    }
  }
}
