import Hub
import Pictures

/// A picture that a request starts from: a PNG, JPEG or WebP file, or the content of one.
///
/// Its pixels become 8-bit sRGB without transparency as `Picture.decode` says.
public struct InputPicture: Sendable, Equatable {
  /// The file's name, or what a picture without a file is called in errors and metadata.
  public var file: String
  /// SHA-256 of the file's content in hexadecimal digits; nil where it was not read yet. Another content is refused.
  public var sha256: String?
  /// The file's content, where it is at hand already.
  let contents: [UInt8]?
  /// The picture itself, where it was made here.
  private let made: Picture?

  public init(file: String, sha256: String? = nil) {
    (self.file, self.sha256, contents, made) = (file, sha256, nil, nil)
  }

  /// A picture that lies in no file.
  public init(contents: [UInt8], name: String = "picture") {
    (file, sha256, self.contents, made) = (name, nil, contents, nil)
  }

  /// A picture that was made here.
  init(_ picture: Picture, name: String) {
    (file, sha256, contents, made) = (name, nil, nil, picture)
  }

  /// Whether both name the same content.
  public static func == (a: InputPicture, b: InputPicture) -> Bool {
    (a.file, a.sha256) == (b.file, b.sha256) && a.contents == b.contents
  }

  /// Decodes the picture.
  /// - Parameter field: of the request, for errors.
  /// - Throws: `DarkroomError` of kind `request` if there is no such file, it is no picture, or another one.
  func read(_ field: String) throws -> (
    picture: Picture, sha256: String, contents: [UInt8], notices: [Notice]
  ) {
    do {
      if let made {
        return (made, try made.pixels.withUnsafeBytes { try FileHashes.sha256($0) }, [], [])
      }
      let bytes = try contents ?? InputFile.read(file)
      let found = try bytes.withUnsafeBytes { try FileHashes.sha256($0) }
      if let sha256, sha256 != found {
        throw DarkroomError(
          .request, field: file, found: found, expected: "the one with SHA-256 \(sha256)",
          "is another picture (SHA-256 \(found))")
      }
      let (picture, profile) = try Picture.decodeWithProfile(bytes)
      let problem = "its colour profile is damaged or of another kind of pixels, and was ignored"
      return (
        picture, found, bytes, profile == .unfit ? [Notice(description: "\(field): \(file): \(problem)")] : []
      )
    } catch let error as any DescribedError {
      let problem = error.described
      throw DarkroomError(
        .request, field: "\(field): \(file)",
        expected: problem.expected ?? sha256.map { "the picture with SHA-256 \($0)" },
        problem.message ?? "is not possible")
    } catch let error as DarkroomError {
      throw error.at(field)
    }
  }
}

extension InputPicture {
  /// A file's name, or an object that gives its hash too.
  init?(_ value: FieldValue) {
    switch value {
    case .text(let file): self.init(file: file)
    case .object(let fields):
      guard fields.count == 2, case .text(let file) = fields["file"], case .text(let hash) = fields["sha256"]
      else { return nil }
      self.init(file: file, sha256: hash)
    default: return nil
    }
  }

  var fieldValue: FieldValue {
    guard let sha256 else { return .text(file) }
    return .object(["file": .text(file), "sha256": .text(sha256)])
  }
}

extension FieldType<InputPicture> {
  static var picture: FieldType {
    FieldType(
      kind: .text, read: { InputPicture($0) }, write: \.fieldValue,
      expected: { _ in "the name of a PNG, JPEG or WebP file" },
      contains: { picture, _ in !picture.file.isEmpty },
      found: { $0.file })
  }
}
