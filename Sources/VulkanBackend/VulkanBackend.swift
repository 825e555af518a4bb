import Graph

/// Which of several kernels runs an op.
package struct KernelChoices: Sendable {
  package init() {}
}

/// Runs plans on a Vulkan device.
///
/// Results are the same bytes on every run on one device and driver, however many pictures share a batch. Not to
/// be used from two threads at once.
package final class VulkanBackend: Backend {
  private let context: Context
  private let storage: Storage
  package var device: DeviceDescription { context.device.description }

  /// - Parameters:
  ///   - index: of `devices(of:)`.
  ///   - storage: of values and weights; sums are float32 all the same.
  /// - Throws: `VulkanError`.
  package init(
    _ instance: Instance, device index: Int, storage: Storage = .float32, simulating simulation: Simulation = Simulation()
  ) throws(VulkanError) {
    let physical = try instance.physicalDevices()
    guard physical.indices.contains(index) else {
      throw .unavailable("there is no device \(index); there are \(physical.count)")
    }
    let device = try Device(PhysicalDevice(physical[index], instance), instance, simulating: simulation)
    guard storage == .float32 || device.description.has16BitStorage else {
      throw .unavailable("\(device.description.name) cannot store 16-bit numbers")
    }
    self.storage = storage
    context = try Context(device, KernelChoices())
  }

  /// The devices of this machine, in the driver's order.
  package static func devices(of instance: Instance) throws(VulkanError) -> [DeviceDescription] {
    var devices: [DeviceDescription] = []
    for physical in try instance.physicalDevices() {
      devices.append(try PhysicalDevice(physical, instance).description)
    }
    return devices
  }

  /// The plan of a graph, as this backend wants it.
  package func plan(_ graph: Graph, fusing: Bool = true) -> Plan {
    Plan(graph, fusing: fusing, storing: storage, segment: context.arena.segment)
  }

  package func prepare(_ plan: Plan) throws -> any Program {
    try refuseOversized(plan)
    let keys = plan.nodes.flatMap { $0.packs(storage) }
    try context.weights.pack(keys, half: storage == .float16)
    try context.arena.grow(to: Lowering.arenaBytes(plan, context))
    var packs: [PackKey: WeightStore.Pack] = [:]
    for key in keys { packs[key] = context.weights[key] }
    return try VulkanProgram(plan, storage, context, packs)
  }

  package func dropParameters(of source: any WeightSource) { context.weights.drop(source) }

  /// Kernels count elements in 31 bits, and a value lies in one allocation.
  private func refuseOversized(_ plan: Plan) throws {
    for (value, place) in plan.places.enumerated() {
      guard let place else { continue }
      if place.count >= 1 << 31 || place.range.count > context.arena.segment {
        throw VulkanError.outOfMemory(
          purpose: "a value of shape \(plan.shapes[value]) in one piece", bytes: place.range.count,
          device: device.name)
      }
    }
  }
}
