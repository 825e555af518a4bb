import Darkroom
import FoundationEssentials

extension Operation {
  static let a1111Extras: [Operation] = [
    Operation(
      .a1111, .post, "/sdapi/v1/extra-single-image", "Enlarges a picture", body: .json,
      parameters: [Parameter("image", .picture, "the picture", isRequired: true)] + A1111Enlarging.parameters,
      .tell { visit in
        let pictures = try await A1111Enlarging.enlarged([visit.arguments.needed("image")], visit)
        return FieldValue.object(["html_info": "", "image": pictures[0]]).response()
      }),
    Operation(
      .a1111, .post, "/sdapi/v1/extra-batch-images", "Enlarges pictures", body: .json,
      parameters: [Parameter("imageList", .anything, "objects with data and a name", isRequired: true)]
        + A1111Enlarging.parameters,
      .tell { visit in
        let pictures = try await A1111Enlarging.enlarged(A1111Enlarging.list(visit), visit)
        return FieldValue.object(["html_info": "", "images": .list(pictures)]).response()
      }),
    Operation(
      .a1111, .post, "/sdapi/v1/png-info", "Tells what a picture's file says about how it was made",
      body: .json,
      parameters: [Parameter("image", .picture, "the picture", isRequired: true)],
      .tell { visit in
        let facts = try PictureFacts(contents: visit.arguments.needed("image").bytes, name: "image")
        return A1111PictureText.answer(facts.parameters).response()
      }),
  ]
}

/// What the web UI calls extras.
enum A1111Enlarging {
  static let parameters: [Parameter] = [
    Parameter("resize_mode", .integer(0...1), "0 for upscaling_resize, 1 for a size", initial: 0),
    Parameter("upscaling_resize", .number(0.25...8), "how many times as wide and high", initial: 2),
    Parameter("upscaling_resize_w", .integer(1...4096), "width", initial: 512),
    Parameter("upscaling_resize_h", .integer(1...4096), "height", initial: 512),
    Parameter("upscaling_crop", .flag, "whether the size is cut to", initial: true),
    Parameter("upscaler_1", .text(0...200), "one of /sdapi/v1/upscalers", initial: "None"),
    Parameter("upscaler_2", .text(0...200), "another one", initial: "None"),
    Parameter(
      "extras_upscaler_2_visibility", .number(0...1), "how much of its result is seen", initial: 0),
    Parameter("gfpgan_visibility", .number(0...1), "0, since no face restorer is here", initial: 0),
    Parameter("codeformer_visibility", .number(0...1), "0, since no face restorer is here", initial: 0),
    Parameter("codeformer_weight", .anything, "read, and without effect"),
    Parameter("upscale_first", .anything, "read, and without effect"),
    Parameter("show_extras_results", .anything, "read, and without effect"),
  ]

  private static let most = 16

  /// - Throws: `Refusal` that names the parameter.
  static func list(_ visit: Visit) async throws -> [InputPicture] {
    let items = visit.arguments.list("imageList") ?? []
    guard (1...most).contains(items.count) else {
      throw Refusal(.request, field: "imageList", "must be a list of 1 to \(most) pictures")
    }
    var pictures: [InputPicture] = []
    for item in items {
      guard case .object(let fields) = item, case .text(let text)? = fields["data"] else {
        throw Refusal(.request, field: "imageList", "must hold objects with data and a name")
      }
      let bytes =
        PictureLinks.isAddress(text)
        ? try await visit.premises.links.bytes(at: text, "imageList")
        : try RequestBody.Content.value(.text(text)).file("imageList")
      pictures.append(InputPicture(contents: bytes, name: "image"))
    }
    return pictures
  }

  /// The results as base64; those that are finished, if the client ends the request.
  static func enlarged(_ pictures: [InputPicture], _ visit: Visit) async throws -> [FieldValue] {
    for name in ["gfpgan_visibility", "codeformer_visibility"] where visit.arguments.number(name) ?? 0 > 0 {
      throw Refusal(.request, field: name, "needs a model that restores faces, which is not here; expected 0")
    }
    let (one, other) = (try upscaler("upscaler_1", visit), try upscaler("upscaler_2", visit))
    let share = visit.arguments.number("extras_upscaler_2_visibility") ?? 0
    let run = visit.premises.a1111.begin("extras", parts: pictures.count, for: visit.request.client)
    defer { visit.premises.a1111.end(run) }
    var results: [FieldValue] = []
    for (number, picture) in pictures.enumerated() {
      guard run.enter(part: number), var result = try await enlarged(picture, by: one, visit, run) else {
        continue
      }
      if share > 0, other != .none, other != one {
        guard let second = try await enlarged(picture, by: other, visit, run) else { continue }
        result = try result.mixed(with: second, share: share, "image")
      }
      if visit.arguments.integer("resize_mode") == 1, visit.arguments.flag("upscaling_crop") != false,
        one != .none
      {
        let size = size(visit)
        result = try result.middle(width: size.width, height: size.height, "image")
      }
      results.append(.text(Data(try result.encoded(as: .png, "image")).base64EncodedString()))
    }
    guard !results.isEmpty else { throw Refusal(.unavailable, "the request was interrupted") }
    return results
  }

  private enum Upscaler: Equatable {
    /// The picture stays as it is.
    case none
    case nearest, lanczos
    case network(UpscalerSource)
  }

  private static func upscaler(_ parameter: String, _ visit: Visit) throws -> Upscaler {
    guard let name = visit.arguments.name(parameter) else { return .none }
    switch name {
    case "Nearest": return .nearest
    case "Lanczos": return .lanczos
    default: break
    }
    let table = visit.premises.upscalers
    guard let network = A1111Names.network(name, table) else {
      let known = ["None", "Lanczos", "Nearest"] + table.networks.map(\.name) + A1111Names.standIns
      throw Refusal(.request, field: parameter, "must be one of \(known.joined(separator: ", "))")
    }
    return .network(network)
  }

  private static func size(_ visit: Visit) -> (width: Int, height: Int) {
    (
      visit.arguments.integer("upscaling_resize_w") ?? 512,
      visit.arguments.integer("upscaling_resize_h") ?? 512
    )
  }

  /// - Returns: nil if the client has ended it.
  private static func enlarged(
    _ picture: InputPicture, by upscaler: Upscaler, _ visit: Visit, _ run: A1111Run
  ) async throws -> InputPicture? {
    let own = try picture.size("image")
    var scale = visit.arguments.number("upscaling_resize") ?? 2
    if visit.arguments.integer("resize_mode") == 1 {
      let wanted = size(visit)
      scale = max(Double(wanted.width) / Double(own.width), Double(wanted.height) / Double(own.height))
    }
    var request = UpscaleRequest(picture, scale: scale)
    request.limits.scale = 0.01...64
    let size = try request.size(of: own, times: scale)
    switch upscaler {
    case .none: return picture
    case .nearest:
      // It repeats pixels, where a picture grows by a whole number.
      return try picture.resized(width: size.width, height: size.height, by: .area, "image")
    case .lanczos: request.method = .lanczos
    case .network(let source): request.upscaler = source
    }
    let order = try await visit.order(Ask(.upscaling(request), visit.premises.models.first), .a1111)
    let made = try await run.pictures(of: visit.premises.desk.submit(order))
    return made.first.map { InputPicture(contents: $0.bytes, name: "image") }
  }
}

/// The web UI's text in a picture, as its API takes it apart.
enum A1111PictureText {
  /// - Parameter text: nil for a picture that says nothing.
  static func answer(_ text: String?) -> FieldValue {
    var parameters: [String: FieldValue] = [:]
    if let text {
      let read = A1111Text(text)
      parameters = ["Prompt": .text(read.prompt), "Negative prompt": .text(read.negativePrompt)]
      for field in read.fields {
        let sides = field.value.split(separator: "x").map(String.init)
        if sides.count == 2, sides.allSatisfy({ Int($0) != nil }) {
          for (number, side) in sides.enumerated() { parameters["\(field.name)-\(number + 1)"] = .text(side) }
        } else {
          parameters[field.name] = .text(field.value)
        }
      }
    }
    return ["info": .text(text ?? ""), "items": [:], "parameters": .object(parameters)]
  }
}
