import FoundationEssentials
import VulkanBackend

/// What a driver makes of the kernels, and the limits of its device: for those who make kernels faster.
package struct PipelineReport: Codable, Sendable, Equatable {
  package struct Kernel: Codable, Sendable, Equatable {
    package let kernel: String
    /// Of compiling; short where the driver has kept it.
    package let seconds: Double
    /// The driver's own names and values.
    package let statistics: [String: String]
    /// Why the driver does not compile it.
    package let problem: String?
  }

  /// As `DeviceSummary.id`.
  package let device: String
  package let name: String
  /// What decides which kernels the device can run.
  package let limits: [String: String]
  /// Whether the driver has VK_KHR_pipeline_executable_properties; without it statistics are empty.
  package let tellsStatistics: Bool
  package let kernels: [Kernel]
  /// Why the device cannot be used.
  package let problem: String?

  /// Of all Vulkan devices. Kernels are compiled for this, which can take seconds.
  /// - Throws: `DarkroomError` of kind `request` for a wrong environment variable DARKROOM_SHADERS.
  package static func all() throws -> [PipelineReport] {
    let shaders = try VulkanDevices.shaders()
    guard let vulkan = try? VulkanDevices(shaders) else { return [] }
    return vulkan.ranked.enumerated().map { index, device in
      let id = "vulkan:\(index)"
      do {
        let backend = try vulkan.open(device)
        return PipelineReport(
          device: id, name: device.name, limits: limits(device), tellsStatistics: backend.tellsStatistics,
          kernels: try backend.kernelStatistics().map(Kernel.init), problem: nil)
      } catch {
        return PipelineReport(
          device: id, name: device.name, limits: limits(device), tellsStatistics: false, kernels: [],
          problem: "\(error)")
      }
    }
  }

  private static func limits(_ device: DeviceDescription) -> [String: String] {
    let (group, sizes) = (device.workGroup, device.workGroup.subgroupSizes)
    return [
      "work group":
        "\(group.threads) threads, \(group.subgroups) subgroups, \(device.sharedMemory) bytes shared",
      "subgroup":
        "\(device.subgroupSize) threads, \(sizes.lowerBound) to \(sizes.upperBound), \(group.canDemandSize ? "" : "not ")on demand",
      "matrices of float16 with float32 sums":
        device.matrixShapes.isEmpty ? "none" : device.matrixShapes.map(\.description).joined(separator: " "),
      "missing for matrices": device.missingForMatrices.joined(separator: ", "),
      "one allocation": "\(device.largestAllocation >> 20) MiB",
      "memory types": device.memoryTypes.joined(separator: "; "),
    ].filter { !$0.value.isEmpty }
  }
}

extension PipelineReport.Kernel {
  fileprivate init(_ statistics: KernelStatistics) {
    self.init(
      kernel: statistics.kernel.description, seconds: statistics.seconds,
      statistics: Dictionary(statistics.values.map { ($0.name, $0.value) }) { first, _ in first },
      problem: statistics.problem)
  }

  /// Registers of a thread or a subgroup, by the names that drivers have for them.
  package var registers: String { chosen(["regist", "vgprs", "gprs"], unless: ["spill", "reg "]) }

  /// What did not fit in registers.
  package var spills: String {
    let found = chosen(["spill", "scratch", "local memory", "stack", "slm size"], unless: [])
    return found.isEmpty ? (statistics.isEmpty ? "" : "none") : found
  }

  /// Of instructions.
  package var code: String { chosen(["binary size", "code size", "instruction count"], unless: []) }

  /// Values whose name contains one of `parts`, zeros left out.
  private func chosen(_ parts: [String], unless others: [String]) -> String {
    statistics.sorted { $0.key < $1.key }.filter { name, value in
      let name = name.lowercased()
      return value != "0" && parts.contains { name.contains($0) } && !others.contains { name.contains($0) }
    }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }
}
