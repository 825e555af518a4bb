/// A picture that is to be enlarged.
public struct UpscaleRequest: Sendable {
  /// How a picture is enlarged.
  public enum Method: String, Codable, Sendable, CaseIterable {
    /// By a network that was trained for it.
    case fast
    /// By Lanczos' filter, which knows no pictures.
    case lanczos
    /// As `fast`, and then drawn anew by a diffusion model, so little that forms stay.
    case conservative
    /// The same, and as much as `Redrawing.creativity` says: new detail where the picture had none.
    case creative
  }

  public var picture: InputPicture
  /// How many times as wide and high the result is; nil for what the network does in one pass, or 4 with `lanczos`.
  public var scale: Double?
  public var method: Method
  /// The network of `fast`.
  public var upscaler: UpscalerSource
  /// `auto` is float16 on a GPU and float32 on the processor, where bfloat16 may be several times as fast, and some levels
  /// differ.
  public var precision: GenerationRequest.Precision
  /// What `conservative` and `creative` draw, and how.
  public var redrawing: Redrawing?
  /// What is possible: `scale` and `upscaledPixels`.
  public var limits: RequestLimits

  public init(
    _ picture: InputPicture, scale: Double? = nil, method: Method = .fast,
    upscaler: UpscalerSource = .builtIn, precision: GenerationRequest.Precision = .auto,
    limits: RequestLimits = .standard
  ) {
    (self.picture, self.scale, self.method) = (picture, scale, method)
    (self.upscaler, self.precision, self.limits) = (upscaler, precision, limits)
  }

  /// The size that a picture gets.
  /// - Throws: `DarkroomError` of kind `request` if the scale is out of range or the result too large.
  package func size(of picture: (width: Int, height: Int), times scale: Double) throws -> (
    width: Int, height: Int
  ) {
    guard limits.scale.contains(scale) else {
      throw DarkroomError(
        .request, field: "scale", found: scale.shortest,
        expected: "a number from \(limits.scale.lowerBound.shortest) to \(limits.scale.upperBound.shortest)")
    }
    let size = (
      width: max(1, Int((Double(picture.width) * scale).rounded())),
      height: max(1, Int((Double(picture.height) * scale).rounded()))
    )
    let (pixels, overflow) = size.width.multipliedReportingOverflow(by: size.height)
    guard !overflow, pixels <= limits.upscaledPixels else {
      throw DarkroomError(
        .request, field: "scale", found: scale.shortest,
        expected: "a picture of at most \(limits.upscaledPixels) pixels",
        help: "choose a smaller scale, or raise the limit",
        "\(scale.shortest) makes \(size.width)x\(size.height)")
    }
    return size
  }
}

extension UpscaleRequest {
  /// The same text for requests whose results are the same: what the picture is is said by its hash.
  /// - Throws: `DarkroomError` of kind `request` if the picture cannot be read.
  package func canonicalJSON() throws -> String {
    var fields: [String: FieldValue] = [
      "method": .text(method.rawValue), "upscaler": .text(upscaler.path),
      "precision": .text(precision.rawValue), "picture": .text(try picture.read("picture").sha256),
    ]
    fields["scale"] = scale.map { .number($0.shortest) }
    fields["creativity"] = redrawing?.creativity.map { .number($0.shortest) }
    fields["drawing"] = redrawing.map { .object($0.request.fields) }
    fields["model"] = (redrawing?.model).map { .text($0.path) }
    return FieldValue.object(fields).json
  }
}

/// What was done to enlarge a picture: it stands in the file.
public struct UpscaleRecord: Codable, Sendable, Equatable {
  public let method: UpscaleRequest.Method
  public let scale: Double
  /// The network's name and the SHA-256 of its file; nil for `lanczos`, as is `precision`.
  public let model: String?
  public let fingerprint: String?
  /// How the network's values were stored.
  public let precision: String?
  /// Of the picture before.
  public let width: Int
  public let height: Int
  /// What the enlarged picture was drawn anew by, and how creatively; nil for `fast` and `lanczos`.
  public internal(set) var creativity: Double?
  public internal(set) var drawing: ResolvedRequest?

  private enum CodingKeys: String, CodingKey {
    case method, scale, model, precision, width, height, creativity, drawing
    case fingerprint = "model_fingerprint"
  }
}

/// What happens while a picture is enlarged.
public enum UpscaleEvent: Sendable, Equatable {
  /// The share that is done, 0...1.
  case progress(Double)
  case notice(Notice)
}
