import Darkroom

/// Work for an engine, as a door asks for it: checked and complete.
package struct Order: Sendable {
  package enum Work: Sendable {
    case drawing(ResolvedRequest)
    case upscaling(UpscaleRequest)
  }

  /// What a finished picture becomes.
  package struct Output: Sendable, Equatable {
    package var format: PictureFormat
    /// Bytes; a picture that is larger as PNG is sent as JPEG. Nil for any size.
    package var most: Int?
    /// 1 to 100, of JPEG and WebP files; nil for the usual one.
    package var quality: Int?
    /// The part of the picture that was asked for; nil for all of it.
    package var part: Part?

    package struct Part: Sendable, Equatable {
      package var left, top, width, height: Int

      package init(left: Int, top: Int, width: Int, height: Int) {
        (self.left, self.top, self.width, self.height) = (left, top, width, height)
      }
    }

    package init(_ format: PictureFormat = .png, most: Int? = nil, quality: Int? = nil, part: Part? = nil) {
      (self.format, self.most, self.quality, self.part) = (format, most, quality, part)
    }

    var key: String {
      let part = part.map { " \($0.left) \($0.top) \($0.width) \($0.height)" } ?? ""
      return "\(format.rawValue) \(most ?? 0) \(quality ?? 0)\(part)"
    }
  }

  package var work: Work
  /// The name of a served model.
  package var model: String
  package var output: Output
  /// Clients take turns.
  package var client: String
  /// The name of the API that asks.
  package var door: String
  /// About how long it takes, in units of one picture of 512x512 pixels and 25 steps.
  package var cost: Double
  /// Whether the result may be that of an identical order, and may answer later ones.
  package var isShared = true

  package init(
    _ work: Work, model: String, output: Output = Output(), client: String, door: String = "",
    cost: Double? = nil
  ) {
    (self.work, self.model, self.output) = (work, model, output)
    (self.client, self.door) = (client, door)
    self.cost = cost ?? Self.cost(of: work)
  }

  package var pictures: Int { if case .drawing(let request) = work { request.count } else { 1 } }

  /// Sampling steps of all pictures.
  var steps: Int { if case .drawing(let request) = work { request.count * request.steps } else { 0 } }

  private static func cost(of work: Work) -> Double {
    switch work {
    case .drawing(let request):
      Double(request.count * request.steps) * Double(request.width * request.height) / (25 * 512 * 512)
    // A network of one pass, of which little is known before.
    case .upscaling(let request): request.redrawing == nil ? 0.5 : 4
    }
  }

  /// The same text for orders whose results are the same bytes.
  /// - Throws: `DarkroomError` of kind `request` for a picture that cannot be read.
  package func key() throws -> String {
    let work: String =
      switch self.work {
      case .drawing(let request): request.canonicalJSON
      case .upscaling(let request): try request.canonicalJSON()
      }
    return "\(model)\n\(output.key)\n\(work)"
  }
}

extension Order {
  /// The orders for at most so many pictures each that make up this one.
  func batches(of most: Int) -> [(first: Int, order: Order)] {
    guard case .drawing(let request) = work, pictures > most, request.hasPicturesApart else {
      return [(0, self)]
    }
    return stride(from: 0, to: pictures, by: most).map { first in
      var part = self
      part.work = .drawing(request.pictures(first..<min(first + most, pictures)))
      part.cost = cost * Double(part.pictures) / Double(pictures)
      return (first, part)
    }
  }
}
