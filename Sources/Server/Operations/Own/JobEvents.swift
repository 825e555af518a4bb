import Darkroom
import FoundationEssentials

/// What happens to a job, as server-sent events. They have the names of the library's events, and the data of these.
struct JobEvents: Sendable {
  private let job: JobID
  private let events: AsyncStream<JobEvent>
  private let links: PictureLinks

  /// Nil if there is no such job. Of one that has ended the pictures are told again while they are kept.
  init?(of id: JobID, _ premises: Premises) {
    (job, links) = (id, premises.links)
    if let running = premises.queue.events(of: id) {
      events = running
      return
    }
    let past: [JobEvent]
    switch premises.queue.status(of: id) {
    case .done(let pictures)?: past = pictures.map(JobEvent.picture) + [.finished]
    case .failed(let error)?: past = [.failed(error)]
    // It has ended between the two questions, and is not kept.
    case .waiting?, .working?, nil: return nil
    }
    events = AsyncStream { continuation in
      for event in past { continuation.yield(event) }
      continuation.finish()
    }
  }

  func tell(_ send: @Sendable ([UInt8]) -> Void) async {
    for await event in events {
      let (name, data) = text(event)
      send(ServerSentEvents.bytes(name, data: data))
    }
  }

  private func text(_ event: JobEvent) -> (name: String, data: String) {
    switch event {
    case .queued(let ahead): ("queued", json(["ahead": ahead]))
    case .started: ("started", "{}")
    case .progress(let progress): ("progress", json(progress))
    case .preview(let preview): ("preview", json(PreviewData(preview)))
    case .notice(let text): ("notice", json(["description": text]))
    case .picture(let picture): ("picture", data(picture))
    case .failed(let error):
      ("failed", json(["name": Refusal(error).kind.usualName, "message": Refusal(error).text]))
    case .finished: ("finished", "{}")
    }
  }

  private func data(_ picture: MadePicture) -> String {
    var fields: [String: FieldValue] = [
      "index": .number("\(picture.index)"), "width": .number("\(picture.width)"),
      "height": .number("\(picture.height)"), "format": .text(picture.format.rawValue),
      "filtered": .flag(picture.isFiltered), "link": .text(links.path(to: picture, of: job)),
      "model": .text(picture.model),
    ]
    fields["seed"] = picture.seed.map { .number("\($0)") }
    fields["parameters"] = picture.parameters.map(FieldValue.text)
    fields["request"] = picture.request.flatMap { try? StrictJSON.value(Array($0.utf8)) }
    return FieldValue.object(fields).json
  }

  private func json(_ value: some Encodable) -> String {
    String(decoding: HTTPResponse(json: value).bytes, as: UTF8.self)
  }
}

/// A preview with its pixels as a picture file, which is smaller than their numbers.
private struct PreviewData: Encodable {
  private let index, step, steps, width, height, pictureWidth, pictureHeight: Int
  private let image: String?

  init(_ preview: GenerationPreview) {
    (index, step, steps) = (preview.index, preview.step, preview.steps)
    (width, height) = (preview.width, preview.height)
    (pictureWidth, pictureHeight) = (preview.pictureWidth, preview.pictureHeight)
    image = (try? preview.encoded()).map { "data:image/png;base64," + Data($0).base64EncodedString() }
  }
}
