import CPictures

/// What became of the colour profile (ICC) of a picture's file that was read.
public enum ProfileUse: String, Codable, Sendable {
  case none
  /// It says sRGB within a level of 8 bits, so that no value changed.
  case sRGB = "srgb"
  /// Its colours became those of sRGB.
  case applied
  /// It is damaged, too large, or of another kind of pixels, and was ignored.
  case unfit

  init(_ use: cpictures_profile) {
    switch use {
    case CPICTURES_PROFILE_NONE: self = .none
    case CPICTURES_PROFILE_SRGB: self = .sRGB
    case CPICTURES_PROFILE_USED: self = .applied
    default: self = .unfit
    }
  }
}

/// What a file says about its pixels. Damage there does not hinder reading them.
struct BesidePixels {
  /// EXIF's, 1 to 8.
  let orientation: Int
  /// Bytes of ICC; empty if there is no profile or it is damaged.
  let profile: [UInt8]
  let profileIsDamaged: Bool

  /// - Throws: `PictureError.tooMuch`.
  init(of contents: [UInt8], _ format: PictureFormat) throws {
    let block = try Self.unlessDamaged {
      switch format {
      case .png: try PNGFile.exif(in: contents)
      case .jpeg: try JPEGFile.exif(in: contents)
      case .webp: try WebPFile.exif(in: contents)
      }
    }
    orientation = block.flatMap { $0 }.flatMap { try? Exif($0, format: format).orientation } ?? 1
    let profile = try Self.unlessDamaged {
      switch format {
      case .png: try PNGFile.profile(in: contents)
      case .jpeg: try JPEGFile.profile(in: contents)
      case .webp: try WebPFile.profile(in: contents)
      }
    }
    let bytes = profile.flatMap { $0 } ?? []
    profileIsDamaged = profile == nil || bytes.count > PictureMetadata.longestBlock
    self.profile = profileIsDamaged ? [] : bytes
  }

  private static func unlessDamaged<Value>(_ read: () throws -> Value) throws -> Value? {
    do {
      return try read()
    } catch let error as PictureError {
      if case .tooMuch = error { throw error }
      return nil
    }
  }
}
