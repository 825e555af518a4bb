import FoundationEssentials
import SystemFiles

/// What all pictures of a comparison have in common.
package struct ComparisonSetting: Codable, Sendable, Equatable {
  package let engineVersion: String
  package let model: String
  /// A fingerprint, in which models of one name differ.
  package let weights: String
  /// What computed, in words: "avx512, 2 threads".
  package let computes: String
  package let precision: String
  package let width: Int
  package let height: Int
  package let guidanceScale: Double
  package let negativePrompt: String
  /// Where the noise comes from, in words.
  package let noise: String
  /// How often each cell was sampled.
  package let repeats: Int
  /// Network calls of what cells are measured against.
  package let referenceCalls: Int

  package init(
    engineVersion: String, model: String, weights: String, computes: String, precision: String, width: Int,
    height: Int, guidanceScale: Double, negativePrompt: String, noise: String, repeats: Int,
    referenceCalls: Int
  ) {
    self.engineVersion = engineVersion
    self.model = model
    self.weights = weights
    self.computes = computes
    self.precision = precision
    self.width = width
    self.height = height
    self.guidanceScale = guidanceScale
    self.negativePrompt = negativePrompt
    self.noise = noise
    self.repeats = repeats
    self.referenceCalls = referenceCalls
  }

  enum CodingKeys: String, CodingKey {
    case engineVersion = "engine_version"
    case model
    case weights
    case computes
    case precision
    case width
    case height
    case guidanceScale = "guidance_scale"
    case negativePrompt = "negative_prompt"
    case noise
    case repeats
    case referenceCalls = "reference_calls"
  }
}

/// All that a comparison measured, as `results.json` keeps it.
package struct ComparisonResults: Codable, Sendable, Equatable {
  package let setting: ComparisonSetting
  package let prompts: [String]
  package let references: [ReferenceRecord]
  package let cells: [CellRecord]

  package init(
    setting: ComparisonSetting, prompts: [String], references: [ReferenceRecord], cells: [CellRecord]
  ) {
    self.setting = setting
    self.prompts = prompts
    self.references = references
    self.cells = cells
  }

  /// `results.json`: keys in order of the alphabet, so equal results are equal bytes.
  /// - Throws: `ComparisonError.field` for a number that JSON cannot hold (infinite or not a number).
  package func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return try [UInt8](encoder.encode(self)) + [UInt8(ascii: "\n")]
    } catch EncodingError.invalidValue(let value, let context) {
      throw ComparisonError.field(
        path: Self.path(context.codingPath), expected: "a finite number, not \(value)")
    }
  }

  /// Reads what `encoded` wrote.
  /// - Throws: `ComparisonError.notJSON`, or `.field` for the first field that is missing, of another type or
  ///   outside its range.
  package init(json: [UInt8]) throws {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(json))
    } catch DecodingError.keyNotFound(let key, let context) {
      throw ComparisonError.field(path: Self.path(context.codingPath + [key]), expected: "a value")
    } catch DecodingError.typeMismatch(let type, let context) {
      throw ComparisonError.field(path: Self.path(context.codingPath), expected: DecodingError.noun(type))
    } catch DecodingError.valueNotFound(let type, let context) {
      throw ComparisonError.field(path: Self.path(context.codingPath), expected: DecodingError.noun(type))
    } catch DecodingError.dataCorrupted(let context) {
      guard !context.codingPath.isEmpty else {
        throw ComparisonError.notJSON(reason: context.debugDescription)
      }
      throw ComparisonError.field(path: Self.path(context.codingPath), expected: "a value it can hold")
    }
    try validate()
  }

  /// The reference that a cell was measured against.
  package func reference(of cell: CellRecord) -> ReferenceRecord? {
    let candidates = references.filter {
      $0.kind == cell.kind && $0.prompt == cell.key.prompt && $0.seed == cell.key.seed
    }
    return candidates.first { $0.of == cell.key.method }
      ?? candidates.first { $0.of?.sampler == cell.key.sampler } ?? candidates.first { $0.of == nil }
  }

  static func path(_ keys: [any CodingKey]) -> String {
    guard !keys.isEmpty else { return "the results" }
    return keys.reduce(into: "") { path, key in
      if let index = key.intValue {
        path += "[\(index)]"
      } else {
        path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
  }
}
