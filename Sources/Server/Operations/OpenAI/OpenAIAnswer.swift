import Darkroom
import FoundationEssentials

/// Writes the pictures of a job as OpenAI's API does: at once, or as events while they are drawn.
struct OpenAIAnswer: Sendable {
  private let visit: Visit
  /// The first half of the events' names.
  private let events: String
  private let created = Int(Date.now.timeIntervalSince1970)

  init(_ visit: Visit, events: String) { (self.visit, self.events) = (visit, events) }

  func answer(_ job: Submission) async throws -> HTTPResponse {
    if visit.arguments.flag("stream") == true {
      return ServerSentEvents.response { send in await tell(job, send) }
    }
    let time = visit.request.headers["x-stainless-read-timeout"].flatMap { Double($0) }
    let held = time.flatMap { (1...86_400).contains($0) ? $0 : nil }.map {
      visit.premises.secondTries.hold(
        job.id, visit.premises.queue, for: .seconds($0), since: visit.request.received)
    }
    defer { held?.cancel() }
    let pictures = try await job.pictures()
    guard let first = pictures.first else { throw Refusal(.fault, "no picture was made") }
    var fields = facts(width: first.width, height: first.height)
    (fields["created"], fields["usage"]) = (.number("\(created)"), Self.usage)
    fields["data"] = .list(pictures.map(data))
    var response = HTTPResponse(type: "application/json", Array(FieldValue.object(fields).json.utf8))
    response.headers["x-darkroom-engine"] = first.model
    return response
  }

  private func data(_ picture: MadePicture) -> FieldValue {
    var fields: [String: FieldValue] = [:]
    let wish = visit.arguments.text("response_format")
    if wish != "b64_json" { fields["url"] = .text(visit.premises.links.link(to: picture, visit.request)) }
    if wish != "url" { fields["b64_json"] = .text(Data(picture.bytes).base64EncodedString()) }
    // Choices in the prompt have been made for each picture.
    if case .object(let request)? = picture.request.flatMap({ try? StrictJSON.value(Array($0.utf8)) }),
      case .text(let prompt)? = request["prompt"], prompt != visit.arguments.text("prompt")
    {
      fields["revised_prompt"] = .text(prompt)
    }
    return .object(fields)
  }

  /// What is said of pictures beside the pictures.
  private func facts(width: Int, height: Int) -> [String: FieldValue] {
    let quality: FieldValue =
      switch visit.arguments.text("quality") {
      case "low": "low"
      case "high", "hd": "high"
      default: "medium"
      }
    return [
      "size": .text("\(width)x\(height)"), "quality": quality, "background": "opaque",
      "output_format": .text(OpenAI.output(visit).format.rawValue),
    ]
  }

  /// Nothing is counted here, since nothing is paid for.
  private static let usage: FieldValue = [
    "input_tokens": 0, "output_tokens": 0, "total_tokens": 0,
    "input_tokens_details": ["image_tokens": 0, "text_tokens": 0],
    "output_tokens_details": ["image_tokens": 0, "text_tokens": 0],
  ]

  // MARK: Events

  private func tell(_ job: Submission, _ send: @Sendable ([UInt8]) -> Void) async {
    let wanted = visit.arguments.integer("partial_images") ?? 0
    var sent = 0
    for await event in job.events {
      switch event {
      // Nothing in an event tells pictures apart, so that previews are of the first one.
      case .preview(let preview) where preview.index == 0 && sent < wanted:
        // Spread evenly over the steps before the last.
        guard preview.step * (wanted + 1) >= preview.steps * (sent + 1), preview.step < preview.steps,
          let bytes = try? preview.encoded(as: OpenAI.output(visit).format, isWhole: true)
        else { break }
        var fields = facts(width: preview.pictureWidth, height: preview.pictureHeight)
        fields["partial_image_index"] = .number("\(sent)")
        sent += 1
        send(self.event("partial_image", bytes, fields))
      case .picture(let picture):
        var fields = facts(width: picture.width, height: picture.height)
        fields["usage"] = Self.usage
        send(self.event("completed", picture.bytes, fields))
      case .failed(let error):
        let data: FieldValue = ["type": "error", "error": OpenAI.error(Refusal(error))]
        send(ServerSentEvents.bytes("error", data: data.json))
      case .queued, .started, .progress, .preview, .notice, .finished: break
      }
    }
  }

  private func event(_ name: String, _ bytes: [UInt8], _ fields: [String: FieldValue]) -> [UInt8] {
    var fields = fields
    (fields["type"], fields["created_at"]) = (.text("\(events).\(name)"), .number("\(created)"))
    fields["b64_json"] = .text(Data(bytes).base64EncodedString())
    return ServerSentEvents.bytes("\(events).\(name)", data: FieldValue.object(fields).json)
  }
}
