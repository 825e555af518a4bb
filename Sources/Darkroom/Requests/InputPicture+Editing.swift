import Pictures

/// What hosted APIs say of pictures in other ways than requests do.
extension InputPicture {
  /// - Throws: as `read`, as do the others.
  package func size(_ field: String) throws -> (width: Int, height: Int) {
    let picture = try read(field).picture
    return (picture.width, picture.height)
  }

  /// The file's bytes, where they are at hand already.
  package var bytes: [UInt8] { contents ?? [] }

  /// A mask in which black is drawn anew.
  package func inverted(_ field: String) throws -> InputPicture {
    InputPicture(try read(field).picture.inverted, name: file)
  }

  /// A mask of what is transparent in the file; nil if nothing is.
  package func transparency(_ field: String) throws -> InputPicture? {
    let (picture, _, contents, _) = try read(field)
    guard !contents.isEmpty else { return nil }
    let mask = try DarkroomError.wrapping { try Picture.transparency(of: contents) }
    precondition(mask.width == picture.width, "one file has one size")
    return mask.pixels.contains { $0 > 0 } ? InputPicture(mask, name: file) : nil
  }

  /// With so many pixels at most.
  package func within(pixels most: Int, _ field: String) throws -> InputPicture {
    let picture = try read(field).picture
    let count = picture.width * picture.height
    guard count > most else { return self }
    let scale = (Double(most) / Double(count)).squareRoot()
    func side(_ pixels: Int) -> Int { max(1, Int(Double(pixels) * scale)) }
    return InputPicture(
      picture.resized(width: side(picture.width), height: side(picture.height)), name: file)
  }

  /// With its mirror image beyond its sides.
  package func extended(_ margins: Margins, _ field: String) throws -> InputPicture {
    InputPicture(try read(field).picture.extended(margins), name: file)
  }
}

extension GeneratedPicture {
  /// A part of it, with what its file tells.
  /// - Precondition: the part lies within the picture.
  package func cropped(left: Int, top: Int, width: Int, height: Int) -> GeneratedPicture {
    GeneratedPicture(
      index: index, request: request, width: width, height: height, metadata: metadata,
      picture: picture.cropped(left: left, top: top, width: width, height: height))
  }
}
