import Families
import Pictures
import Sampling

/// The picture that a pass starts from, and how what is drawn of it becomes the finished picture.
package struct StartingPicture: Sendable {
  /// Of the pass's size, or that of its latents where the model enlarges it.
  package let picture: Picture
  /// What of it is drawn anew; nil for all.
  package let mask: Mask?
  private let fill: GenerationRequest.MaskFill
  /// The picture that `picture` is a part of, if only that part is worked on.
  private let surrounding: Surrounding?
  /// What the user should know about the files.
  private(set) var notices: [Notice] = []

  private struct Surrounding: Sendable {
    let picture: Picture
    let mask: Mask
    let part: Region
  }

  /// Bytes that it takes while the job is at work, and beside it what is finished of it.
  var bytes: Int {
    func bytes(_ picture: Picture, _ mask: Mask?) -> Int {
      // Filling a part and meeting its surroundings each take three floats for a value, and smaller pictures of them.
      let blurred = fill == .blur || mask?.fadesIn == true ? 16 : 0
      return (2 + blurred) * picture.pixels.count + (mask?.shares.count ?? 0) * MemoryLayout<Float>.stride
    }
    return bytes(picture, mask) + (surrounding.map { bytes($0.picture, $0.mask) } ?? 0)
  }

  /// - Throws: `DarkroomError` of kind `request` that names the field.
  init?(_ request: ResolvedRequest, for model: ModelTraits) throws {
    guard let input = request.initPicture else { return nil }
    let read = try input.read(FieldKey.initPicture.stringValue)
    let picture = read.picture
    let readMask = try request.mask?.read(FieldKey.mask.stringValue)
    let mask = readMask?.picture.resized(width: picture.width, height: picture.height, by: .area)
    if let mask, request.inpaintArea == .masked {
      try self.init(around: Mask(mask, request), of: picture, mask, request)
    } else {
      self.init(all: picture, mask, request, scale: model.scale)
    }
    notices = read.notices + (readMask?.notices ?? [])
  }

  /// All of the picture, and what lies beyond its sides.
  /// - Parameter scale: pixels of what is drawn for one of the picture, a side.
  private init(all picture: Picture, _ mask: Picture?, _ request: ResolvedRequest, scale: Int) {
    let margins = request.outpaint ?? Margins()
    func sized(_ other: Picture, by filter: ResizeFilter) -> Picture {
      other.covering(
        width: (request.width - margins.left - margins.right) / scale,
        height: (request.height - margins.up - margins.down) / scale, by: filter)
    }
    let inner = sized(picture, by: .lanczos)
    var mask = mask.map { sized($0, by: .area) }
    if request.outpaint != nil { mask = (mask ?? Picture(blackLike: inner)).framed(margins) }
    self.picture = inner.extended(margins)
    self.mask = mask.map { Mask($0, request) }
    fill = request.maskFill ?? .original
    surrounding = nil
  }

  /// The part around the mask, enlarged or reduced to the request's size.
  private init(around whole: Mask, of picture: Picture, _ mask: Picture, _ request: ResolvedRequest) throws {
    guard let masked = whole.region else {
      throw DarkroomError(
        .request, field: FieldKey.mask.stringValue, expected: "white where inpaint_area masked draws",
        "is black")
    }
    let part = masked.grown(by: request.maskPadding ?? GenerationRequest.usualMaskPadding)
      .shaped(as: (request.width, request.height), within: (picture.width, picture.height))
    func enlarged(_ other: Picture, by filter: ResizeFilter) -> Picture {
      other.cropped(left: part.left, top: part.top, width: part.width, height: part.height)
        .resized(width: request.width, height: request.height, by: filter)
    }
    self.picture = enlarged(picture, by: .lanczos)
    self.mask = Mask(enlarged(whole.picture, by: .area))
    fill = request.maskFill ?? .original
    surrounding = Surrounding(picture: picture, mask: whole, part: part)
  }

  /// What is encoded.
  var filled: Picture {
    guard fill == .blur, let mask else { return picture }
    return picture.filled(mask.shares)
  }

  /// Clean latents with what stands in their masked part at first.
  func filled(_ clean: Latents, noise: Latents, _ system: NameSystem) -> Latents {
    guard let mask, fill == .noise || fill == .none else { return clean }
    var inside = noise
    if fill == .none { inside.scale(by: 0) }
    let size = LatentSize(height: clean.height, width: clean.width)
    return inside.mixed(mask.latents(size, in: system), over: clean)
  }

  /// What was drawn, with what was not to be drawn anew as it was.
  func finished(_ drawn: Picture) -> Picture {
    guard let surrounding else { return mask.map { met(drawn, $0, picture) } ?? drawn }
    let part = surrounding.part
    var all = surrounding.picture
    all.replace(left: part.left, top: part.top, by: drawn.resized(width: part.width, height: part.height))
    return met(all, surrounding.mask, surrounding.picture)
  }

  /// The masked part of one picture over another one, which it meets at its edge where it fades in.
  private func met(_ drawn: Picture, _ mask: Mask, _ picture: Picture) -> Picture {
    mask.composite(mask.fadesIn ? drawn.meeting(picture, at: mask.shares) : drawn, over: picture)
  }
}

/// A part of a picture, in pixels.
package struct Region: Sendable, Equatable {
  package var left: Int
  package var top: Int
  package var width: Int
  package var height: Int

  package init(left: Int, top: Int, width: Int, height: Int) {
    (self.left, self.top, self.width, self.height) = (left, top, width, height)
  }

  package func grown(by pixels: Int) -> Region {
    Region(left: left - pixels, top: top - pixels, width: width + 2 * pixels, height: height + 2 * pixels)
  }

  /// Grown to the aspect of a size as far as the picture allows, and moved into the picture.
  package func shaped(as size: (width: Int, height: Int), within picture: (width: Int, height: Int)) -> Region
  {
    let aspect = Double(size.width) / Double(size.height)
    let wanted = (
      width: max(width, Int((Double(height) * aspect).rounded())),
      height: max(height, Int((Double(width) / aspect).rounded()))
    )
    func moved(_ start: Int, _ length: Int, to wanted: Int, within all: Int) -> (Int, Int) {
      let fitting = min(wanted, all)
      return (min(max(start - (wanted - length) / 2, 0), all - fitting), fitting)
    }
    let (left, width) = moved(left, width, to: wanted.width, within: picture.width)
    let (top, height) = moved(top, height, to: wanted.height, within: picture.height)
    return Region(left: left, top: top, width: width, height: height)
  }
}

extension Mask {
  fileprivate init(_ picture: Picture, _ request: ResolvedRequest) {
    self.init(
      picture, grownBy: request.growMask ?? 0,
      fade: request.maskBlur ?? GenerationRequest.usualMaskBlur)
  }

  /// The least part with all that is drawn anew; nil if there is none.
  var region: Region? {
    let rows = (0..<height).filter { row in shares[(row * width)..<((row + 1) * width)].contains { $0 > 0 } }
    guard let top = rows.first, let bottom = rows.last else { return nil }
    let columns = (0..<width).filter { column in (top...bottom).contains { shares[$0 * width + column] > 0 } }
    guard let left = columns.first, let right = columns.last else { return nil }
    return Region(left: left, top: top, width: right - left + 1, height: bottom - top + 1)
  }

  /// The shares as grey levels.
  fileprivate var picture: Picture {
    Picture(
      width: width, height: height,
      pixels: shares.flatMap { share in
        let level = UInt8((255 * share).rounded())
        return [level, level, level]
      })
  }
}

extension Picture {
  fileprivate init(blackLike other: Picture) {
    self.init(
      width: other.width, height: other.height, pixels: [UInt8](repeating: 0, count: other.pixels.count))
  }
}
