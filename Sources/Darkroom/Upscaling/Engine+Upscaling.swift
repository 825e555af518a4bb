import Families
import Graph
import Pictures

extension Engine {
  /// Enlarges a picture. Cancelling the task ends it within one operation of the network.
  /// - Parameter onEvent: is called on the engine's thread; upscaling waits for it.
  /// - Throws: `DarkroomError`: of kind `request` for a file that is no picture, a scale out of range or a result that is
  ///   too large; `model` or `unsupported` for a file that is no upscaler; `resources` with the memory that it takes at
  ///   least. `CancellationError`.
  public func upscale(
    _ request: UpscaleRequest, onEvent: @escaping @Sendable (UpscaleEvent) -> Void = { _ in }
  ) throws -> UpscaledPicture {
    defer { replaceLostDevice() }
    return try DarkroomError.wrapping {
      let read = try request.picture.read("picture")
      for notice in read.notices { onEvent(.notice(notice)) }
      // Damaged metadata do not hinder enlarging.
      let metadata = (try? PictureMetadata.read(from: read.contents)) ?? PictureMetadata()
      let before = (width: read.picture.width, height: read.picture.height)
      switch request.method {
      case .lanczos:
        let scale = request.scale ?? UpscaleRequest.usualScale
        let size = try request.size(of: before, times: scale)
        let result = read.picture.resized(width: size.width, height: size.height)
        onEvent(.progress(1))
        return UpscaledPicture(result, UpscaleRecord(.lanczos, scale, of: before), after: metadata)
      case .fast:
        let upscaler = try upscaler(request.upscaler)
        let storage = try storage(request.precision)
        let scale = request.scale ?? Double(upscaler.model.scale)
        let size = try request.size(of: before, times: scale)
        let result = try upscaler.enlarged(
          read.picture, width: size.width, height: size.height, on: residents, storing: storage,
          notice: { onEvent(.notice($0)) }, progress: { onEvent(.progress($0)) })
        let record = UpscaleRecord(.fast, scale, of: before, by: upscaler, storage)
        return UpscaledPicture(result, record, after: metadata)
      }
    }
  }

  /// How an upscaler's network stores values.
  private func storage(_ precision: GenerationRequest.Precision) throws -> Storage {
    guard let storage = precision.storage else { return Upscaler.storage(on: residents.backend) }
    guard residents.backend.storages.contains(storage) else {
      throw DarkroomError(
        .request, field: "precision", found: precision.rawValue,
        expected: "auto, \(precisions.map(\.rawValue).joined(separator: " or "))",
        "\(precision.rawValue) is not possible on \(residents.backend.summary)")
    }
    return storage
  }
}

extension UpscaleRequest {
  /// With a filter, which has no scale of its own.
  fileprivate static let usualScale = 4.0
}

extension UpscaleRecord {
  fileprivate init(
    _ method: UpscaleRequest.Method, _ scale: Double, of before: (width: Int, height: Int),
    by upscaler: Upscaler? = nil, _ storage: Storage? = nil
  ) {
    (self.method, self.scale) = (method, scale)
    (width, height) = before
    model = upscaler?.source.name
    fingerprint = upscaler?.fingerprint.description
    precision = storage?.rawValue
  }
}
