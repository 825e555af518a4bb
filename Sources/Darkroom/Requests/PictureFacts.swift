import Pictures

/// What a picture's file is, whoever wrote it.
public struct PictureFacts: Codable, Sendable, Equatable {
  /// `PNG`, `JPEG` or `WebP`, by the file's content.
  public let format: String
  /// Pixels.
  public let width: Int
  public let height: Int
  /// Whether it tells how it was made, so that `PictureRecord` can be read.
  public let holdsRequest: Bool

  private enum CodingKeys: String, CodingKey {
    case format, width, height
    case holdsRequest = "holds_request"
  }

  /// - Throws: `DarkroomError` of kind `request` if the file is no picture that can be read.
  public init(ofPicture path: String) throws {
    do {
      let contents = try InputFile.read(path)
      format = try PictureFormat(contents: contents).name
      let picture = try Picture.decode(contents)
      (width, height) = (picture.width, picture.height)
      let metadata = try PictureMetadata.read(from: contents)
      let text = metadata.parameters.map { A1111Text($0) }
      holdsRequest = metadata.json != nil || text?.fields.isEmpty == false
    } catch let error as any DescribedError {
      throw error.described.ofPicture(path)
    }
  }
}
