import Darkroom
import FoundationEssentials
import Glibc
import Synchronization
import SystemFiles

/// A server: its engines, its queue, and its ports.
package final class DarkroomServer: Sendable {
  private let settings: ServerSettings
  private let log: AccessLog
  private let queue: LocalQueue
  private let workers: [Worker]
  private let doorway: Doorway
  private let daemon: HTTPDaemon
  private let calls: Calls
  private let comfy: ComfyDoor
  package let models: ModelTable
  /// The ports that are open, the first one's first.
  package let ports: [Int]
  /// Addresses as clients write them.
  package let addresses: [String]

  /// Loads the models and opens the ports; nothing is answered before `run`.
  /// - Throws: `DarkroomError` that names the flag, model or file.
  package init(_ settings: ServerSettings, write: @escaping @Sendable (String) -> Void) async throws {
    self.settings = settings
    // Each connection is a file; 1024, which is usual, are fewer than the ports take.
    ProcessLimits.raise(RLIMIT_NOFILE, to: 8192)
    let meter = Meter()
    log = AccessLog(settings.logFormat, prompts: settings.logPrompts, meter: meter, write: write)
    let keys = try settings.keyFile.map { try KeyRing(file: $0) }
    let listening = try SocketAddress.named(settings.host, port: settings.port)
    let isLocal = listening.allSatisfy(\.isLoopback)
    guard isLocal || keys != nil else {
      throw DarkroomError(
        .request, field: "--host", found: settings.host, expected: "--api-key-file as well",
        "\(settings.host) can be reached by other machines, and no key is asked for")
    }
    let engines = try settings.devices.map { try Self.engine($0, settings) }
    let models = try await Self.load(settings, engines)
    self.models = models
    let results = ResultStore(settings.cache, folder: try Self.folder("", settings))
    let queue = LocalQueue(settings.queue, results: results)
    self.queue = queue
    workers = engines.map {
      Worker(
        engine: $0, models: models, queue: queue, filter: PictureFilter(settings.safety), meter: meter,
        longest: settings.jobTime.map { .seconds($0) }, keepAlive: settings.keepAlive.map { .seconds($0) })
    }
    let desk = Desk(
      queue: queue, words: try settings.wordFile.map { try WordFilter(file: $0) } ?? WordFilter(),
      estimator: try await Self.estimator(settings, engines[0]),
      memory: settings.memoryLimit ?? AvailableMemory.bytes)
    let premises = Premises(
      models: models, upscalers: UpscalerTable(settings.upscalers), desk: desk, keys: keys,
      pace: Pace(rate: settings.ratePerSecond), account: Account(credits: settings.credits), meter: meter,
      results: results, links: try Self.links(settings),
      modelsLab: ModelsLabDoor(
        holdTime: .seconds(settings.holdTime), webhooks: Webhooks(hosts: settings.webhookHosts)),
      releaseMemory: { for engine in engines { await engine.releaseMemory() } })
    let reception = Reception(
      premises, origins: try Origins(hosts: isLocal ? settings.hostNames : nil, pages: settings.origins))
    let speakers = Speakers()
    doorway = try Doorway { caller, speech in speakers.take(caller, speech) }
    let daemon = try HTTPDaemon(reception, doorway, log)
    let calls = try DarkroomError.wrapping { [log] in
      let tls = try settings.certificate.map { certificate in
        try TLSContext(certificate: certificate, key: settings.certificateKey ?? certificate)
      }
      return try Calls(premises, tls: tls, daemon: daemon, log: log)
    }
    (self.daemon, self.calls, comfy) = (daemon, calls, premises.comfy)
    speakers.all.withLock { $0 = (daemon, calls) }
    (ports, addresses) = try Self.open(listening, settings, doorway)
  }

  /// Hands connections to who speaks their protocol.
  private final class Speakers: Sendable {
    let all = Mutex<(daemon: HTTPDaemon, calls: Calls)?>(nil)

    func take(_ caller: Doorway.Caller, _ speech: Doorway.Speech) {
      guard let (daemon, calls) = all.withLock({ $0 }) else {
        close(caller.socket)
        return
      }
      switch speech {
      case .http1: daemon.adopt(caller)
      case .http2: calls.adopt(caller)
      case .tls: calls.adoptEncrypted(caller)
      }
    }
  }

  private static func open(
    _ addresses: [SocketAddress], _ settings: ServerSettings, _ doorway: Doorway
  ) throws -> ([Int], [String]) {
    var ports: [Int] = []
    var names: [String] = []
    for wanted in [settings.port] + settings.otherPorts {
      var port = wanted
      for address in try SocketAddress.named(settings.host, port: port) {
        // The system chooses one port for all addresses.
        guard address.port == port || port == 0 else { continue }
        port = try doorway.open(port == wanted ? address : address.with(port: port))
        names.append("http://\(address.with(port: port))")
      }
      ports.append(port)
    }
    return (ports, names)
  }

  /// Tells apart builds of this program, whose pictures may differ.
  private static func build() throws -> String {
    var facts = stat()
    guard stat("/proc/self/exe", &facts) == 0 else { return darkroomVersion }
    return "\(darkroomVersion) \(facts.st_size) \(facts.st_mtim.tv_sec).\(facts.st_mtim.tv_nsec)"
  }

  /// Says what orders take while the engines are at work; nil on a GPU, which is not opened twice.
  private static func estimator(_ settings: ServerSettings, _ engine: Engine) async throws -> Engine? {
    guard await !engine.computes.hasPrefix("vulkan") else { return nil }
    return try Self.engine(.cpu, settings)
  }

  private static func engine(_ device: DeviceChoice, _ settings: ServerSettings) throws -> Engine {
    try Engine(
      device: device, threads: settings.threads, memoryLimit: settings.memoryLimit,
      wildcards: settings.wildcards, packCache: settings.packCache)
  }

  /// - Parameter name: of the folder within that of `--cache`; empty for this itself.
  private static func folder(_ name: String, _ settings: ServerSettings) throws -> ResultFolder? {
    try settings.cacheFolder.map { try ResultFolder(name.isEmpty ? $0 : "\($0)/\(name)", build: build()) }
  }

  private static func links(_ settings: ServerSettings) throws -> PictureLinks {
    PictureLinks(
      ResultStore(PictureLinks.limits, folder: try folder("links", settings)),
      remote: settings.fetches ? RemotePictures(trusted: settings.fetchHosts) : nil)
  }

  private static func load(_ settings: ServerSettings, _ engines: [Engine]) async throws -> ModelTable {
    var served: [ServedModel] = []
    for source in settings.models {
      let description = try await engines[0].description(of: source)
      let name = description.name
      guard !served.contains(where: { $0.name == name }) else {
        throw DarkroomError(
          .request, field: "--model", found: name, help: "rename one of the two",
          "two models are called \(name)")
      }
      served.append(
        ServedModel(
          name: name, source: source, description: description, precisions: engines[0].precisions))
    }
    // The first is the one that is used last, and so the one that requests find loaded.
    let filter = PictureFilter(settings.safety)
    for engine in engines {
      for source in settings.models { try await filter.prepare(engine, source) }
      _ = try await engine.load(settings.models[0])
    }
    for (id, name) in settings.aliases where !served.contains(where: { $0.name == name }) {
      throw DarkroomError(
        .request, field: "--alias", found: "\(id)=\(name)",
        expected: "one of \(served.map(\.name).joined(separator: ", "))", "\(name) is not served")
    }
    return ModelTable(served, aliases: HostedModels.aliases(settings.aliases, usual: served[0].name))
  }

  // MARK: Running

  /// Answers until the task is cancelled; then takes no more work, lets what is at work end within the drain time, and
  /// returns.
  package func run() async {
    doorway.start()
    // Cancelling does not reach them: they end what they have begun.
    let work = workers.map { worker in Task(executorPreference: ServerExecutor.shared) { await worker.run() }
    }
    log.tell("started", [("addresses", .text(addresses.joined(separator: " ")))])
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    let load = queue.load
    log.tell("ending", [("waiting", .number("\(load.waiting)")), ("working", .number("\(load.working)"))])
    queue.close()
    calls.drain()
    let limit = Task(executorPreference: ServerExecutor.shared) { [settings, queue] in
      try await Task.sleep(for: .seconds(settings.drainTime))
      queue.abandon()
    }
    for one in work { await one.value }
    limit.cancel()
    await comfy.settle()
    daemon.closeSockets()
    await Task(executorPreference: ServerExecutor.shared) { [daemon] in await Self.answersSent(daemon) }.value
    doorway.stop()
    calls.stop()
    daemon.stop()
    log.tell("ended")
  }

  /// The last answers are on their way.
  private static func answersSent(_ daemon: HTTPDaemon) async {
    for _ in 0..<200 where daemon.requestsAtWork > 0 { try? await Task.sleep(for: .milliseconds(10)) }
  }
}
