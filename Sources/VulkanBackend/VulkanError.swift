import CVulkan

/// Why Vulkan cannot do what is asked.
package enum VulkanError: Error, Sendable, Equatable, CustomStringConvertible {
  /// There is no Vulkan, or no device that fits.
  case unavailable(String)
  /// An allocation failed: its purpose, its bytes, and what the device's memory is.
  case outOfMemory(purpose: String, bytes: Int, device: String)
  /// The device stopped answering; nothing on it can be used any more.
  case deviceLost(call: String, device: String)
  /// The driver does not compile a kernel.
  case notCompiled(kernel: KernelKey, result: Int32)
  /// The device has not ended a submission in the time that all of them should take together.
  case endless(seconds: Int, device: String)
  case failed(call: String, result: Int32)

  package var description: String {
    switch self {
    case .unavailable(let reason): reason
    case .outOfMemory(let purpose, let bytes, let device):
      "\(device): no memory for \(purpose) (\(max(1, bytes >> 20)) MiB)"
    case .deviceLost(let call, let device):
      "\(device): the device was lost (\(call)); its driver may have reset it because of a fault or a time limit"
    case .notCompiled(let kernel, let result):
      "the driver does not compile the kernel \(kernel): \(VulkanError.name(result))"
    case .endless(let seconds, let device):
      "\(device): the device has not answered for \(seconds) s; its driver may hang"
    case .failed(let call, let result): "\(call) failed: \(VulkanError.name(result))"
    }
  }

  private static func name(_ result: Int32) -> String {
    switch VkResult(rawValue: result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY: "out of host memory"
    case VK_ERROR_OUT_OF_DEVICE_MEMORY: "out of device memory"
    case VK_ERROR_INITIALIZATION_FAILED: "initialisation failed"
    case VK_ERROR_DEVICE_LOST: "device lost"
    case VK_ERROR_LAYER_NOT_PRESENT: "a layer is not installed"
    case VK_ERROR_EXTENSION_NOT_PRESENT: "an extension is not supported"
    case VK_ERROR_FEATURE_NOT_PRESENT: "a feature is not supported"
    case VK_ERROR_INCOMPATIBLE_DRIVER: "there is no Vulkan driver that works here"
    case VK_TIMEOUT: "timeout"
    default: "VkResult \(result)"
    }
  }
}

/// - Throws: `VulkanError.failed`.
func check(_ result: VkResult, _ call: String) throws(VulkanError) {
  guard result == VK_SUCCESS else { throw .failed(call: call, result: result.rawValue) }
}

/// The object that a creating call writes.
func made(
  _ call: String, _ create: (UnsafeMutablePointer<OpaquePointer?>) -> VkResult
) throws(VulkanError) -> OpaquePointer {
  var handle: OpaquePointer?
  try check(create(&handle), call)
  guard let handle else { throw .failed(call: call, result: VK_ERROR_UNKNOWN.rawValue) }
  return handle
}

/// What a listing call lists: asked for the count, then for the items.
func listed<Item>(
  _ call: String, _ item: Item,
  _ list: (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<Item>?) -> VkResult
) throws(VulkanError) -> [Item] {
  var count: UInt32 = 0
  try check(list(&count, nil), call)
  var items = [Item](repeating: item, count: Int(count))
  let result = items.withUnsafeMutableBufferPointer { list(&count, $0.baseAddress) }
  guard result == VK_SUCCESS || result == VK_INCOMPLETE else {
    throw .failed(call: call, result: result.rawValue)
  }
  return Array(items.prefix(Int(count)))
}
