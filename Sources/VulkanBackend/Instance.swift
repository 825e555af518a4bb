import CVulkan
import Synchronization

/// Vulkan as it is on this machine.
package final class Instance: Sendable {
  let table: dv_instance
  nonisolated(unsafe) let handle: VkInstance
  private nonisolated(unsafe) let messenger: VkDebugUtilsMessengerEXT?
  /// What the validation layer has said, if it was asked for.
  private let heard: Messages?

  package var validationMessages: [String] { heard?.list ?? [] }

  /// - Parameter validating: whether to use the Khronos validation layer.
  /// - Throws: `VulkanError`: there is no loader or driver, Vulkan is older than 1.3, or the layer is missing.
  package init(validating: Bool = false) throws(VulkanError) {
    let global: dv_global = try loaded { dv_load_global($0) }
    var version: UInt32 = 0
    try check(global.EnumerateInstanceVersion(&version), "vkEnumerateInstanceVersion")
    guard version >= dv_api_1_3 else {
      throw .unavailable("Vulkan's loader is older than 1.3; a newer one is needed")
    }
    let handle = try Instance.make(global, validating: validating)
    let table: dv_instance = try loaded { dv_load_instance(handle, $0) }
    let heard = validating ? Messages() : nil
    messenger = heard.flatMap { Instance.listen(table, handle, $0) }
    self.heard = heard
    self.table = table
    self.handle = handle
  }

  deinit {
    if let messenger { table.DestroyDebugUtilsMessengerEXT?(handle, messenger, nil) }
    table.DestroyInstance(handle, nil)
  }

  private static func make(_ global: dv_global, validating: Bool) throws(VulkanError) -> VkInstance {
    var application = VkApplicationInfo()
    application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO
    application.apiVersion = dv_api_1_3
    let extensions = try extensions(global)
    var wanted = validating ? [VK_EXT_DEBUG_UTILS_EXTENSION_NAME] : []
    // Without it the loader hides drivers that are Vulkan by way of another interface, such as MoltenVK.
    let portability = extensions.contains(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME)
    if portability { wanted.append(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME) }
    let layers = validating ? ["VK_LAYER_KHRONOS_validation"] : []
    do {
      return try withStrings(layers) { layers, layerCount in
        try withStrings(wanted) { names, nameCount in
          try withUnsafePointer(to: application) { application in
            var info = VkInstanceCreateInfo()
            info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO
            if portability { info.flags = VkFlags(VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR.rawValue) }
            info.pApplicationInfo = application
            (info.ppEnabledLayerNames, info.enabledLayerCount) = (layers, layerCount)
            (info.ppEnabledExtensionNames, info.enabledExtensionCount) = (names, nameCount)
            return try made("vkCreateInstance") { global.CreateInstance(&info, nil, $0) }
          }
        }
      }
    } catch let error as VulkanError {
      throw error
    } catch {
      throw .unavailable("\(error)")
    }
  }

  private static func extensions(_ global: dv_global) throws(VulkanError) -> Set<String> {
    let properties = try listed("vkEnumerateInstanceExtensionProperties", VkExtensionProperties()) {
      global.EnumerateInstanceExtensionProperties(nil, $0, $1)
    }
    return Set(properties.map { text($0.extensionName) })
  }

  private static func listen(_ table: dv_instance, _ instance: VkInstance, _ messages: Messages)
    -> VkDebugUtilsMessengerEXT?
  {
    var info = VkDebugUtilsMessengerCreateInfoEXT()
    info.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT
    info.messageSeverity = VkFlags(
      VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT.rawValue
        | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT.rawValue)
    info.messageType = VkFlags(
      VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT.rawValue
        | VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT.rawValue)
    info.pfnUserCallback = { _, _, data, user in
      guard let user, let message = data?.pointee.pMessage else { return 0 }
      Unmanaged<Messages>.fromOpaque(user).takeUnretainedValue().add(String(cString: message))
      return 0
    }
    info.pUserData = Unmanaged.passUnretained(messages).toOpaque()
    var messenger: VkDebugUtilsMessengerEXT?
    _ = table.CreateDebugUtilsMessengerEXT?(instance, &info, nil, &messenger)
    return messenger
  }

  /// All devices, in the driver's order.
  func physicalDevices() throws(VulkanError) -> [VkPhysicalDevice] {
    let nothing: VkPhysicalDevice? = nil
    return try listed("vkEnumeratePhysicalDevices", nothing) {
      table.EnumeratePhysicalDevices(handle, $0, $1)
    }.compactMap { $0 }
  }
}

/// A table of functions.
/// - Throws: `VulkanError.unavailable`, naming the library or function that is missing.
func loaded<Table>(_ load: (UnsafeMutablePointer<Table>) -> UnsafePointer<CChar>?) throws(VulkanError)
  -> Table
{
  let table = UnsafeMutablePointer<Table>.allocate(capacity: 1)
  defer { table.deallocate() }
  if let missing = load(table) {
    throw .unavailable(
      "there is no Vulkan on this machine that can be used: \(String(cString: missing)) is missing")
  }
  return table.pointee
}

/// What a layer says, from any thread.
private final class Messages: Sendable {
  private let lines = Mutex<[String]>([])
  var list: [String] { lines.withLock { $0 } }

  func add(_ line: String) {
    // What the layer does to the device for its own needs is nobody's fault.
    guard !line.contains("validation is adjusting settings") else { return }
    lines.withLock { $0.append(line) }
  }
}
