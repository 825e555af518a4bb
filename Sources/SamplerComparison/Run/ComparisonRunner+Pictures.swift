import Darkroom
import Graph
import Pictures
import Sampling
import SystemFiles

extension ComparisonRunner {
  /// A picture with what it cost.
  struct MadePicture {
    var latents: Latents
    /// Black if it failed.
    var picture: Picture
    /// Network calls.
    var calls = 0
    var samplingSeconds = 0.0
    var decodingSeconds = 0.0
    /// Why there is no picture: numbers that are not finite.
    var failure: String?
  }

  /// - Parameter label: for the progress; nil shows none.
  func make(_ job: Job, _ setup: Setup, _ label: String?) throws -> MadePicture {
    let pass = job.passes[0]
    var made = MadePicture(latents: pass.emptyLatents(), picture: Picture(blank: pass))
    var start = ContinuousClock.now
    do {
      let encoded = try pipeline.encodePictures(pass, of: job, setup.reservation)
      start = .now
      (made.latents, made.calls) = try pipeline.run(
        pass, of: job, setup.conditioning, pictures: 0..<1, encoded, setup.reservation, ProgressTracker(job),
        afterStep: { [self] step in
          if let label { show(label, calls: (step + 1) * job.sampler.callsPerStep) }
        })
      let sampled = ContinuousClock.now
      made.samplingSeconds = (sampled - start).seconds
      made.picture = try pipeline.decode(made.latents, setup.reservation)
      made.decodingSeconds = (.now - sampled).seconds
    } catch let error as DarkroomError where error.kind == .nonFinite {
      made.failure = error.description
      if made.samplingSeconds == 0 { made.samplingSeconds = (.now - start).seconds }
    }
    return made
  }

  /// A cell's picture for the first time, and how far it is from its reference.
  func measured(_ cell: PlannedCell, _ job: Job, _ setup: Setup) throws -> CellRecord {
    let reference = try reference(of: cell, job, setup)
    let made = try make(job, setup, cell.label)
    progress.finishedCalls(cell.calls)
    let name = cell.key.picture
    try save(made, job, name)
    let isMeasured = made.failure == nil && reference != nil
    let reasons = [
      made.failure, cell.whyNotComparable,
      cell.referenceKey.flatMap { failures[$0] }.map { "there is no reference: \($0)" },
    ]
    if let failure = made.failure { tellOnce(Notice(description: "\(cell.label): \(failure)")) }
    return CellRecord(
      key: cell.key, networkCalls: made.failure == nil ? made.calls : cell.calls,
      samplingSeconds: [made.samplingSeconds], decodingSeconds: made.decodingSeconds,
      measure: isMeasured ? try reference.map { try Self.distance(made, $0) } : nil,
      kind: isMeasured ? cell.kind : .none, isRepeatable: nil, picture: name,
      notices: job.cautions.map(\.description) + reasons.compactMap { $0 })
  }

  /// A picture once more: its time, and whether its pixels are the same.
  func remade(
    _ cell: PlannedCell, _ job: Job, _ setup: Setup, _ record: CellRecord
  ) throws -> CellRecord {
    let made = try make(job, setup, cell.label)
    progress.finishedCalls(cell.calls)
    var notices = record.notices
    let earlier = try? folder.picture(record.picture)
    if earlier == nil {
      notices.append("\(record.picture) could not be read, and is written again")
      try save(made, job, record.picture)
    }
    return CellRecord(
      key: record.key, networkCalls: record.networkCalls,
      samplingSeconds: record.samplingSeconds + [made.samplingSeconds],
      decodingSeconds: record.decodingSeconds, measure: record.measure, kind: record.kind,
      isRepeatable: earlier == made.picture && record.isRepeatable ?? true, picture: record.picture,
      notices: notices)
  }

  /// Writes a picture with the request that makes it again.
  private func save(_ made: MadePicture, _ job: Job, _ name: String) throws {
    try folder.write(made.picture, name, try pipeline.finished(made.picture, job, index: 0).metadata)
  }

  static func distance(_ one: MadePicture, _ other: MadePicture) throws -> CellMeasure {
    CellMeasure(
      latentRMSE: try LatentDistance.rmse(one.latents.values, other.latents.values),
      psnr: try PictureDistance.psnr(one.picture, other.picture),
      ssim: try PictureDistance.ssim(one.picture, other.picture))
  }
}

extension Picture {
  /// Stands for one that could not be made.
  fileprivate init(blank pass: Pass) {
    self.init(
      width: pass.width, height: pass.height,
      pixels: [UInt8](repeating: 0, count: pass.width * pass.height * 3))
  }
}
