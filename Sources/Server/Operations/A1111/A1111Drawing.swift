import Darkroom
import FoundationEssentials

extension Operation {
  static let a1111Drawing: [Operation] = [
    Operation(
      .a1111, .post, "/sdapi/v1/txt2img", "Draws pictures of a prompt", body: .json,
      parameters: A1111Parameters.textToImage,
      .tell { try await A1111Drawing.answer($0, "txt2img", A1111Parameters.textToImage) }),
    Operation(
      .a1111, .post, "/sdapi/v1/img2img", "Draws pictures of a picture and a prompt", body: .json,
      parameters: A1111Parameters.imageToImage,
      .tell { visit in
        guard visit.arguments.has("init_images") else { throw Refusal(.notFound, "Init image not found") }
        return try await A1111Drawing.answer(visit, "img2img", A1111Parameters.imageToImage)
      }),
  ]
}

/// A request that is drawn part by part, since each can be skipped, and answered with what is finished.
enum A1111Drawing {
  static func answer(_ visit: Visit, _ title: String, _ parameters: [Parameter]) async throws -> HTTPResponse
  {
    let arguments = try visit.arguments.completedByInfotext(parameters)
    let visit = Visit(visit.request, arguments, path: visit.path, visit.premises)
    let draft = try A1111Draft(visit)
    let parts = draft.parts
    let first = try await visit.order(parts[0], .a1111)
    let door = visit.premises.a1111
    if arguments.flag("override_settings_restore_afterwards") == false {
      try door.set(try arguments.object("override_settings"))
    }
    let run = door.begin(title, parts: parts.count, for: visit.request.client)
    defer { door.end(run) }
    var made: [MadePicture] = []
    for (number, ask) in parts.enumerated() {
      guard run.enter(part: number) else { break }
      let order = number == 0 ? first : try await visit.order(ask, .a1111)
      made += try await run.pictures(of: visit.premises.desk.submit(order))
    }
    let sends = arguments.flag("send_images") ?? true
    let pictures = sends ? made.map { FieldValue.text(Data($0.bytes).base64EncodedString()) } : []
    let info = A1111Info.of(draft, first, made, at: run.start)
    return FieldValue.object([
      "images": .list(pictures), "parameters": echo(arguments, parameters), "info": .text(info.json),
    ]).response()
  }

  /// The request with its defaults; without its pictures, unless they are to be repeated.
  private static func echo(_ arguments: Arguments, _ parameters: [Parameter]) -> FieldValue {
    var fields = Dictionary(
      uniqueKeysWithValues: parameters.map { ($0.name, arguments.values[$0.name] ?? .null) })
    if arguments.flag("include_init_images") == true {
      func texts(_ name: String) -> [FieldValue] {
        arguments.pictures(name).map { .text(Data($0.bytes).base64EncodedString()) }
      }
      fields["init_images"] = .list(texts("init_images"))
      fields["mask"] = texts("mask").first ?? .null
    }
    return .object(fields)
  }
}
