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

  /// Whether nothing of it is brighter than black.
  package func isBlack(_ field: String) throws -> Bool { try !read(field).picture.pixels.contains { $0 > 0 } }

  /// Within another size and in its middle, with the colours of its edges around it.
  package func fitted(width: Int, height: Int, _ field: String) throws -> InputPicture {
    let picture = try read(field).picture
    // A1111's whole numbers.
    let isWide = width * picture.height < picture.width * height
    let inner = picture.resized(
      width: isWide ? width : max(1, picture.width * height / picture.height),
      height: isWide ? max(1, picture.height * width / picture.width) : height)
    let (left, up) = (width / 2 - inner.width / 2, height / 2 - inner.height / 2)
    let margins = Margins(
      left: left, right: width - inner.width - left, up: up, down: height - inner.height - up)
    return InputPicture(inner.extended(margins, by: .edge), name: file)
  }

  /// A part around its middle.
  package func middle(width: Int, height: Int, _ field: String) throws -> InputPicture {
    let picture = try read(field).picture
    let (width, height) = (min(width, picture.width), min(height, picture.height))
    return InputPicture(
      picture.cropped(
        left: (picture.width - width) / 2, top: (picture.height - height) / 2, width: width, height: height),
      name: file)
  }

  /// Mixed with another picture of its size, of which `share` is seen.
  package func mixed(with other: InputPicture, share: Double, _ field: String) throws -> InputPicture {
    let picture = try read(field).picture
    let other = try other.read(field).picture.resized(width: picture.width, height: picture.height)
    let pixels = zip(picture.pixels, other.pixels).map { own, other in
      UInt8((Double(own) + share * (Double(other) - Double(own))).rounded())
    }
    return InputPicture(Picture(width: picture.width, height: picture.height, pixels: pixels), name: file)
  }

  /// The bytes of a file with it.
  /// - Throws: `DarkroomError`.
  package func encoded(as format: PictureFormat, _ field: String) throws -> [UInt8] {
    let (picture, _, contents, _) = try read(field)
    return try DarkroomError.ofOutput {
      if !contents.isEmpty, try PictureFormat(contents: contents) == format { return contents }
      return try picture.encoded(as: format)
    }
  }

  /// With its mirror image beyond its sides.
  package func extended(_ margins: Margins, _ field: String) throws -> InputPicture {
    InputPicture(try read(field).picture.extended(margins), name: file)
  }
}

/// What graphs of nodes do with pictures.
extension InputPicture {
  package enum Channel: String, Sendable, CaseIterable { case red, green, blue }

  package enum Filter: String, Sendable, CaseIterable {
    case lanczos, bicubic, area

    fileprivate var filter: ResizeFilter {
      switch self {
      case .lanczos: .lanczos
      case .bicubic: .bicubic
      case .area: .area
      }
    }
  }

  /// A grey picture of one of its colours.
  package func channel(_ channel: Channel, _ field: String) throws -> InputPicture {
    let picture = try read(field).picture
    let offset = Channel.allCases.firstIndex(of: channel) ?? 0
    let pixels = picture.pixels.indices.map { picture.pixels[$0 / 3 * 3 + offset] }
    return InputPicture(Picture(width: picture.width, height: picture.height, pixels: pixels), name: file)
  }

  /// At another size, whatever its aspect.
  package func resized(
    width: Int, height: Int, by filter: Filter = .lanczos, _ field: String
  ) throws -> InputPicture {
    let picture = try read(field).picture
    guard (width, height) != (picture.width, picture.height) else { return self }
    return InputPicture(picture.resized(width: width, height: height, by: filter.filter), name: file)
  }

  /// Cut around its middle.
  package func cropped(toAspectOf size: (width: Int, height: Int), _ field: String) throws -> InputPicture {
    let (width, height) = try self.size(field)
    let (wide, high) = (Double(width) * Double(size.height), Double(height) * Double(size.width))
    return try middle(
      width: wide > high ? max(1, Int((high / Double(size.height)).rounded())) : width,
      height: high > wide ? max(1, Int((wide / Double(size.width)).rounded())) : height, field)
  }

  /// Cut around its middle, where its sides are no multiples.
  package func cropped(toMultiplesOf multiple: Int, _ field: String) throws -> InputPicture {
    let size = try self.size(field)
    guard size.width % multiple != 0 || size.height % multiple != 0 else { return self }
    guard size.width >= multiple, size.height >= multiple else {
      throw DarkroomError(
        .request, field: field, found: "\(size.width)x\(size.height)", expected: "\(multiple) pixels a side")
    }
    return try middle(
      width: size.width / multiple * multiple, height: size.height / multiple * multiple, field)
  }

  /// Grey where most of a mask is drawn anew.
  package func hiding(_ mask: InputPicture, _ field: String) throws -> InputPicture {
    let picture = try read(field).picture
    let shares = try mask.read("mask").picture.resized(
      width: picture.width, height: picture.height, by: .area)
    let pixels = zip(picture.pixels, shares.pixels).map { pixel, share in share >= 128 ? 128 : pixel }
    return InputPicture(Picture(width: picture.width, height: picture.height, pixels: pixels), name: file)
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
