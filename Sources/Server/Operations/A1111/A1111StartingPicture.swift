import Darkroom

extension GenerationRequest {
  /// Sets what belongs to starting pictures.
  /// - Returns: the pictures, at the size that is drawn, or as they are where only a part is; none for noise.
  /// - Throws: `Refusal`, or `DarkroomError` that names the parameter.
  mutating func takePictures(_ arguments: Arguments) throws -> [InputPicture] {
    let given = arguments.pictures("init_images")
    guard !given.isEmpty, let width, let height else { return [] }
    var whole = true
    if var mask = try Self.mask(arguments) {
      whole = arguments.flag("inpaint_full_res") == false
      // The web UI draws all of the picture where nothing is masked in its own resolution.
      if !whole, try mask.isBlack("mask") {
        whole = true
      } else {
        if whole { mask = try Self.sized(mask, "mask", width, height, arguments) }
        self.mask = mask
        inpaintArea = whole ? .whole : .masked
        maskBlur = try Self.blur(arguments)
        maskFill = [MaskFill.blur, .original, .noise, .none][arguments.integer("inpainting_fill") ?? 0]
      }
    }
    return try given.map { whole ? try Self.sized($0, "init_images", width, height, arguments) : $0 }
  }

  /// A mask with white where the picture is drawn anew. Where its file has transparent parts these stay.
  private static func mask(_ arguments: Arguments) throws -> InputPicture? {
    guard var mask = arguments.picture("mask") else { return nil }
    if let transparent = try mask.transparency("mask") { mask = try transparent.inverted("mask") }
    return arguments.flag("inpainting_mask_invert") == true ? try mask.inverted("mask") : mask
  }

  private static func blur(_ arguments: Arguments) throws -> Int? {
    if let both = arguments.integer("mask_blur") { return both }
    let (along, down) = (arguments.integer("mask_blur_x"), arguments.integer("mask_blur_y"))
    guard along == down else {
      throw Refusal(.request, field: "mask_blur_y", "must be the same as mask_blur_x")
    }
    return along
  }

  private static func sized(
    _ picture: InputPicture, _ name: String, _ width: Int, _ height: Int, _ arguments: Arguments
  ) throws -> InputPicture {
    switch arguments.integer("resize_mode") {
    // As every request cuts its picture.
    case 1: picture
    case 2: try picture.fitted(width: width, height: height, name)
    default: try picture.resized(width: width, height: height, name)
    }
  }
}
