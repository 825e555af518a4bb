import Darkroom

/// A mask on a link: white is drawn anew.
enum ComfyMask: Sendable {
  /// What is transparent in a picture's file.
  case transparency(InputPicture)
  /// The brightness of a colour in it.
  case colour(InputPicture, InputPicture.Channel)

  /// - Throws: `ComfyValues.Problem` if the file has nothing transparent; `DarkroomError`.
  func picture(_ input: String) throws -> InputPicture {
    switch self {
    case .colour(let picture, let channel): return try picture.channel(channel, input)
    case .transparency(let picture):
      guard let mask = try picture.transparency(input) else {
        throw ComfyValues.Problem(input, "\(picture.file) has no transparent part, which would be the mask")
      }
      return mask
    }
  }
}

/// Another size for a picture.
enum ComfyScaling: Sendable {
  /// 0 for a side that keeps the aspect; `crops` cuts to the new aspect around the middle.
  case to(width: Int, height: Int, crops: Bool, InputPicture.Filter)
  case by(Double, InputPicture.Filter)

  static let filters = InputPicture.Filter.allCases.map(\.rawValue)

  static func filter(_ name: String) -> InputPicture.Filter {
    InputPicture.Filter(rawValue: name) ?? .lanczos
  }

  func apply(to picture: InputPicture, _ input: String) throws -> InputPicture {
    let old = try picture.size(input)
    let limits = RequestLimits.standard
    func check(_ width: Double, _ height: Double) throws -> (width: Int, height: Int) {
      let (width, height) = (max(1, width.rounded()), max(1, height.rounded()))
      guard width * height <= Double(limits.upscaledPixels) else {
        throw ComfyValues.Problem(
          input, "\(width.shortest)x\(height.shortest) are more than \(limits.upscaledPixels) pixels")
      }
      return (Int(width), Int(height))
    }
    switch self {
    case .by(let scale, let filter):
      let size = try check(Double(old.width) * scale, Double(old.height) * scale)
      return try picture.resized(width: size.width, height: size.height, by: filter, input)
    case .to(let width, let height, let crops, let filter):
      if width == 0, height == 0 { return picture }
      let aspect = Double(old.width) / Double(old.height)
      let size = try check(
        width == 0 ? Double(height) * aspect : Double(width),
        height == 0 ? Double(width) / aspect : Double(height))
      return try (crops ? picture.cropped(toAspectOf: size, input) : picture)
        .resized(width: size.width, height: size.height, by: filter, input)
    }
  }
}

/// What a sampler node asks for.
struct ComfyDrawing: Sendable {
  let model: ServedModel
  /// Complete but for the pictures that it starts from.
  var request: GenerationRequest
  let start: ComfyLatent

  /// - Parameter pictures: those that steps have made.
  /// - Throws: `ComfyValues.Problem`, `DarkroomError`.
  func ask(_ pictures: ComfyPictures) throws -> Ask {
    var request = request
    if case .encoded(let source) = start.content {
      let mask = try start.mask?.picture("mask")
      // Latents are eight times as small, so that what is left over at the sides is cut.
      let whole = try pictures.one(source, "pixels")
      var picture = try whole.cropped(toMultiplesOf: 8, "pixels")
      if let mask {
        let isSameSize = try mask.size("mask") == whole.size("pixels")
        let cut = isSameSize ? try mask.cropped(toMultiplesOf: 8, "mask") : mask
        if start.hidesMasked { picture = try picture.hiding(cut, "pixels") }
        (request.mask, request.growMask, request.maskBlur) = (cut, start.growth, 0)
      }
      let size = try picture.size("pixels")
      (request.initPicture, request.width, request.height) = (picture, size.width, size.height)
    }
    return Ask(.drawing(request), model)
  }
}

/// The pictures of a plan, as far as its steps have made them.
struct ComfyPictures: Sendable {
  private(set) var made: [Int: [MadePicture]] = [:]

  mutating func add(_ pictures: [MadePicture], of step: Int) { made[step] = pictures }

  func all(_ picture: ComfyPicture, _ input: String) throws -> [InputPicture] {
    switch picture {
    case .given(let picture): [picture]
    case .made(let step):
      (made[step] ?? []).map { InputPicture(contents: $0.bytes, name: "picture \($0.index + 1)") }
    case .scaled(let picture, let scaling): try all(picture, input).map { try scaling.apply(to: $0, input) }
    }
  }

  func one(_ picture: ComfyPicture, _ input: String) throws -> InputPicture {
    let all = try all(picture, input)
    guard all.count == 1 else { throw ComfyValues.Problem(input, "has \(all.count) pictures; must be one") }
    return all[0]
  }

  /// The files that a picture is kept as: those of the engine where nothing was changed since.
  func files(_ picture: ComfyPicture) throws -> [[UInt8]] {
    if case .made(let step) = picture { return (made[step] ?? []).map(\.bytes) }
    return try all(picture, "images").map { try $0.encoded(as: .png, "images") }
  }
}
