import Darkroom

/// Takes batches from a queue, and draws them with one engine.
package struct Worker: Sendable {
  let engine: Engine
  let models: ModelTable
  let queue: any JobQueue
  let filter: PictureFilter
  let meter: Meter
  /// A job that takes longer is ended; nil for four times what was to be expected, and ten minutes at least.
  var longest: Duration?
  /// An engine that was idle for so long gives its memory back; nil for never.
  var keepAlive: Duration?

  package init(
    engine: Engine, models: ModelTable, queue: any JobQueue, filter: PictureFilter = PictureFilter(),
    meter: Meter = Meter(), longest: Duration? = nil, keepAlive: Duration? = nil
  ) {
    (self.engine, self.models, self.queue) = (engine, models, queue)
    (self.filter, self.meter, self.longest, self.keepAlive) = (filter, meter, longest, keepAlive)
  }

  /// Works until the queue is closed and empty. Pictures are encoded while the next batch is drawn.
  package func run() async {
    await withDiscardingTaskGroup { group in
      var idle: Task<Void, any Error>?
      var model = models.first.name
      while let batch = await queue.next() {
        idle?.cancel()
        let isSwitch = batch.order.model != model
        model = batch.order.model
        let finish = await draw(batch, isSwitch: isSwitch)
        group.addTask { await finish() }
        idle = keepAlive.map { time in
          Task(executorPreference: ServerExecutor.shared) { [engine] in
            try await Task.sleep(for: time)
            await engine.releaseMemory()
          }
        }
      }
      idle?.cancel()
    }
  }

  /// - Returns: what is left to do when the engine is free again.
  private func draw(_ batch: Batch, isSwitch: Bool) async -> @Sendable () async -> Void {
    let work = Task(executorPreference: ServerExecutor.shared) { () throws -> [Drawn] in
      switch batch.order.work {
      case .drawing(let request): try await draw(request, batch, isSwitch: isSwitch)
      case .upscaling(let request): [.enlarged(try await enlarge(request, batch))]
      }
    }
    queue.whenUnwanted(batch) { work.cancel() }
    let longest = longest ?? .seconds(max(600, 4 * (meter.seconds(for: batch.order.cost) ?? 900)))
    let limit = Task(executorPreference: ServerExecutor.shared) {
      try await Task.sleep(for: longest)
      work.cancel()
      return true
    }
    let start = ContinuousClock.now
    let result = await work.result
    limit.cancel()
    let failed = if case .failure = result { true } else { false }
    meter.finished(batch.order, in: ContinuousClock.now - start, failed: failed)
    let isLate = (try? await limit.value) ?? false
    return { [queue] in
      do {
        for (index, drawn) in try result.get().enumerated() {
          queue.tell(.picture(try await finished(drawn, index, batch)), of: batch)
        }
        queue.tell(.finished, of: batch)
      } catch {
        queue.tell(.failed(isLate ? Self.late(longest) : DarkroomError(error)), of: batch)
      }
    }
  }

  private static func late(_ limit: Duration) -> DarkroomError {
    DarkroomError(
      .cancelled, help: "ask for fewer steps or a smaller size, or raise --job-time-limit",
      "the job took longer than \(limit.components.seconds) s")
  }

  private enum Drawn: Sendable {
    case picture(GeneratedPicture)
    case enlarged(UpscaledPicture)
  }

  /// - Parameter isSwitch: another model was at work before.
  private func draw(_ request: ResolvedRequest, _ batch: Batch, isSwitch: Bool) async throws -> [Drawn] {
    guard let model = models.model(named: batch.order.model) else {
      throw DarkroomError(.model, "\(batch.order.model) is not served any longer")
    }
    var drawn: [Drawn] = []
    var begun: ContinuousClock.Instant? = isSwitch ? .now : nil
    let events = engine.events(
      for: request.request, with: model.source, previews: true)
    for await event in events {
      switch event {
      case .progress(let progress):
        queue.tell(.progress(progress), of: batch)
        if let start = begun, progress.stage != .loading {
          meter.switched(in: ContinuousClock.now - start)
          begun = nil
        }
      case .preview(let preview): queue.tell(.preview(preview), of: batch)
      case .notice(let notice): queue.tell(.notice(notice.description), of: batch)
      case .picture(let picture): drawn.append(.picture(picture))
      case .failed(let error): throw error
      case .queued: break
      }
    }
    try Task.checkCancellation()
    return drawn
  }

  private func enlarge(_ request: UpscaleRequest, _ batch: Batch) async throws -> UpscaledPicture {
    var request = request
    if request.redrawing != nil { request.redrawing?.model = models.model(named: batch.order.model)?.source }
    return try await engine.upscale(request) { [queue] event in
      switch event {
      case .progress(let share):
        var progress = GenerationProgress(stage: .enlarging)
        progress.fraction = share
        queue.tell(.progress(progress), of: batch)
      case .notice(let notice): queue.tell(.notice(notice.description), of: batch)
      }
    }
  }

  /// The file that an order asks for.
  private func finished(_ drawn: Drawn, _ index: Int, _ batch: Batch) async throws -> MadePicture {
    let output = batch.order.output
    let source = models.model(named: batch.order.model)?.source
    switch drawn {
    case .picture(let whole):
      let picture =
        output.part.map { whole.cropped(left: $0.left, top: $0.top, width: $0.width, height: $0.height) }
        ?? whole
      let isFiltered = try await trips { try await engine.check(picture, with: source) }
      let (format, bytes) = try output.encode {
        try (isFiltered ? picture.blurred() : picture).encoded(as: $0, quality: output.quality)
      }
      return MadePicture(
        index: index, model: batch.order.model, seed: picture.request.seed, format: format, bytes: bytes,
        width: picture.width, height: picture.height, isFiltered: isFiltered, parameters: picture.parameters,
        request: picture.request.canonicalJSON)
    case .enlarged(let picture):
      let isFiltered = try await trips { try await engine.check(picture, with: source) }
      let (format, bytes) = try output.encode {
        try (isFiltered ? picture.blurred() : picture).encoded(as: $0, quality: output.quality)
      }
      return MadePicture(
        index: index, model: batch.order.model, seed: picture.record.drawing?.seed, format: format,
        bytes: bytes, width: picture.width, height: picture.height, isFiltered: isFiltered,
        request: picture.record.drawing?.canonicalJSON)
    }
  }

  private func trips(_ check: () async throws -> SafetyVerdict) async throws -> Bool {
    let isFiltered = try await filter.trips(check)
    if isFiltered { meter.filtered() }
    return isFiltered
  }
}

extension Order.Output {
  /// - Throws: `DarkroomError` of kind `output` if the picture is too large as JPEG too.
  fileprivate func encode(_ encoded: (PictureFormat) throws -> [UInt8]) throws -> (PictureFormat, [UInt8]) {
    let bytes = try encoded(format)
    guard let most, bytes.count > most, format == .png else { return (format, bytes) }
    let small = try encoded(.jpeg)
    guard small.count <= most else {
      throw DarkroomError(
        .output, expected: "at most \(most) bytes", "the picture has \(small.count) bytes as JPEG")
    }
    return (.jpeg, small)
  }
}
