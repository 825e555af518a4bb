import Families
import Pictures

extension Engine {
  /// Opens the safety checker of a model, so that one that is missing or damaged is known before the first picture. Its weights
  /// are read when the first picture is checked.
  /// - Parameter model: nil for the one that was loaded or used last.
  /// - Throws: `DarkroomError`: of kind `unsupported` if the model carries none, or one of another kind; `model` naming the file
  ///   and the tensor or field that does not fit.
  public func loadSafetyChecker(of model: ModelSource? = nil) throws {
    _ = try DarkroomError.wrapping { try pipeline(model).model.safetyChecker() }
  }

  /// Judges a picture by the safety checker of a model's folder. Cancelling the task ends it within one operation of the network.
  /// - Parameter model: whose checker it is; nil for the one that was loaded or used last.
  /// - Throws: as `loadSafetyChecker`; `DarkroomError` of kind `resources` if memory is too small for the checker;
  ///   `CancellationError`.
  public func check(_ picture: GeneratedPicture, with model: ModelSource? = nil) throws -> SafetyVerdict {
    try check(picture.picture, with: model)
  }

  /// The same of an enlarged picture.
  public func check(_ picture: UpscaledPicture, with model: ModelSource? = nil) throws -> SafetyVerdict {
    try check(picture.picture, with: model)
  }

  private func check(_ picture: Picture, with model: ModelSource?) throws -> SafetyVerdict {
    defer { replaceLostDevice() }
    return try DarkroomError.wrapping {
      let pipeline = try pipeline(model)
      return try pipeline.model.safetyChecker().verdict(on: picture, on: residents)
    }
  }
}

extension GeneratedPicture {
  /// The picture so blurred that only its large areas of colour can be told, with the same request: to be shown in the place of
  /// one that a safety checker finds unsafe.
  public func blurred() -> GeneratedPicture {
    GeneratedPicture(
      index: index, request: request, width: width, height: height, metadata: metadata,
      picture: picture.blurred())
  }
}

extension UpscaledPicture {
  /// As `GeneratedPicture.blurred()`.
  public func blurred() -> UpscaledPicture {
    UpscaledPicture(picture: picture.blurred(), record: record, metadata: metadata)
  }
}
