import FoundationEssentials
import Pictures
import Sampling
import SystemFiles

// The file formats that pictures are written in are named by users of the library too.
@_exported import enum Pictures.PictureFormat

/// A finished picture with the request that makes it again.
public struct GeneratedPicture: Sendable {
  /// 0 for the first of its request.
  public internal(set) var index: Int
  /// What makes this picture again: with its own seed, and a count of 1.
  public let request: ResolvedRequest
  public let width: Int
  public let height: Int
  /// 8-bit RGB, rows from the top, `[height, width, 3]`.
  public var pixels: [UInt8] { picture.pixels }
  /// What is written into the file: A1111's text and the request as JSON.
  package let metadata: PictureMetadata
  /// A1111's text in the file.
  package var parameters: String? { metadata.parameters }
  let picture: Picture

  /// Writes the picture with its metadata, whole or not at all: PNG, JPEG or WebP by the path's ending.
  /// - Throws: `DarkroomError` of kind `output`.
  public func write(to path: String) throws {
    try DarkroomError.ofOutput { try picture.write(to: path, metadata: metadata) }
  }

  /// As `write(to:)`, but replaces nothing: takes the first of some names in one folder that is free.
  /// - Returns: the path that the file got; nil if none is free.
  /// - Throws: `DarkroomError` of kind `output`.
  package func write(toFirstFreeOf names: some Sequence<String>) throws -> String? {
    guard let first = names.first(where: { _ in true }) else { return nil }
    return try DarkroomError.ofOutput {
      try AtomicFile.write(encoded(as: PictureFormat(fileName: first)), toFirstFreeOf: names)
    }
  }

  /// The picture as a terminal shows it.
  package var sheet: PreviewSheet { PreviewSheet(self) }

  /// The bytes of a file with the picture and its metadata.
  /// - Throws: `DarkroomError` of kind `output`.
  public func encoded(as format: PictureFormat = .png) throws -> [UInt8] {
    try encoded(as: format, quality: nil)
  }

  /// - Parameter quality: 1 to 100, for JPEG and WebP; 95 if nil.
  package func encoded(as format: PictureFormat, quality: Int?) throws -> [UInt8] {
    try DarkroomError.ofOutput {
      try picture.encoded(as: format, quality: quality ?? 95, metadata: metadata)
    }
  }

  /// Fails early if a picture could not be written under this name.
  /// - Throws: `DarkroomError` of kind `output` that lists the known endings.
  public static func checkEnding(of path: String) throws {
    _ = try DarkroomError.ofOutput { try PictureFormat(fileName: path) }
  }
}

extension GeneratedPicture: Codable {
  private enum CodingKeys: String, CodingKey {
    case index, request, png
  }

  /// The picture is a PNG file with its metadata.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    let file = [UInt8](try fields.decode(Data.self, forKey: .png))
    do {
      picture = try Picture.decode(file)
      metadata = try PictureMetadata.read(from: file)
    } catch {
      throw DecodingError.dataCorruptedError(forKey: .png, in: fields, debugDescription: "\(error)")
    }
    index = try fields.decode(Int.self, forKey: .index)
    request = try fields.decode(ResolvedRequest.self, forKey: .request)
    (width, height) = (picture.width, picture.height)
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(index, forKey: .index)
    try fields.encode(request, forKey: .request)
    try fields.encode(Data(encoded(as: .png)), forKey: .png)
  }
}

extension GenerationRequest {
  /// Reads the request back from a picture that this engine made.
  /// - Throws: `DarkroomError` of kind `request` if the file cannot be read or holds no request.
  public static func read(fromPicture path: String) throws -> GenerationRequest {
    try decode(fromPicture: path)
  }

  static func decode<Request: Decodable>(fromPicture path: String) throws -> Request {
    do {
      return try decode(PictureMetadata.read(file: path).json, path)
    } catch let error as any DescribedError {
      throw error.described.ofPicture(path)
    }
  }

  /// - Parameters:
  ///   - json: what a picture's file holds.
  ///   - path: what the picture is called in errors.
  static func decode<Request: Decodable>(_ json: String?, _ path: String) throws -> Request {
    guard let json else {
      throw DarkroomError(.request, field: path, "holds no request of this engine")
    }
    do {
      return try JSONDecoder().decode(Request.self, from: Data(json.utf8))
    } catch {
      throw DarkroomError(.request, field: path, "its request cannot be read: \(DarkroomError.reason(error))")
    }
  }
}

extension Job {
  /// A1111's text and the request as JSON.
  /// - Parameter request: of one of the job's pictures.
  func metadata(_ request: ResolvedRequest, model: String) -> PictureMetadata {
    let first = passes[0]
    let second = passes.dropFirst().last
    var fields = [
      "Steps: \(request.steps)", "Sampler: \(sampler.title)", "Schedule type: \(schedule.name(in: .a1111))",
      "CFG scale: \(request.guidanceScale.shortest)", "Seed: \(request.seed)",
      "Size: \(first.size)",
    ]
    if let content = request.model?.content { fields.append("Model hash: \(content.short)") }
    fields.append("Model: \(model)")
    if let vae = request.model?.vae {
      if let content = vae.content { fields.append("VAE hash: \(content.short)") }
      fields.append("VAE: \(vae.name)")
    }
    if let strength = second?.strength ?? request.strength {
      fields.append("Denoising strength: \(strength.shortest)")
    }
    fields += request.variationFields + request.maskFields
    if request.clipSkip > 0 { fields.append("Clip skip: \(request.clipSkip + 1)") }
    // A1111's own default is a GPU's numbers, so the processor's must be said.
    fields.append("RNG: \(request.noise == .nvidia ? "NV" : "CPU")")
    if let eta = request.eta, eta != sampler.defaultEta(in: request.system) {
      fields.append("Eta: \(eta.shortest)")
    }
    if request.guidanceRescale > 0 { fields.append("CFG rescale: \(request.guidanceRescale.shortest)") }
    if request.guidanceStart > 0 { fields.append("Guidance start: \(request.guidanceStart.shortest)") }
    if request.guidanceEnd < 1 { fields.append("Guidance end: \(request.guidanceEnd.shortest)") }
    if let second {
      fields += [
        "Hires resize: \(second.size)", "Hires steps: \(request.secondPassSteps ?? request.steps)",
        "Hires upscaler: \(enlargement.title)",
      ]
    }
    fields.append("Version: darkroom \(darkroomVersion)")
    let negative = request.negativePrompt.isEmpty ? "" : "\nNegative prompt: \(request.negativePrompt)"
    return PictureMetadata(
      parameters: "\(request.prompt)\(negative)\n\(fields.joined(separator: ", "))",
      json: request.canonicalJSON)
  }
}

extension ResolvedRequest {
  /// As A1111 writes variations of a seed.
  fileprivate var variationFields: [String] {
    var fields: [String] = []
    if let subseed, let subseedStrength {
      fields += ["Variation seed: \(subseed)", "Variation seed strength: \(subseedStrength.shortest)"]
    }
    if let seedWidth, let seedHeight { fields.append("Seed resize from: \(seedWidth)x\(seedHeight)") }
    return fields
  }

  /// As A1111 writes inpainting.
  fileprivate var maskFields: [String] {
    var fields = maskBlur.map { ["Mask blur: \($0)"] } ?? []
    if let maskFill, maskFill != .original {
      fields.append("Masked content: \(A1111Text.maskFills[maskFill] ?? "")")
    }
    if inpaintArea == .masked {
      fields += ["Inpaint area: Only masked", "Masked area padding: \(maskPadding ?? 0)"]
    }
    return fields
  }
}
