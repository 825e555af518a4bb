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
        let (result, record) = try enlarge(read.picture, request, onEvent, share: 1)
        return UpscaledPicture(result, record, after: metadata)
      case .conservative, .creative:
        let drawing = try request.checkedRedrawing()
        let (large, enlarged) = try enlarge(read.picture, request, onEvent, share: Self.enlargingShare)
        let (result, drawn) = try redraw(
          large, request.method, drawing, notice: { onEvent(.notice($0)) },
          progress: { onEvent(.progress(Self.enlargingShare + (1 - Self.enlargingShare) * $0)) })
        onEvent(.progress(1))
        var record = enlarged
        (record.creativity, record.drawing) = (
          drawing.creativity ?? Redrawing.usualCreativity(request.method), drawn
        )
        return UpscaledPicture(result, record, after: metadata)
      }
    }
  }

  /// About the time that enlarging takes of what drawing anew takes with it.
  private static let enlargingShare = 0.1

  /// By the network of a request.
  /// - Parameter share: of the progress.
  private func enlarge(
    _ picture: Picture, _ request: UpscaleRequest, _ onEvent: @escaping (UpscaleEvent) -> Void, share: Double
  ) throws -> (Picture, UpscaleRecord) {
    let upscaler = try upscalers.upscaler(request.upscaler)
    // The precision is that of the model where one draws.
    let storage = try storage(request.redrawing == nil ? request.precision : .auto)
    let before = (width: picture.width, height: picture.height)
    let scale = request.scale ?? Double(upscaler.model.scale)
    let size = try request.size(of: before, times: scale)
    let result = try upscaler.enlarged(
      picture, width: size.width, height: size.height, on: residents, storing: storage,
      notice: { onEvent(.notice($0)) }, progress: { onEvent(.progress($0 * share)) })
    return (result, UpscaleRecord(request.method, scale, of: before, by: upscaler, storage))
  }

  /// How an upscaler's network stores values.
  private func storage(_ precision: GenerationRequest.Precision) throws -> Storage {
    guard let format = precision.format else { return Upscaler.storage(on: residents.backend) }
    let (storage, storages) = (format.values, residents.backend.storages)
    // These networks have no layers for 8 bits.
    guard format == NumberFormat(storage), storages.contains(storage) else {
      throw DarkroomError(
        .request, field: "precision", found: precision.rawValue,
        expected: "auto, \(storages.map(\.rawValue).joined(separator: " or "))",
        precision == .int8
          ? "int8 is for models that draw, not for upscalers"
          : "\(precision.rawValue) is not possible on \(residents.backend.summary)")
    }
    return storage
  }
}

extension UpscaleRequest {
  /// With a filter, which has no scale of its own.
  fileprivate static let usualScale = 4.0

  /// - Throws: `DarkroomError` of kind `request` if there is no prompt to draw, or the creativity is out of range.
  fileprivate func checkedRedrawing() throws -> Redrawing {
    guard var redrawing, !redrawing.request.prompt.isEmpty else {
      throw DarkroomError(
        .request, field: "prompt", expected: "what the picture shows",
        "is missing, and \(method.rawValue) draws it")
    }
    if let creativity = redrawing.creativity, !limits.share.contains(creativity) {
      throw DarkroomError(
        .request, field: "creativity", found: creativity.shortest,
        expected: "a number from \(limits.share.lowerBound.shortest) to \(limits.share.upperBound.shortest)")
    }
    redrawing.request.precision = redrawing.request.precision ?? precision
    return redrawing
  }
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
