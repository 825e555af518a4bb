import CVulkan

private enum BufferKind {}
private enum MemoryKind {}

/// One allocation with a buffer over all of it.
final class DeviceBuffer {
  enum Home {
    /// The device's own memory.
    case device
    /// Memory that the processor sees, as fast for its reading as there is.
    case host
  }

  let bytes: Int
  /// Where kernels find it.
  let address: UInt64
  /// Where the processor finds it; nil for the device's own memory.
  let mapped: UnsafeMutableRawPointer?
  private let device: Device
  /// Of the device's own memory.
  private let counted: Int
  private let ownedBuffer: Owned<BufferKind>
  private let memory: Owned<MemoryKind>

  var buffer: VkBuffer { ownedBuffer.handle }
  /// The addresses of all of it.
  var range: Range<UInt64> { address..<(address + UInt64(bytes)) }

  /// - Throws: `VulkanError.outOfMemory` with `purpose`.
  init(_ device: Device, bytes: Int, home: Home, purpose: String) throws(VulkanError) {
    let bytes = (max(bytes, 1) + 255) / 256 * 256
    guard bytes <= device.largestAllocation else {
      throw .outOfMemory(
        purpose: "\(purpose), more than the \(device.largestAllocation >> 20) MiB of one allocation",
        bytes: bytes, device: device.description.name)
    }
    let counted = home == .device ? bytes : 0
    try device.admitAllocation(counted, for: purpose)
    do {
      let vk = device.vk
      let handle = device.handle
      let buffer = try DeviceBuffer.makeBuffer(device, bytes)
      ownedBuffer = Owned(buffer, of: device) { $0.vk.DestroyBuffer($0.handle, $1, nil) }
      let memory = try DeviceBuffer.allocate(device, buffer, home, purpose)
      self.memory = Owned(memory, of: device) { $0.vk.FreeMemory($0.handle, $1, nil) }
      try check(vk.BindBufferMemory(handle, buffer, memory, 0), "vkBindBufferMemory")
      var info = VkBufferDeviceAddressInfo()
      info.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO
      info.buffer = buffer
      address = vk.GetBufferDeviceAddress(handle, &info)
      var mapped: UnsafeMutableRawPointer?
      if home == .host {
        try check(vk.MapMemory(handle, memory, 0, VkDeviceSize(bytes), 0, &mapped), "vkMapMemory")
      }
      self.mapped = mapped
      self.bytes = bytes
      self.counted = counted
      self.device = device
    } catch {
      device.released(counted)
      throw error
    }
  }

  deinit { device.released(counted) }

  private static func makeBuffer(_ device: Device, _ bytes: Int) throws(VulkanError) -> VkBuffer {
    var info = VkBufferCreateInfo()
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO
    info.size = VkDeviceSize(bytes)
    info.usage = VkFlags(
      VK_BUFFER_USAGE_STORAGE_BUFFER_BIT.rawValue | VK_BUFFER_USAGE_TRANSFER_SRC_BIT.rawValue
        | VK_BUFFER_USAGE_TRANSFER_DST_BIT.rawValue | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT.rawValue)
    return try made("vkCreateBuffer") { device.vk.CreateBuffer(device.handle, &info, nil, $0) }
  }

  private static func allocate(_ device: Device, _ buffer: VkBuffer, _ home: Home, _ purpose: String)
    throws(VulkanError) -> VkDeviceMemory
  {
    var needs = VkMemoryRequirements()
    device.vk.GetBufferMemoryRequirements(device.handle, buffer, &needs)
    var flags = VkMemoryAllocateFlagsInfo()
    flags.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO
    flags.flags = VkFlags(VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT.rawValue)
    for type in types(device.memoryTypes, home) where needs.memoryTypeBits & (1 << UInt32(type)) != 0 {
      var memory: VkDeviceMemory?
      let result = withUnsafePointer(to: flags) { flags in
        var info = VkMemoryAllocateInfo()
        info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO
        info.pNext = UnsafeRawPointer(flags)
        (info.allocationSize, info.memoryTypeIndex) = (needs.size, UInt32(type))
        return device.vk.AllocateMemory(device.handle, &info, nil, &memory)
      }
      if result == VK_SUCCESS, let memory { return memory }
      // A full heap: the next type may be of another one.
      if result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY { continue }
      try device.checkAlive(result, "vkAllocateMemory")
    }
    throw .outOfMemory(purpose: purpose, bytes: Int(needs.size), device: device.description.name)
  }

  /// Types of memory that serve, the best first.
  private static func types(_ types: [VkMemoryType], _ home: Home) -> [Int] {
    // Only for work that is protected from being read, and uncached for debuggers.
    let special = VkFlags(
      VK_MEMORY_PROPERTY_PROTECTED_BIT.rawValue | VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD.rawValue)
    let usable = types.indices.filter { types[$0].propertyFlags & special == 0 }
    func has(_ type: Int, _ flags: VkMemoryPropertyFlagBits...) -> Bool {
      flags.allSatisfy { types[type].propertyFlags & VkFlags($0.rawValue) != 0 }
    }
    switch home {
    case .device:
      return usable.filter { has($0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) }
    case .host:
      let visible = usable.filter {
        has($0, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT, VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)
      }
      return visible.filter { has($0, VK_MEMORY_PROPERTY_HOST_CACHED_BIT) }
        + visible.filter { !has($0, VK_MEMORY_PROPERTY_HOST_CACHED_BIT) }
    }
  }
}
