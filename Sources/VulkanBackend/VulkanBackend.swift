import Graph

/// Runs plans on a Vulkan device.
///
/// Results are the same bytes on every run on one device and driver, however many pictures share a batch. Not to
/// be used from two threads at once.
package final class VulkanBackend: Backend {
  let context: Context
  let testCache: KernelTestCache?
  package var device: DeviceDescription { context.device.description }

  /// - Parameters:
  ///   - index: of `devices(of:)`.
  ///   - modules: the kernels.
  ///   - testCache: results of self-tests, which are made for kernels that it does not know; nil to trust all.
  /// - Throws: `VulkanError`.
  package init(
    _ instance: Instance, device index: Int, modules: ShaderModules = ShaderModules(),
    testCache: KernelTestCache? = nil,
    simulating simulation: Simulation = Simulation()
  ) throws(VulkanError) {
    let physical = try instance.physicalDevices()
    guard physical.indices.contains(index) else {
      throw .unavailable("there is no device \(index); there are \(physical.count)")
    }
    let device = try Device(
      PhysicalDevice(physical[index], index: index, instance), instance, modules, simulating: simulation)
    self.testCache = testCache
    context = try Context(device)
  }

  /// The devices of this machine, in the driver's order.
  package static func devices(of instance: Instance) throws(VulkanError) -> [DeviceDescription] {
    var devices: [DeviceDescription] = []
    for (index, physical) in try instance.physicalDevices().enumerated() {
      devices.append(try PhysicalDevice(physical, index: index, instance).description)
    }
    return devices
  }

  package var validationMessages: [String] { context.device.instance.validationMessages }

  package var summary: String { "vulkan \(device.name)" }

  package var storages: [Storage] { device.has16BitStorage ? [.float16, .float32] : [.float32] }

  /// What the device's memory leaves, by its size: others may use it too.
  package var bytesAvailable: Int? { context.device.bytesAvailable }

  package func plan(_ graph: Graph, values: Storage, weights: WeightFormat?, strips: Strips?) -> Plan {
    plan(graph, values: values, weights: weights, fusing: true, strips: strips)
  }

  package func plan(
    _ graph: Graph, values: Storage, weights: WeightFormat? = nil, fusing: Bool, strips: Strips? = nil
  ) -> Plan {
    precondition(storages.contains(values), "\(device.name) cannot store \(values)")
    return Plan(
      graph, fusing: fusing, values: values, weights: format(weights, for: values),
      segment: context.arena.segment, strips: strips)
  }

  package var bytesHeld: Int { context.weights.bytes + context.arena.bytes }

  package var arenaBytesHeld: Int { context.arena.bytes }

  package func arenaBytes(_ plan: Plan) -> Int { Lowering.arenaBytes(plan, context) }

  /// Kernels' scratch memory lies in the arena.
  package func scratchBytes(_ plan: Plan) -> Int { 0 }

  package func weightBytes(_ plans: [Plan]) -> Int {
    Set(plans.flatMap(packs)).reduce(0) { $0 + $1.bytes }
  }

  package func missingWeightBytes(_ plans: [Plan]) -> Int {
    context.weights.missing(plans.flatMap(packs)).reduce(0) { $0 + $1.bytes }
  }

  private func packs(_ plan: Plan) -> [PackKey] { plan.nodes.flatMap { $0.packs(plan.weights) } }

  package func holds(_ plan: Plan) -> Bool { oversized(plan) == nil }

  package var isLost: Bool { context.device.isLost }

  package func isShortage(_ error: any Error) -> Bool {
    if case .outOfMemory? = error as? VulkanError { true } else { false }
  }

  package func prepare(_ plan: Plan) throws -> any Program {
    try refuseOversized(plan)
    try examine(plan)
    return try VulkanBackend.program(plan, in: context)
  }

  static func program(_ plan: Plan, in context: Context) throws -> any Program {
    let keys = plan.nodes.flatMap { $0.packs(plan.weights) }
    try context.weights.pack(keys, half: plan.weights == .float16)
    try context.arena.grow(to: Lowering.arenaBytes(plan, context))
    var packs: [PackKey: WeightStore.Pack] = [:]
    for key in keys { packs[key] = context.weights[key] }
    return try VulkanProgram(plan, context, packs)
  }

  /// Has everything computed by the plainest kernels, for tests.
  package func usePlainestKernels() { context.choices.usesPlainest = true }

  package func dropParameters(of source: any WeightSource) { context.weights.drop(source) }

  package func dropValues() { context.arena.release() }

  /// Kernels count elements in 31 bits, and a value lies in one allocation.
  private func oversized(_ plan: Plan) -> Int? {
    plan.places.firstIndex { place in
      place.map { $0.count >= 1 << 31 || $0.range.count > context.arena.segment } ?? false
    }
  }

  private func refuseOversized(_ plan: Plan) throws {
    guard let value = oversized(plan) else { return }
    throw VulkanError.outOfMemory(
      purpose: "a value of shape \(plan.shapes[value]) in one piece", bytes: plan.place(value).range.count,
      device: device.name)
  }
}
