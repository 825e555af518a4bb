import Darkroom
import FoundationEssentials

extension Operation {
  /// How a client's request stands, and its end before its time.
  static let a1111Control: [Operation] = [
    Operation(
      .a1111, .get, "/sdapi/v1/progress", "Tells how far the client's request has come",
      .tell { visit in
        guard let run = visit.premises.a1111.runs(of: visit.request.client).first else {
          return A1111Progress.idle.response()
        }
        let job = run.place.job.flatMap { id in visit.premises.queue.jobs.first { $0.id == id } }
        let skipsPicture =
          visit.request.query["skip_current_image"].flatMap { FieldValue.text($0).flag } ?? false
        return A1111Progress.of(run, job, picture: !skipsPicture).response()
      }),
    Operation(
      .a1111, .post, "/sdapi/v1/interrupt", "Ends the client's requests, which answer with what is finished",
      .tell { visit in
        for run in visit.premises.a1111.runs(of: visit.request.client) { run.interrupt() }
        return HTTPResponse(json: [String: String]())
      }),
    Operation(
      .a1111, .post, "/sdapi/v1/skip", "Ends what is drawn now, and goes on with the next of n_iter",
      .tell { visit in
        visit.premises.a1111.runs(of: visit.request.client).first?.skip()
        return HTTPResponse(json: [String: String]())
      }),
  ]
}

/// Progress as the web UI tells it.
enum A1111Progress {
  static let idle = object(progress: 0, left: 0, state: state(nil, nil), preview: nil, text: nil)

  /// - Parameter job: nil while none is at work.
  static func of(_ run: A1111Run, _ job: JobSummary?, picture: Bool) -> FieldValue {
    let part = job?.progress?.fraction ?? 0
    let done = min(1, (Double(run.place.part) + part) / Double(run.parts))
    var left = 0.0
    if let seconds = job?.progress?.secondsLeft, part < 1 {
      left = seconds * Double(run.parts) * (1 - done) / (1 - part)
    }
    var text: String?
    if let job, !job.isWorking {
      text = "Waiting: \(job.ahead) job\(job.ahead == 1 ? " goes" : "s go") before this one"
    }
    let preview = picture ? job?.preview.flatMap { try? $0.encoded() } : nil
    return object(
      progress: done, left: left, state: state(run, job?.progress), preview: preview, text: text)
  }

  private static func object(
    progress: Double, left: Double, state: FieldValue, preview: [UInt8]?, text: String?
  ) -> FieldValue {
    [
      "progress": .number(progress.shortest), "eta_relative": .number(left.shortest), "state": state,
      "current_image": preview.map { .text(Data($0).base64EncodedString()) } ?? .null,
      "textinfo": text.map(FieldValue.text) ?? .null,
    ]
  }

  private static func state(_ run: A1111Run?, _ progress: GenerationProgress?) -> FieldValue {
    let place = run?.place
    return [
      "skipped": .flag(place?.isSkipped ?? false), "interrupted": .flag(place?.isInterrupted ?? false),
      "stopping_generation": false, "job": .text(run?.title ?? ""),
      "job_count": .number("\(run?.parts ?? 0)"), "job_timestamp": .text(timestamp(run?.start ?? .now)),
      "job_no": .number("\(place?.part ?? 0)"), "sampling_step": .number("\(progress?.step ?? 0)"),
      "sampling_steps": .number("\(progress?.steps ?? 0)"),
    ]
  }

  /// "20261127222347"
  static func timestamp(_ date: Date) -> String { date.formatted(.iso8601).filter(\.isNumber) }
}
