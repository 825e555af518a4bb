import Pictures

@_exported import enum Pictures.ProfileUse

/// What a picture's file is, whoever wrote it.
public struct PictureFacts: Codable, Sendable, Equatable {
  /// `PNG`, `JPEG` or `WebP`, by the file's content.
  public let format: String
  /// Pixels.
  public let width: Int
  public let height: Int
  /// Whether it tells how it was made, so that `PictureRecord` can be read.
  public let holdsRequest: Bool
  /// What was done to enlarge it.
  public let upscaling: [UpscaleRecord]
  /// The program that made it, if its requests are not read.
  public let foreign: ForeignPicture?
  public let profile: ProfileUse
  /// A1111's text in the file, whatever it says.
  package private(set) var parameters: String?

  private enum CodingKeys: String, CodingKey {
    case format, width, height, profile, upscaling
    case holdsRequest = "holds_request"
    case foreign = "made_by"
  }

  /// - Throws: `DarkroomError` of kind `request` if the file is no picture that can be read.
  public init(ofPicture path: String) throws {
    try self.init(contents: InputFile.read(picture: path), name: path)
  }

  /// - Parameter path: what the picture is called in errors.
  /// - Throws: as `init(ofPicture:)`.
  public init(contents: [UInt8], name path: String) throws {
    do {
      format = try PictureFormat(contents: contents).name
      let (picture, profile) = try Picture.decodeWithProfile(contents)
      (width, height, self.profile) = (picture.width, picture.height, profile)
      let metadata = try PictureMetadata.read(from: contents)
      let text = metadata.parameters.map { A1111Text($0) }
      (upscaling, parameters) = (metadata.upscaling, metadata.parameters)
      holdsRequest = metadata.holdsRequest || text?.fields.isEmpty == false
      foreign = holdsRequest ? nil : ForeignPicture(metadata)
    } catch let error as any DescribedError {
      throw error.described.ofPicture(path)
    }
  }
}
