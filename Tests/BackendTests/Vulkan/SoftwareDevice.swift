import Graph
import Testing
import VulkanBackend

/// Mesa's software device under the validation layer, which scripts/setup installs.
enum SoftwareDevice {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  static let instance: Result<Instance, any Error> = Result { try Instance(validating: true) }

  /// A backend of its own.
  static func backend(
    _ modules: ShaderModules = ShaderModules(), testCache: KernelTestCache? = nil,
    simulating simulation: Simulation = Simulation()
  ) throws -> VulkanBackend {
    let instance = try instance.get()
    guard let device = try VulkanBackend.devices(of: instance).first(where: \.isSoftware) else {
      throw Missing(description: "there is no software device; scripts/setup installs mesa-vulkan-drivers")
    }
    return try VulkanBackend(
      instance, device: device.index, modules: modules, testCache: testCache, simulating: simulation)
  }

  /// Backends are costly to make, since kernels are compiled for each, and may be used by one test at a time.
  private nonisolated(unsafe) static var shared: VulkanBackend?
  private static let turns = Turns()

  /// Runs `body` with a backend that all tests share; the validation layer must have nothing to say by its end.
  static func with<Value>(_ body: (VulkanBackend) throws -> Value) async throws -> Value {
    await turns.take()
    let result = Result {
      let backend = try shared ?? backend()
      shared = backend
      defer { expectSilence() }
      return try body(backend)
    }
    await turns.give()
    return try result.get()
  }

  static func expectSilence() {
    let messages = (try? instance.get().validationMessages) ?? []
    #expect(messages.isEmpty, "\(messages.prefix(3))")
  }
}

extension VulkanBackend {
  /// Fills the arena with what no kernel could take for a number, so that reading what was not written shows.
  func poisonArena(for plan: Plan) throws {
    let count = plan.arenaBytes / 4 + 1
    let graph = Graph()
    graph.output("x", graph.input("x", [count], rate: .step))
    let program = try prepare(self.plan(graph, values: .float32))
    [Float](repeating: .nan, count: count).withUnsafeBufferPointer { program.write($0, to: "x") }
    try program.run(.step)
  }
}

/// One at a time. Those who wait keep no thread busy, which other tests need.
private actor Turns {
  private var isTaken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func take() async {
    if isTaken {
      await withCheckedContinuation { waiting.append($0) }
    } else {
      isTaken = true
    }
  }

  func give() {
    if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
  }
}
