import CVulkan

/// What a driver says of a device.
package struct DeviceDescription: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case discrete, integrated, virtual, software, other
  }

  /// In the driver's order.
  package let index: Int
  package let name: String
  package let kind: Kind
  /// The maker's number in the PCI register.
  let vendor: UInt32
  static let nvidia: UInt32 = 0x10DE
  /// 32 hexadecimal digits that name the device, whatever driver shows it.
  package let uuid: String
  /// The driver's name and version in its own words.
  package let driver: String
  /// Changes with the driver: results of kernel tests are kept by it.
  package let driverVersion: String
  package let apiVersion: String
  /// Bytes of the largest heap of memory that is the device's own.
  package let memory: Int
  /// Bytes of one allocation.
  package let largestAllocation: Int
  /// Bytes that a work group shares.
  package let sharedMemory: Int
  package let subgroupSize: Int
  package let workGroup: WorkGroupLimits
  /// Whether values can be stored in 16 bits.
  package let has16BitStorage: Bool
  /// Matrix products of float16 fragments with float32 sums, at subgroup scope.
  package let matrixShapes: [MatrixShape]
  /// What the device lacks for their use; empty if they can be used, or there are none.
  package let missingForMatrices: [String]
  /// Kinds of memory: size of the heap and flags, in the driver's order.
  package let memoryTypes: [String]
  /// What the device lacks; empty if it can be used.
  package let missing: [String]
  /// Nanoseconds of one tick of its clock.
  let timestampPeriod: Float

  package var isSoftware: Bool { kind == .software }
  /// Whether kernels can use its matrix cores.
  var usesMatrices: Bool { !matrixShapes.isEmpty && missingForMatrices.isEmpty }
}

/// The most that a work group may have, and how its threads are grouped.
package struct WorkGroupLimits: Sendable, Equatable {
  package let threads: Int
  package let subgroups: Int
  /// Sizes of subgroups that the device may choose from.
  package let subgroupSizes: ClosedRange<Int>
  /// Whether a kernel can demand one of them.
  package let canDemandSize: Bool
}

/// The fragments of a cooperative matrix product: `rows x depth` times `depth x columns`.
package struct MatrixShape: Sendable, Hashable, CustomStringConvertible {
  package let rows: Int
  package let columns: Int
  package let depth: Int

  package var description: String { "\(rows)x\(columns)x\(depth)" }
}

/// A device and how it can be opened.
struct PhysicalDevice {
  let handle: VkPhysicalDevice
  let description: DeviceDescription
  let extensions: Set<String>
  var tellsStatistics: Bool { extensions.contains(VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME) }

  init(_ handle: VkPhysicalDevice, index: Int, _ instance: Instance) throws(VulkanError) {
    self.handle = handle
    let table = instance.table
    extensions = Set(
      try listed("vkEnumerateDeviceExtensionProperties", VkExtensionProperties()) {
        table.EnumerateDeviceExtensionProperties(handle, nil, $0, $1)
      }.map { text($0.extensionName) })
    let properties = Properties(handle, table)
    let features = Features(handle, table)
    var matrixShapes: [MatrixShape] = []
    if extensions.contains(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME) {
      matrixShapes = try PhysicalDevice.matrixShapes(handle, table)
    }
    var missing = features.missing
    if properties.core.apiVersion < dv_api_1_3 { missing.insert("Vulkan 1.3", at: 0) }
    description = DeviceDescription(
      index: index, name: text(properties.core.deviceName), kind: properties.kind,
      vendor: properties.core.vendorID, uuid: properties.uuid,
      driver: properties.driver,
      driverVersion: String(properties.core.driverVersion), apiVersion: properties.apiVersion,
      memory: PhysicalDevice.memory(handle, table),
      largestAllocation: properties.largestAllocation,
      sharedMemory: Int(properties.core.limits.maxComputeSharedMemorySize),
      subgroupSize: properties.subgroupSize, workGroup: properties.workGroup,
      has16BitStorage: features.has16BitStorage, matrixShapes: matrixShapes,
      missingForMatrices: matrixShapes.isEmpty
        ? [] : features.missingForMatrices + properties.missingForMatrices,
      memoryTypes: PhysicalDevice.memoryTypes(handle, table), missing: missing,
      timestampPeriod: properties.core.limits.timestampPeriod)
  }

  /// Shapes with float16 factors and float32 sums.
  private static func matrixShapes(_ handle: VkPhysicalDevice, _ table: dv_instance) throws(VulkanError)
    -> [MatrixShape]
  {
    guard let list = table.GetPhysicalDeviceCooperativeMatrixPropertiesKHR else { return [] }
    var empty = VkCooperativeMatrixPropertiesKHR()
    empty.sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR
    let all = try listed("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR", empty) { list(handle, $0, $1) }
    let (half, float) = (VK_COMPONENT_TYPE_FLOAT16_KHR, VK_COMPONENT_TYPE_FLOAT32_KHR)
    return all.filter {
      $0.AType == half && $0.BType == half && $0.CType == float && $0.ResultType == float
        && $0.scope == VK_SCOPE_SUBGROUP_KHR
    }.map { MatrixShape(rows: Int($0.MSize), columns: Int($0.NSize), depth: Int($0.KSize)) }
  }

  private static func memoryProperties(_ handle: VkPhysicalDevice, _ table: dv_instance)
    -> VkPhysicalDeviceMemoryProperties
  {
    var properties = VkPhysicalDeviceMemoryProperties2()
    properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2
    table.GetPhysicalDeviceMemoryProperties2(handle, &properties)
    return properties.memoryProperties
  }

  private static func memoryTypes(_ handle: VkPhysicalDevice, _ table: dv_instance) -> [String] {
    let memory = memoryProperties(handle, table)
    let names = [
      "device-local", "host-visible", "host-coherent", "host-cached", "lazy", "protected", "device-coherent",
      "device-uncached",
    ]
    let heaps = withUnsafeBytes(of: memory.memoryHeaps) {
      $0.bindMemory(to: VkMemoryHeap.self).map { Int(clamping: $0.size) }
    }
    return withUnsafeBytes(of: memory.memoryTypes) { types in
      types.bindMemory(to: VkMemoryType.self).prefix(Int(memory.memoryTypeCount)).map { type in
        let flags = names.indices.filter { type.propertyFlags >> UInt32($0) & 1 != 0 }.map { names[$0] }
        return (["\(heaps[Int(type.heapIndex)] >> 20) MiB"] + flags).joined(separator: " ")
      }
    }
  }

  private static func memory(_ handle: VkPhysicalDevice, _ table: dv_instance) -> Int {
    let memory = memoryProperties(handle, table)
    return withUnsafeBytes(of: memory.memoryHeaps) { bytes in
      bytes.bindMemory(to: VkMemoryHeap.self).prefix(Int(memory.memoryHeapCount))
        .filter { $0.flags & VkFlags(VK_MEMORY_HEAP_DEVICE_LOCAL_BIT.rawValue) != 0 }
        .map { Int(clamping: $0.size) }.max() ?? 0
    }
  }
}

/// The properties of a device that matter here.
private struct Properties {
  let core: VkPhysicalDeviceProperties
  private let identity: VkPhysicalDeviceIDProperties
  private let driverNames: VkPhysicalDeviceDriverProperties
  private let third: VkPhysicalDeviceMaintenance3Properties
  private let fourth: VkPhysicalDeviceMaintenance4Properties
  private let subgroup: VkPhysicalDeviceSubgroupProperties
  private let sizes: VkPhysicalDeviceSubgroupSizeControlProperties

  init(_ handle: VkPhysicalDevice, _ table: dv_instance) {
    var chain = PNextChain()
    var head = VkPhysicalDeviceProperties2()
    head.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2
    let properties = chain.append(head)
    var empty = (
      VkPhysicalDeviceIDProperties(), VkPhysicalDeviceDriverProperties(),
      VkPhysicalDeviceMaintenance3Properties(), VkPhysicalDeviceMaintenance4Properties(),
      VkPhysicalDeviceSubgroupProperties(), VkPhysicalDeviceSubgroupSizeControlProperties()
    )
    empty.0.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES
    empty.1.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES
    empty.2.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES
    empty.3.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES
    empty.4.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES
    empty.5.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES
    let identity = chain.append(empty.0)
    let driverNames = chain.append(empty.1)
    let third = chain.append(empty.2)
    let fourth = chain.append(empty.3)
    let subgroup = chain.append(empty.4)
    let sizes = chain.append(empty.5)
    table.GetPhysicalDeviceProperties2(handle, properties)
    core = properties.pointee.properties
    self.identity = identity.pointee
    self.driverNames = driverNames.pointee
    self.third = third.pointee
    self.fourth = fourth.pointee
    self.subgroup = subgroup.pointee
    self.sizes = sizes.pointee
  }

  var kind: DeviceDescription.Kind {
    switch core.deviceType {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: .discrete
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: .integrated
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: .virtual
    case VK_PHYSICAL_DEVICE_TYPE_CPU: .software
    default: .other
    }
  }

  var uuid: String {
    withUnsafeBytes(of: identity.deviceUUID) { bytes in
      bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
  }

  var driver: String {
    [text(driverNames.driverName), text(driverNames.driverInfo)].filter { !$0.isEmpty }.joined(separator: " ")
  }

  var apiVersion: String {
    let version = core.apiVersion
    return "\(version >> 22 & 0x7F).\(version >> 12 & 0x3FF).\(version & 0xFFF)"
  }

  var largestAllocation: Int {
    Int(clamping: min(third.maxMemoryAllocationSize, fourth.maxBufferSize))
  }

  var subgroupSize: Int { Int(subgroup.subgroupSize) }

  var workGroup: WorkGroupLimits {
    let (least, most) = (Int(sizes.minSubgroupSize), Int(sizes.maxSubgroupSize))
    let compute = VkFlags(VK_SHADER_STAGE_COMPUTE_BIT.rawValue)
    return WorkGroupLimits(
      threads: Int(core.limits.maxComputeWorkGroupInvocations),
      subgroups: Int(sizes.maxComputeWorkgroupSubgroups), subgroupSizes: min(least, most)...most,
      canDemandSize: sizes.requiredSubgroupSizeStages & compute != 0)
  }

  /// What kernels on matrix cores need beside the features.
  var missingForMatrices: [String] {
    let (compute, shuffle) = (
      VkFlags(VK_SHADER_STAGE_COMPUTE_BIT.rawValue), VkFlags(VK_SUBGROUP_FEATURE_SHUFFLE_BIT.rawValue)
    )
    let isKnown = workGroup.canDemandSize || workGroup.subgroupSizes == subgroupSize...subgroupSize
    return (isKnown ? [] : ["a subgroup size that can be demanded"])
      + (subgroup.supportedStages & compute != 0 && subgroup.supportedOperations & shuffle != 0
        ? [] : ["shuffles in subgroups"])
  }
}

/// The features of a device that matter here.
struct Features {
  private let first: VkPhysicalDeviceVulkan11Features
  private let second: VkPhysicalDeviceVulkan12Features
  private let third: VkPhysicalDeviceVulkan13Features

  init(_ handle: VkPhysicalDevice, _ table: dv_instance) {
    var chain = PNextChain()
    var head = VkPhysicalDeviceFeatures2()
    head.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2
    let features = chain.append(head)
    let first = chain.append(Features.first)
    let second = chain.append(Features.second)
    let third = chain.append(Features.third)
    table.GetPhysicalDeviceFeatures2(handle, features)
    self.first = first.pointee
    self.second = second.pointee
    self.third = third.pointee
  }

  var has16BitStorage: Bool { first.storageBuffer16BitAccess != 0 }

  /// What kernels on matrix cores need.
  var missingForMatrices: [String] {
    [
      ("16-bit storage", first.storageBuffer16BitAccess), ("float16 arithmetic", second.shaderFloat16),
      ("the Vulkan memory model", second.vulkanMemoryModel),
      ("control of subgroup sizes", third.subgroupSizeControl),
      ("full subgroups", third.computeFullSubgroups),
    ].filter { $0.1 == 0 }.map(\.0)
  }

  var missing: [String] {
    [
      ("buffer device addresses", second.bufferDeviceAddress),
      ("scalar block layout", second.scalarBlockLayout),
      ("timeline semaphores", second.timelineSemaphore), ("synchronization2", third.synchronization2),
    ].filter { $0.1 == 0 }.map(\.0)
  }

  static var first: VkPhysicalDeviceVulkan11Features {
    var features = VkPhysicalDeviceVulkan11Features()
    features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES
    return features
  }

  static var second: VkPhysicalDeviceVulkan12Features {
    var features = VkPhysicalDeviceVulkan12Features()
    features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES
    return features
  }

  static var third: VkPhysicalDeviceVulkan13Features {
    var features = VkPhysicalDeviceVulkan13Features()
    features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES
    return features
  }
}
