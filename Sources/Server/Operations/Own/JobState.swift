import Darkroom

/// How a job stands, as JSON.
struct JobState: Encodable {
  /// Nil for a job of another client.
  private let id: String?
  private let state: String
  private let ahead: Int?
  private let door: String?
  private let pictures: Int?
  private let progress: GenerationProgress?

  /// - Parameter client: who asks; nil for one that knows the job's name.
  init(_ job: JobSummary, for client: String?) {
    id = client.map { job.clients.contains($0) } ?? true ? job.id.description : nil
    (state, ahead) = (job.isWorking ? "working" : "waiting", job.ahead)
    (door, pictures, progress) = (job.door, job.pictures, job.progress)
  }

  /// Of one that may have ended.
  init(_ id: JobID, _ status: JobStatus) {
    self.id = id.description
    (ahead, door, progress) = (nil, nil, nil)
    switch status {
    case .waiting: (state, pictures) = ("waiting", nil)
    case .working: (state, pictures) = ("working", nil)
    case .done(let made): (state, pictures) = ("done", made.count)
    case .failed: (state, pictures) = ("failed", nil)
    }
  }
}
