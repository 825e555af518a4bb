import CPUBackend
import Dispatch
import FoundationEssentials
import Families
import Graph
import Synchronization
import SystemFiles

/// One device that makes pictures, one request at a time. Calls from elsewhere wait for their turn.
///
/// Several models may be loaded. Their weights share the device's memory: those that were not used for longest go when
/// it is short, and are read again when they are needed.
public actor Engine {
  private let executor = EngineExecutor("darkroom.engine")
  package let threads: Int
  private let memoryLimit: Int?
  let wildcards: Wildcards
  private let makeBackend: @Sendable () throws -> any Backend
  private(set) var residents: ResidentModels
  /// The least recently used first. Open files and names of tensors, no numbers.
  private var models: [LoadedModel] = []
  private static let mostModels = 8
  private(set) var upscalers: LoadedUpscalers
  /// Requests of `events` that have not ended.
  private nonisolated let waiting = Mutex(0)

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// The environment's DARKROOM_INSTRUCTIONS may name a slower instruction set than the machine's best, its
  /// DARKROOM_MATMUL who multiplies matrices in float32: `own` or `openblas`, its DARKROOM_PACK_CACHE a folder for packed
  /// weights.
  /// - Parameters:
  ///   - device: what computes.
  ///   - threads: of the processor; all cores that the process may use by default.
  ///   - memoryLimit: bytes that weights, values and working memory may take in all, of the processor's memory or of
  ///     the device's; what is there by default.
  ///   - wildcards: the folder of the text files whose lines prompts draw with `__name__`; `wildcards` in the user's
  ///     configuration folder, as `~/.config/darkroom/wildcards`, by default.
  ///   - packCache: whether the processor's packed weights of large models are kept on the disk, so that the next start
  ///     need not read and pack them: in `packs` of the user's cache folder, as `~/.cache/darkroom/packs`.
  /// - Throws: `DarkroomError` of kind `resources`, or `request` for the environment or a device that is not there.
  public init(
    device: DeviceChoice = .auto, threads: Int? = nil, memoryLimit: Int? = nil, wildcards: String? = nil,
    packCache: Bool = true
  ) throws {
    self.memoryLimit = memoryLimit
    self.wildcards = Wildcards(folder: wildcards)
    let threads = threads ?? CPUBackend.availableCores
    self.threads = threads
    let environment = ProcessInfo.processInfo.environment
    let instructions = try Engine.instructions(environment)
    let matmul = try Engine.matmul(environment, instructions)
    let packs = packCache ? Engine.packCache(environment) : nil
    makeBackend = {
      try device.backend(threads: threads, instructions: instructions, matmul: matmul, packCache: packs)
    }
    let backend = try DarkroomError.wrapping(makeBackend)
    precisions = backend.precisions
    residents = ResidentModels(backend, limit: memoryLimit)
    upscalers = LoadedUpscalers(residents)
  }

  /// The instruction set that the environment asks for, or the best.
  private static func instructions(_ environment: [String: String]) throws -> InstructionSet {
    guard let name = environment["DARKROOM_INSTRUCTIONS"] else { return .best }
    guard let found = InstructionSet.available.first(where: { $0.rawValue == name }) else {
      let known = InstructionSet.available.map(\.rawValue).joined(separator: ", ")
      throw DarkroomError(
        .request, "DARKROOM_INSTRUCTIONS: \"\(name)\" is not possible here; expected one of \(known)")
    }
    return found
  }

  /// Who multiplies matrices, as the environment asks, or the faster one.
  package static func matmul(
    _ environment: [String: String], _ instructions: InstructionSet,
    isAvailable: (Matmul) -> Bool = { $0.isAvailable }
  ) throws -> Matmul {
    guard let name = environment["DARKROOM_MATMUL"] else { return .best(for: instructions) }
    guard let found = Matmul(rawValue: name) else {
      let known = Matmul.allCases.map(\.rawValue).joined(separator: ", ")
      throw DarkroomError(
        .request, "DARKROOM_MATMUL: \"\(name)\" is not possible here; expected one of \(known)")
    }
    guard isAvailable(found) else {
      throw DarkroomError(
        .request, "DARKROOM_MATMUL: \"\(name)\" needs OpenBLAS, libopenblas.so.0, which cannot be opened")
    }
    return found
  }

  /// Nil where the environment names neither a folder nor a home.
  package static func packCache(_ environment: [String: String]) -> PackCache? {
    let named = environment["DARKROOM_PACK_CACHE"] ?? ""
    let folder =
      named.isEmpty ? Paths.cache.map { "\($0)/packs" } : Paths.expanded(named, home: environment["HOME"])
    return folder.map { PackCache(folder: $0) }
  }

  /// Waits until packed weights are written that the next start takes from the disk, at the end of a process.
  package static func keepPackedWeights(within limit: Duration, while goesOn: () -> Bool) {
    PackCache.finish(within: limit, while: goesOn)
  }

  /// What computes: an instruction set, or `vulkan` and the device's name.
  public var computes: String { residents.backend.summary }

  // MARK: Models

  /// Makes `model` the one that requests use. Weights are read when they are first needed.
  /// - Throws: `DarkroomError` of kind `model`, naming the file and the tensor or field.
  public func load(_ model: ModelSource) throws -> ModelSummary {
    try DarkroomError.wrapping { try loaded(model).summary }
  }

  /// The loaded model of a source, from now on the most recently used.
  private func loaded(_ source: ModelSource) throws -> LoadedModel {
    if let index = models.firstIndex(where: { $0.source == source }) {
      models.append(models.remove(at: index))
    } else {
      let model = try LoadedModel(source)
      if models.count == Engine.mostModels { models.removeFirst().sources.forEach(residents.unload) }
      models.append(model)
    }
    return models[models.count - 1]
  }

  /// Runs requests with a model, or with the one that was used last.
  package func pipeline(_ source: ModelSource? = nil) throws -> Pipeline {
    if let source { return Pipeline(try loaded(source), residents, upscalers) }
    guard let model = models.last else { throw DarkroomError(.model, "no model is loaded") }
    return Pipeline(model, residents, upscalers)
  }

  /// What requests with a model are checked and completed against: `ResolvedRequest(_:for:precisions:)` needs no
  /// engine, so that it can be done while another request is at work. The model's fingerprint is part of it, for which
  /// its files are read if that was never done.
  /// - Throws: `DarkroomError` of kind `model`.
  public func description(of model: ModelSource? = nil) throws -> ModelDescription {
    try DarkroomError.wrapping {
      let model = try pipeline(model).model
      var description = model.description
      let reference = try model.reference()
      (description.fingerprint, description.vae) = (reference.fingerprint, reference.vae)
      return description
    }
  }

  /// The arithmetics that the device can do, the one that `auto` takes first.
  public nonisolated let precisions: [GenerationRequest.Precision]

  // MARK: Requests

  /// What the request would take, without running it; of prompts with choices, what the first picture would.
  /// - Throws: as `generate`.
  public func estimate(_ request: GenerationRequest, with model: ModelSource? = nil) throws -> MemoryEstimate
  {
    try DarkroomError.wrapping {
      let pipeline = try pipeline(model)
      let jobs = try pipeline.jobs(request, wildcards)
      return try pipeline.estimate(jobs[0])
    }
  }

  /// Makes the pictures of a request, in order. Cancelling the task ends it within one step.
  /// - Parameters:
  ///   - model: nil for the one that was loaded or used last.
  ///   - previews: whether each step's estimate is told, once for each picture at work. Models whose latents cannot be
  ///     shown have no previews, which a notice says.
  ///   - onEvent: is called on the engine's thread, often; sampling waits for it. What it throws for a picture ends the
  ///     request.
  /// - Throws: `DarkroomError`; `CancellationError`; what `onEvent` throws.
  public func generate(
    _ request: GenerationRequest, with model: ModelSource? = nil, previews: Bool = false,
    onEvent: @escaping @Sendable (GenerationEvent) throws -> Void
  ) throws {
    defer { replaceLostDevice() }
    try DarkroomError.wrapping {
      let pipeline = try pipeline(model)
      let jobs = try pipeline.jobs(request, wildcards)
      let reporter = Reporter(previews: previews, send: onEvent).joining(jobs.count)
      for (index, job) in jobs.enumerated() { try pipeline.generate(job, reporter(index)) }
    }
  }

  /// Everything that happens to a request, to its last picture or its failure. Ending the iteration cancels it.
  public nonisolated func events(
    for request: GenerationRequest, with model: ModelSource? = nil, previews: Bool = false
  ) -> AsyncStream<GenerationEvent> {
    AsyncStream { continuation in
      let ahead = waiting.withLock { count in
        count += 1
        return count - 1
      }
      continuation.yield(.queued(ahead: ahead))
      let work = Task {
        do {
          try await generate(request, with: model, previews: previews) { continuation.yield($0) }
        } catch {
          continuation.yield(.failed(DarkroomError(error)))
        }
        waiting.withLock { $0 -= 1 }
        continuation.finish()
      }
      continuation.onTermination = { _ in work.cancel() }
    }
  }

  /// The pictures of a request as they are finished. Ending the iteration cancels the rest.
  /// - Throws: `DarkroomError`, in the iteration.
  public nonisolated func pictures(
    for request: GenerationRequest, with model: ModelSource? = nil
  ) -> AsyncThrowingStream<GeneratedPicture, any Error> {
    AsyncThrowingStream { continuation in
      let work = Task {
        for await event in events(for: request, with: model) {
          switch event {
          case .picture(let picture): continuation.yield(picture)
          case .failed(let error): continuation.finish(throwing: error)
          case .queued, .progress, .preview, .notice: break
          }
        }
        continuation.finish()
      }
      continuation.onTermination = { _ in work.cancel() }
    }
  }

  /// Gives back the memory of all weights and values, which the next request reads again.
  public func releaseMemory() { residents.removeAll() }

  /// After the loss of a device its request has failed; the next one opens the device again, if it has come back.
  package func replaceLostDevice() {
    guard residents.backend.isLost, let fresh = try? makeBackend() else { return }
    residents = ResidentModels(fresh, limit: memoryLimit)
    upscalers = LoadedUpscalers(residents)
  }
}

/// A serial queue of its own, so that long computations do not hold a thread of the shared pool.
final class EngineExecutor: SerialExecutor {
  private let queue: DispatchQueue

  init(_ label: String) { queue = DispatchQueue(label: label, qos: .userInitiated) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
