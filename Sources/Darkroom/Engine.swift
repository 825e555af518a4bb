import CPUBackend
import Dispatch
import FoundationEssentials
import Graph

/// One device that makes pictures, one request at a time. Calls from elsewhere wait for their turn.
public actor Engine {
  private let executor = EngineExecutor("darkroom.engine")
  let threads: Int
  private let memoryLimit: Int?
  private let makeBackend: @Sendable () throws -> any Backend
  private var backend: any Backend
  private var pipeline: Pipeline?

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// The environment's DARKROOM_INSTRUCTIONS may name a slower instruction set than the machine's best.
  /// - Parameters:
  ///   - device: what computes.
  ///   - threads: of the processor; all cores that the process may use by default.
  ///   - memoryLimit: bytes that weights, values and working memory may take in all, of the processor's memory or of
  ///     the device's; what is there by default.
  /// - Throws: `DarkroomError` of kind `resources`, or `request` for the environment or a device that is not there.
  public init(device: DeviceChoice = .cpu, threads: Int? = nil, memoryLimit: Int? = nil) throws {
    self.memoryLimit = memoryLimit
    let threads = threads ?? CPUBackend.availableCores
    self.threads = threads
    let instructions = try Engine.instructions(ProcessInfo.processInfo.environment)
    makeBackend = { try device.backend(threads: threads, instructions: instructions) }
    backend = try DarkroomError.wrapping(makeBackend)
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

  /// What computes: an instruction set, or `vulkan` and the device's name.
  public var computes: String { backend.summary }

  /// Makes `model` the one that requests use. Weights are read when they are first needed.
  /// - Throws: `DarkroomError` of kind `model`, naming the file and the tensor or field.
  public func load(_ model: ModelSource) throws -> ModelSummary {
    if let pipeline, pipeline.model.source == model { return pipeline.model.summary }
    if let old = pipeline?.model { backend.dropParameters(of: old.checkpoint) }
    pipeline = nil
    let loaded = try DarkroomError.wrapping { try LoadedModel(model) }
    pipeline = Pipeline(loaded, backend, memoryLimit: memoryLimit)
    return loaded.summary
  }

  /// What the request would take, without running it.
  /// - Throws: as `generate`.
  public func estimate(_ request: GenerationRequest) throws -> MemoryEstimate {
    let pipeline = try loadedPipeline()
    return try DarkroomError.wrapping { try pipeline.estimate(pipeline.resolve(request)) }
  }

  /// Makes the pictures of a request, in order. Cancelling the task ends it within one step.
  /// - Parameters:
  ///   - progress: is called on the engine's thread, often.
  ///   - notice: is called for what the user should know, such as a prompt in several pieces.
  ///   - preview: is called on the engine's thread after each step, once for each picture at work, in order. Nil costs
  ///     nothing; else it should return soon, as sampling waits for it. Models whose latents cannot be shown have no
  ///     previews, which a notice says.
  ///   - finished: is called with each picture as soon as it is decoded; what it throws ends the request.
  /// - Throws: `DarkroomError`; `CancellationError`.
  public func generate(
    _ request: GenerationRequest, progress: @escaping @Sendable (GenerationProgress) -> Void = { _ in },
    notice: @escaping @Sendable (Notice) -> Void = { _ in },
    preview: (@Sendable (GenerationPreview) -> Void)? = nil,
    finished: @escaping @Sendable (GeneratedPicture) throws -> Void
  ) throws {
    let pipeline = try loadedPipeline()
    defer { replaceLostBackend() }
    try DarkroomError.wrapping {
      let reporter = Reporter(progress: progress, notice: notice, preview: preview, finished: finished)
      try pipeline.generate(try pipeline.resolve(request), reporter)
    }
  }

  /// After the loss of a device its request has failed; the next one opens the device again, if it has come back.
  func replaceLostBackend() {
    guard backend.isLost, let model = pipeline?.model.source, let fresh = try? makeBackend(),
      let loaded = try? LoadedModel(model)
    else { return }
    backend = fresh
    pipeline = Pipeline(loaded, fresh, memoryLimit: memoryLimit)
  }

  func loadedPipeline() throws -> Pipeline {
    guard let pipeline else { throw DarkroomError(.model, "no model is loaded") }
    return pipeline
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

/// Whom a generation tells what happens.
package struct Reporter {
  let progress: (GenerationProgress) -> Void
  let notice: (Notice) -> Void
  let preview: ((GenerationPreview) -> Void)?
  let finished: (GeneratedPicture) throws -> Void

  package init(
    progress: @escaping (GenerationProgress) -> Void = { _ in },
    notice: @escaping (Notice) -> Void = { _ in },
    preview: ((GenerationPreview) -> Void)? = nil,
    finished: @escaping (GeneratedPicture) throws -> Void
  ) {
    self.progress = progress
    self.notice = notice
    self.preview = preview
    self.finished = finished
  }
}
