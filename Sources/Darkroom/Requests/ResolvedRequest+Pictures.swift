import Families
import Pictures

extension GenerationRequest {
  /// The strength of image to image where a request names none, as in diffusers.
  static let usualStrength = 0.8
  /// Beyond a picture's sides a little of its mirror image is kept, which hides the seam.
  static let usualOutpaintStrength = 0.9
  static let usualMaskBlur = 4
  static let usualOutpaintBlur = 16
  /// A picture's outermost pixels often differ from the rest, and would show as a line.
  static let usualOutpaintGrowth = 16
  static let usualMaskPadding = 32
  /// diffusers' pipeline for InstructPix2Pix has it.
  static let usualPictureGuidanceScale = 1.5
  /// diffusers' pipeline for the x4 upscaler has it.
  static let usualNoiseLevel = 20

  /// Completes what belongs to the pictures that the request starts from: their content, the size and the strength.
  mutating func completePictures(for model: ModelDescription, _ limits: RequestLimits) throws {
    let isEditing = model.traits.pictureConditioning == .editing
    pictureGuidanceScale = isEditing ? pictureGuidanceScale ?? Self.usualPictureGuidanceScale : nil
    try completeNoiseLevel(for: model)
    guard let initPicture else {
      if isEditing || noiseLevel != nil {
        throw DarkroomError(
          .request, field: FieldKey.initPicture.stringValue, expected: "a picture",
          "is missing, and \(model.name) \(isEditing ? "edits" : "enlarges") pictures")
      }
      for field in [FieldKey.mask, .outpaint] where fields[field.stringValue] != nil {
        throw DarkroomError(
          .request, field: field.stringValue, expected: "init as well",
          "belongs to a picture to start from, and there is none")
      }
      (strength, maskBlur, growMask, inpaintArea, maskPadding) = (nil, nil, nil, nil, nil)
      (maskFill, structureSize) = (nil, nil)
      return
    }
    let read = try initPicture.read(FieldKey.initPicture.stringValue)
    self.initPicture?.sha256 = read.sha256
    let maskHash = try mask?.read(FieldKey.mask.stringValue).sha256
    mask?.sha256 = maskHash
    let isPart = mask != nil || outpaint != nil
    strength =
      noiseLevel != nil
      ? nil
      : strength
        ?? (outpaint != nil
          ? Self.usualOutpaintStrength : mask != nil || isEditing ? 1 : Self.usualStrength)
    maskBlur = isPart ? maskBlur ?? (outpaint == nil ? Self.usualMaskBlur : Self.usualOutpaintBlur) : nil
    growMask = isPart ? growMask ?? (outpaint != nil && mask == nil ? Self.usualOutpaintGrowth : 0) : nil
    maskFill = isPart ? maskFill ?? .original : nil
    inpaintArea = mask == nil ? nil : inpaintArea ?? .whole
    maskPadding = inpaintArea == .masked ? maskPadding ?? Self.usualMaskPadding : nil
    guard inpaintArea == .masked else { return try completeSize(of: read.picture, model, limits) }
    guard outpaint == nil else {
      throw DarkroomError(
        .request, field: "inpaint_area", found: "masked", expected: "whole with outpaint",
        "draws within the picture alone")
    }
  }

  /// The level for a model that enlarges pictures, which draws all of them anew.
  private mutating func completeNoiseLevel(for model: ModelDescription) throws {
    guard let noise = model.traits.pictureNoise else {
      noiseLevel = nil
      return
    }
    for field in [FieldKey.mask, .outpaint] where fields[field.stringValue] != nil {
      throw DarkroomError(
        .request, field: field.stringValue, expected: "none", "\(model.name) enlarges whole pictures")
    }
    let level = noiseLevel ?? min(Self.usualNoiseLevel, noise.mostLevel)
    guard level <= noise.mostLevel else {
      throw DarkroomError(
        .request, field: "noise_level", found: "\(level)", expected: "0 to \(noise.mostLevel) for this model")
    }
    noiseLevel = level
  }

  /// The picture's size and what is drawn beyond its sides.
  private mutating func completeSize(
    of picture: Picture, _ model: ModelDescription, _ limits: RequestLimits
  ) throws {
    let margins = outpaint ?? Margins()
    let (beside, above) = (margins.left + margins.right, margins.up + margins.down)
    let inner = (width: width.map { $0 - beside }, height: height.map { $0 - above })
    for (field, side) in [("width", inner.width), ("height", inner.height)] where (side ?? 1) < 1 {
      throw DarkroomError(
        .request, field: field, expected: "more than outpaint adds", "leaves nothing of the picture")
    }
    let size = model.size(width: inner.width, height: inner.height, of: picture)
    (width, height) = (size.width + beside, size.height + above)
    let most = limits.side.upperBound
    let scale = model.traits.scale
    guard scale == 1 || inner != (nil, nil) || max(picture.width, picture.height) * scale <= most else {
      throw DarkroomError(
        .request, field: FieldKey.initPicture.stringValue, found: "\(picture.width)x\(picture.height)",
        expected: "at most \(most / scale) a side, or a width and height of the result",
        "is \(picture.width)x\(picture.height), which \(model.name) makes \(scale) times as large")
    }
    guard max(size.width + beside, size.height + above) <= most else {
      throw DarkroomError(
        .request, field: FieldKey.outpaint.stringValue,
        found: "\(size.width + beside)x\(size.height + above)",
        expected: "at most \(most) a side, with the picture's \(size.width)x\(size.height)")
    }
  }
}

extension ModelDescription {
  /// The size of a picture that is made from another one: its own, at most what the model draws well, with its aspect
  /// where one side is given.
  fileprivate func size(width: Int?, height: Int?, of picture: Picture) -> (width: Int, height: Int) {
    let aspect = Double(picture.width) / Double(picture.height)
    let limits = RequestLimits.standard.side
    func side(_ pixels: Double) -> Int {
      let multiple = sideMultiple
      let rounded = Int((pixels.clamped(to: 1...1e6) / Double(multiple)).rounded()) * multiple
      return min(max(rounded, multiple), limits.upperBound / multiple * multiple)
    }
    switch (width, height) {
    case (let width?, let height?): return (width, height)
    case (let width?, nil): return (width, side(Double(width) / aspect))
    case (nil, let height?): return (side(Double(height) * aspect), height)
    case (nil, nil):
      let scale = Double(traits.scale)
      let own = (side(scale * Double(picture.width)), side(scale * Double(picture.height)))
      guard scale == 1 else { return own }
      return traits.firstPass(width: own.0, height: own.1) ?? own
    }
  }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
