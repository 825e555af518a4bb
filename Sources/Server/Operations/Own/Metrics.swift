import Darkroom

/// A server's figures as Prometheus reads them.
struct Metrics {
  private(set) var text = ""

  init(_ premises: Premises) {
    let (figures, load, kept) = (premises.meter.figures, premises.queue.load, premises.results.figures)
    family("darkroom_requests_total", "counter", "Answers by protocol and status.")
    for (answer, count) in figures.answers.sorted(by: {
      ($0.key.name, $0.key.status) < ($1.key.name, $1.key.status)
    }) {
      let labels = ["protocol": answer.name, "status": "\(answer.status)"]
      sample("darkroom_requests_total", Double(count), labels)
    }
    single("darkroom_request_seconds_total", "counter", "Time of all answers.", figures.answerSeconds)
    single("darkroom_queue_jobs", "gauge", "Jobs that wait.", Double(load.waiting))
    single("darkroom_working_jobs", "gauge", "Jobs at work.", Double(load.working))
    single("darkroom_batches_total", "counter", "Batches that have ended.", Double(figures.jobs))
    single(
      "darkroom_failed_batches_total", "counter", "Of these, those without their pictures.",
      Double(figures.failedJobs))
    single("darkroom_pictures_total", "counter", "Pictures that were made.", Double(figures.pictures))
    single("darkroom_steps_total", "counter", "Sampling steps of these.", Double(figures.steps))
    single("darkroom_work_seconds_total", "counter", "Time of engines at work.", figures.seconds)
    if figures.steps > 0 {
      single(
        "darkroom_seconds_per_step", "gauge", "Time at work for each sampling step.",
        figures.seconds / Double(figures.steps))
    }
    single(
      "darkroom_model_switches_total", "counter", "Times that another model than before was made ready.",
      Double(figures.modelSwitches))
    single("darkroom_model_switch_seconds_total", "counter", "Time of these.", figures.switchSeconds)
    single("darkroom_cache_bytes", "gauge", "Bytes of results that are kept.", Double(kept.bytes))
    single("darkroom_cache_hits_total", "counter", "Orders that one of them answered.", Double(kept.hits))
    single(
      "darkroom_filtered_pictures_total", "counter", "Pictures that the content filter tripped on.",
      Double(figures.filtered))
    if let bytes = ResidentMemory.now {
      single("process_resident_memory_bytes", "gauge", "Memory of the process.", Double(bytes))
    }
    family("darkroom_model_info", "gauge", "Models that are served.")
    for model in premises.models.models {
      sample("darkroom_model_info", 1, ["name": model.name, "family": model.description.family])
    }
  }

  private mutating func family(_ name: String, _ kind: String, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
  }

  private mutating func single(_ name: String, _ kind: String, _ help: String, _ value: Double) {
    family(name, kind, help)
    sample(name, value)
  }

  private mutating func sample(_ name: String, _ value: Double, _ labels: [String: String] = [:]) {
    let list = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\(FieldValue.text($0.value).json)" }
    text += "\(name)\(list.isEmpty ? "" : "{\(list.joined(separator: ","))}") \(value.shortest)\n"
  }
}
