import CVulkan

/// Faults and limits that tests play on a device.
package struct Simulation: Sendable {
  /// Bytes of one allocation.
  package var largestAllocation: Int?
  /// Bytes in all allocations together.
  package var memory: Int?
  /// The device is lost when this many submissions have been made.
  package var submissionsUntilLoss: Int?
  /// Seconds after which a submission of a self-test counts as endless.
  package var patience: Int?

  package init() {}
}

/// A Vulkan object that goes when its owner goes, and keeps its device until then. `Kind` keeps handles of
/// different kinds apart, which Swift imports as one type.
struct Owned<Kind>: ~Copyable {
  let handle: OpaquePointer
  private let device: Device
  private let destroy: (Device, OpaquePointer) -> Void

  init(_ handle: OpaquePointer, of device: Device, destroy: @escaping (Device, OpaquePointer) -> Void) {
    self.handle = handle
    self.device = device
    self.destroy = destroy
  }

  deinit { if !device.isStuck { destroy(device, handle) } }
}

/// An opened device with one queue. Not to be used from two threads at once.
final class Device {
  let instance: Instance
  let physical: PhysicalDevice
  var description: DeviceDescription { physical.description }
  let modules: ShaderModules
  let simulation: Simulation
  let vk: dv_device
  let handle: VkDevice
  let queue: VkQueue
  let queueFamily: UInt32
  let memoryTypes: [VkMemoryType]
  /// The bits of the queue's clock that count; none if it cannot be read.
  let clockMask: UInt64
  var hasClock: Bool { clockMask != 0 }
  /// Whether the driver tells registers and spills of kernels.
  let tellsStatistics: Bool
  /// Seconds that a submission may take.
  let patience: Int
  private(set) var isLost = false
  /// Whether it never ended what it was given. Nothing on it can be destroyed then, since it may still be in use.
  private(set) var isStuck = false
  private var submissions = 0
  private(set) var allocatedBytes = 0

  /// - Parameters:
  ///   - patience: seconds that a submission may take; by default more than any should need.
  ///   - tellsStatistics: whether kernels' registers are to be asked for, if the driver tells them; it may then compile
  ///     each anew.
  init(
    _ physical: PhysicalDevice, _ instance: Instance, _ modules: ShaderModules, patience: Int? = nil,
    tellsStatistics: Bool = false,
    simulating simulation: Simulation = Simulation()
  ) throws(VulkanError) {
    (self.instance, self.physical, self.modules, self.simulation) = (instance, physical, modules, simulation)
    let description = physical.description
    self.patience = patience ?? (description.isSoftware ? 3600 : 120)
    self.tellsStatistics = tellsStatistics && physical.tellsStatistics
    guard description.missing.isEmpty else {
      throw .unavailable("\(description.name) lacks \(description.missing.joined(separator: ", "))")
    }
    let (family, clockBits) = try Device.computeFamily(physical, instance)
    queueFamily = family
    clockMask = clockBits >= 64 ? .max : (1 << UInt64(clockBits)) - 1
    let handle = try Device.open(physical, instance, family, tellsStatistics: self.tellsStatistics)
    self.handle = handle
    vk = try loaded { dv_load_device_of(instance.table, handle, $0) }
    var queue: VkQueue?
    vk.GetDeviceQueue(handle, family, 0, &queue)
    guard let queue else { throw .unavailable("\(physical.description.name) has no queue") }
    self.queue = queue
    var properties = VkPhysicalDeviceMemoryProperties2()
    properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2
    instance.table.GetPhysicalDeviceMemoryProperties2(physical.handle, &properties)
    let memory = properties.memoryProperties
    memoryTypes = withUnsafeBytes(of: memory.memoryTypes) {
      Array($0.bindMemory(to: VkMemoryType.self).prefix(Int(memory.memoryTypeCount)))
    }
  }

  deinit { vk.DestroyDevice(handle, nil) }

  /// Bytes of one allocation at most; a gibibyte is enough for everybody, and kinder to the driver.
  var largestAllocation: Int {
    min(simulation.largestAllocation ?? Int.max, min(description.largestAllocation, 1 << 30))
  }

  /// A family of queues for compute, one without graphics first, and the valid bits of its clock.
  private static func computeFamily(_ physical: PhysicalDevice, _ instance: Instance) throws(VulkanError)
    -> (UInt32, UInt32)
  {
    var count: UInt32 = 0
    instance.table.GetPhysicalDeviceQueueFamilyProperties(physical.handle, &count, nil)
    var families = [VkQueueFamilyProperties](repeating: VkQueueFamilyProperties(), count: Int(count))
    instance.table.GetPhysicalDeviceQueueFamilyProperties(physical.handle, &count, &families)
    let compute = families.indices.filter {
      families[$0].queueFlags & VkFlags(VK_QUEUE_COMPUTE_BIT.rawValue) != 0
    }
    let first = compute.first {
      families[$0].queueFlags & VkFlags(VK_QUEUE_GRAPHICS_BIT.rawValue) == 0
    }
    guard let index = first ?? compute.first else {
      throw .unavailable("\(physical.description.name) has no queue for compute")
    }
    return (UInt32(index), families[index].timestampValidBits)
  }

  private static func open(
    _ physical: PhysicalDevice, _ instance: Instance, _ family: UInt32, tellsStatistics: Bool
  )
    throws(VulkanError) -> VkDevice
  {
    let usesMatrices = physical.description.usesMatrices
    var chain = PNextChain()
    var first = Features.first
    first.storageBuffer16BitAccess = physical.description.has16BitStorage ? 1 : 0
    chain.append(first)
    var second = Features.second
    (second.bufferDeviceAddress, second.scalarBlockLayout, second.timelineSemaphore) = (1, 1, 1)
    // Matrices of float16 need the type in arithmetic, and the memory model.
    (second.shaderFloat16, second.vulkanMemoryModel) = usesMatrices ? (1, 1) : (0, 0)
    chain.append(second)
    var third = Features.third
    (third.synchronization2, third.maintenance4) = (1, 1)
    (third.subgroupSizeControl, third.computeFullSubgroups) = usesMatrices ? (1, 1) : (0, 0)
    chain.append(third)
    var extensions: [String] = []
    if tellsStatistics {
      var statistics = VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR()
      statistics.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR
      statistics.pipelineExecutableInfo = 1
      chain.append(statistics)
      extensions.append(VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME)
    }
    if usesMatrices {
      var matrices = VkPhysicalDeviceCooperativeMatrixFeaturesKHR()
      matrices.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR
      matrices.cooperativeMatrix = 1
      chain.append(matrices)
      extensions.append(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME)
    }
    // A driver that is Vulkan by way of another interface demands that its users know.
    let portability = "VK_KHR_portability_subset"
    if physical.extensions.contains(portability) { extensions.append(portability) }
    let features = chain.first
    do {
      return try withStrings(extensions) { names, nameCount in
        try withUnsafePointer(to: Float(1)) { priority in
          var queue = VkDeviceQueueCreateInfo()
          queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO
          (queue.queueFamilyIndex, queue.queueCount, queue.pQueuePriorities) = (family, 1, priority)
          return try withUnsafePointer(to: queue) { queue in
            var info = VkDeviceCreateInfo()
            info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO
            info.pNext = UnsafeRawPointer(features)
            (info.queueCreateInfoCount, info.pQueueCreateInfos) = (1, queue)
            (info.enabledExtensionCount, info.ppEnabledExtensionNames) = (nameCount, names)
            return try made("vkCreateDevice") { instance.table.CreateDevice(physical.handle, &info, nil, $0) }
          }
        }
      }
    } catch let error as VulkanError {
      throw error
    } catch {
      throw .unavailable("\(error)")
    }
  }

  /// Checks a call that can find the device lost; from then on the device refuses work.
  func checkAlive(_ result: VkResult, _ call: String) throws(VulkanError) {
    if result == VK_ERROR_DEVICE_LOST {
      isLost = true
      throw .deviceLost(call: call, device: description.name)
    }
    try check(result, call)
  }

  /// Gives a device up that does not end its work.
  func giveUp() -> VulkanError {
    (isLost, isStuck) = (true, true)
    // It is never closed, since that would wait for it.
    _ = Unmanaged.passRetained(self)
    return .endless(seconds: patience, device: description.name)
  }

  /// Counts a submission.
  /// - Throws: if the device was lost before, or loses itself now as a test asked.
  func admitSubmission() throws(VulkanError) {
    submissions += 1
    if let limit = simulation.submissionsUntilLoss, submissions > limit { isLost = true }
    if isLost { throw .deviceLost(call: "vkQueueSubmit2", device: description.name) }
  }

  /// Counts bytes of the device's own memory in or out.
  /// - Throws: `VulkanError.outOfMemory` beyond what a test allows.
  func admitAllocation(_ bytes: Int, for purpose: String) throws(VulkanError) {
    if let limit = simulation.memory, allocatedBytes + bytes > limit {
      throw .outOfMemory(purpose: purpose, bytes: bytes, device: description.name)
    }
    allocatedBytes += bytes
  }

  /// What the largest heap leaves; a tenth of it is for the driver and the screen.
  var bytesAvailable: Int {
    let whole = min(simulation.memory ?? Int.max, description.memory / 10 * 9)
    return max(0, whole - allocatedBytes)
  }

  func released(_ bytes: Int) { allocatedBytes -= bytes }
}

private func dv_load_device_of(
  _ instance: dv_instance, _ device: VkDevice, _ table: UnsafeMutablePointer<dv_device>
) -> UnsafePointer<CChar>? {
  withUnsafePointer(to: instance) { dv_load_device($0, device, table) }
}
