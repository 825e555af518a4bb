import Models
import SystemFiles

/// How a network wants its pictures: the shorter side at a size, the square in the middle, and then numbers around 0.
package struct PicturePreparation: Sendable, Equatable {
  /// Pixels of the shorter side of the resized picture.
  package private(set) var shorterSide = 224
  /// Pixels of a side of the square.
  package private(set) var side = 224
  /// Levels, 0 to 255, are multiplied by it.
  package private(set) var factor = 1.0 / 255
  /// What is then subtracted of red, green and blue, and what they are divided by: OpenAI's numbers for CLIP.
  package private(set) var means = [0.48145466, 0.4578275, 0.40821073]
  package private(set) var deviations = [0.26862954, 0.26130258, 0.27577711]

  /// Reads a transformers CLIPImageProcessor's `preprocessor_config.json`, or one of its former CLIPFeatureExtractor.
  /// - Throws: `ConfigurationError` naming the field that is malformed or asks for something else.
  package init(_ file: ConfigurationFile) throws {
    let classes: [JSONValue] = [
      "CLIPImageProcessor", "CLIPImageProcessorFast", "CLIPImageProcessorPil", "CLIPFeatureExtractor",
    ]
    try file.expect([
      "image_processor_type": classes, "feature_extractor_type": classes, "do_resize": [true],
      "do_center_crop": [true], "do_rescale": [true], "do_normalize": [true], "do_pad": [false],
      "use_square_size": [false],
      // PIL's number of its bicubic filter.
      "resample": [3],
    ])
    shorterSide = try file.side("size", ["shortest_edge"]) ?? shorterSide
    side = try file.side("crop_size", ["height", "width"]) ?? side
    factor = try file.number("rescale_factor", 0...1, default: factor)
    if file.has("image_mean") { means = try file.numbers("image_mean", -255...255, count: 3) }
    if file.has("image_std") { deviations = try file.numbers("image_std", 1e-6...255, count: 3) }
    guard side <= shorterSide else {
      throw file.error("crop_size", "\(side) is more than the size, \(shorterSide)")
    }
  }
}

extension ConfigurationFile {
  /// A length in pixels: a number, or an object in which all of some fields are that number.
  fileprivate func side(_ field: String, _ names: [String]) throws -> Int? {
    guard case .object = self[field] else { return has(field) ? try integer(field, 1...4096) : nil }
    guard let sides = try object(field) else { return nil }
    if let other = sides.names.first(where: { !names.contains($0) }) {
      throw sides.error(other, "is not supported; expected \(names.joined(separator: " and "))")
    }
    let lengths = try Set(names.map { try sides.integer($0, 1...4096) })
    guard lengths.count == 1, let length = lengths.first else {
      throw error(field, "\(lengths.sorted()) is not supported; expected a square")
    }
    return length
  }
}
