import CVulkan
import Graph

/// What the driver says of a compiled kernel.
package struct KernelStatistics: Sendable {
  package let kernel: KernelKey
  /// In the driver's order and words: registers, spills, bytes of code, cycles, whatever it counts. Empty if the driver
  /// says nothing.
  package let values: [(name: String, value: String)]
  /// Seconds of compiling, which a driver's cache may have made short.
  package let seconds: Double
  /// Why the kernel was not compiled.
  package let problem: String?
}

extension VulkanBackend {
  /// Whether the driver tells what `kernelStatistics` lists (VK_KHR_pipeline_executable_properties).
  package var tellsStatistics: Bool { context.device.physical.tellsStatistics }

  /// Compiles the kernels that networks of common sizes use, or would if faster ones failed, on a device of their own.
  package func kernelStatistics() throws -> [KernelStatistics] {
    let device = context.device
    let inspecting = try Device(device.physical, device.instance, device.modules, tellsStatistics: true)
    let kernels = try KernelLibrary(inspecting)
    let clock = ContinuousClock()
    return try commonKernels.map { key in
      let start = clock.now
      do {
        let kernel = try kernels.kernel(key)
        let seconds = (clock.now - start) / .seconds(1)
        return KernelStatistics(
          kernel: key, values: try inspecting.statistics(of: kernel), seconds: seconds, problem: nil)
      } catch VulkanError.notCompiled(_, let result) {
        return KernelStatistics(
          kernel: key, values: [], seconds: (clock.now - start) / .seconds(1),
          problem: VulkanError.notCompiled(kernel: key, result: result).description)
      }
    }
  }
}

extension Device {
  /// Of all executables that the driver made of a kernel; the second and further ones carry their name.
  fileprivate func statistics(of kernel: Kernel) throws(VulkanError) -> [(name: String, value: String)] {
    guard tellsStatistics, let list = vk.GetPipelineExecutablePropertiesKHR,
      let tell = vk.GetPipelineExecutableStatisticsKHR
    else { return [] }
    var info = VkPipelineInfoKHR()
    info.sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR
    info.pipeline = kernel.handle
    var executable = VkPipelineExecutablePropertiesKHR()
    executable.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR
    let executables = try listed("vkGetPipelineExecutablePropertiesKHR", executable) {
      list(handle, &info, $0, $1)
    }
    var values: [(name: String, value: String)] = []
    for (index, executable) in executables.enumerated() {
      var which = VkPipelineExecutableInfoKHR()
      which.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR
      (which.pipeline, which.executableIndex) = (kernel.handle, UInt32(index))
      var empty = VkPipelineExecutableStatisticKHR()
      empty.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR
      let prefix = index == 0 ? "" : "\(text(executable.name)) "
      values += try listed("vkGetPipelineExecutableStatisticsKHR", empty) { tell(handle, &which, $0, $1) }
        .map { (prefix + text($0.name), $0.number) }
    }
    return values
  }
}

extension VkPipelineExecutableStatisticKHR {
  fileprivate var number: String {
    switch format {
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR: value.b32 == 0 ? "no" : "yes"
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR: "\(value.i64)"
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR: "\(value.f64)"
    default: "\(value.u64)"
    }
  }
}
