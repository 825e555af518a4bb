import Families
import Pictures
import Sampling

/// What a picture that is still being sampled will look like, roughly: the network's estimate of the clean latents
/// after a step, not decoded but coloured by a linear function of each latent pixel.
public struct GenerationPreview: Codable, Sendable, Equatable {
  /// Of the picture in its request, from 0.
  public internal(set) var index: Int
  /// The pictures that are sampled together now, this one among them.
  public internal(set) var together: Range<Int>
  /// Finished steps of the picture and all of them, those of both passes where there are two.
  public let step: Int
  public let steps: Int
  /// Latent pixels of the pass at work: with usual autoencoders an eighth of its picture's.
  public let width: Int
  public let height: Int
  /// 8-bit RGB, rows from the top, `[height, width, 3]`.
  public let pixels: [UInt8]
  /// Pixels of the finished picture.
  public let pictureWidth: Int
  public let pictureHeight: Int

  package init(
    index: Int, together: Range<Int>, step: Int, steps: Int, width: Int, height: Int, pixels: [UInt8],
    pictureWidth: Int, pictureHeight: Int
  ) {
    precondition(pixels.count == width * height * 3, "\(pixels.count) bytes for \(width)x\(height) pixels")
    (self.index, self.together, self.step, self.steps) = (index, together, step, steps)
    (self.width, self.height, self.pixels) = (width, height, pixels)
    (self.pictureWidth, self.pictureHeight) = (pictureWidth, pictureHeight)
  }
}

extension GenerationPreview {
  /// The preview of a part's picture as one of the whole: its index and those beside it are so many higher.
  package func moved(by places: Int) -> GenerationPreview {
    var moved = self
    (moved.index, moved.together) = (
      index + places, together.lowerBound + places..<together.upperBound + places
    )
    return moved
  }

  /// A picture file of the latent pixels, which whoever shows it enlarges.
  /// - Parameter isWhole: whether it has the finished picture's size instead.
  /// - Throws: `DarkroomError` of kind `output`.
  package func encoded(as format: PictureFormat = .png, isWhole: Bool = false) throws -> [UInt8] {
    let picture = Picture(width: width, height: height, pixels: pixels)
    return try DarkroomError.ofOutput {
      try (isWhole ? picture.resized(width: pictureWidth, height: pictureHeight) : picture).encoded(
        as: format)
    }
  }
}

/// Colours a job's estimates of clean pictures, and tells them after each step.
package final class Previewer {
  private let colours: PreviewColours
  private let pictureWidth: Int
  private let pictureHeight: Int
  private let tell: (GenerationPreview) -> Void
  private var size = (width: 0, height: 0)
  /// Of the pictures at work.
  private var pixels: [[UInt8]] = []

  package init(
    _ colours: PreviewColours, pictureWidth: Int, pictureHeight: Int,
    tell: @escaping (GenerationPreview) -> Void
  ) {
    (self.colours, self.tell) = (colours, tell)
    (self.pictureWidth, self.pictureHeight) = (pictureWidth, pictureHeight)
  }

  /// Colours an estimate; the last one before a step ends is told.
  func take(_ clean: Latents) {
    size = (clean.width, clean.height)
    pixels = (0..<clean.batch).map { colours.pixels(of: clean, picture: $0) }
  }

  /// - Parameter progress: after a step.
  func tell(_ progress: GenerationProgress) {
    let first = progress.finishedPictures
    for (offset, pixels) in pixels.enumerated() {
      tell(
        GenerationPreview(
          index: first + offset, together: first..<first + self.pixels.count, step: progress.step,
          steps: progress.steps, width: size.width, height: size.height, pixels: pixels,
          pictureWidth: pictureWidth, pictureHeight: pictureHeight))
    }
    pixels = []
  }
}

extension PreviewColours {
  /// 8-bit RGB, `[height, width, 3]`.
  package func pixels(of latents: Latents, picture: Int) -> [UInt8] {
    precondition(latents.channels == red.count, "\(red.count) factors for \(latents.channels) channels")
    let count = latents.width * latents.height
    let start = picture * latents.pictureCount
    return [UInt8](unsafeUninitializedCapacity: 3 * count) { bytes, initialized in
      latents.values.withUnsafeBufferPointer { values in
        for (colour, factors) in [red, green, blue].enumerated() {
          for pixel in 0..<count {
            var sum = bias[colour]
            for (channel, factor) in factors.enumerated() {
              sum += factor * Float(values[start + channel * count + pixel])
            }
            bytes.initializeElement(at: 3 * pixel + colour, to: Self.level(sum))
          }
        }
      }
      initialized = 3 * count
    }
  }

  /// -1 to 1 as 0 to 255. What is no number is black here; the engine says so itself after the step.
  private static func level(_ value: Float) -> UInt8 {
    let level = (value / 2 + 0.5) * 255
    guard level > 0 else { return 0 }
    return level < 255 ? UInt8(level.rounded()) : 255
  }
}
