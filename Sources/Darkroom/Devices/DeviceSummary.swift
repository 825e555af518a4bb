import CPUBackend
import FoundationEssentials
import Graph
import VulkanBackend

/// A device that can make pictures, or the reason why it cannot.
public struct DeviceSummary: Codable, Sendable, Equatable {
  /// What chooses it: `cpu`, `vulkan:0` …
  public let id: String
  public let name: String
  /// `cpu`, `discrete`, `integrated`, `virtual`, `software` or `other`.
  public let kind: String
  public let driver: String
  /// Names a GPU whatever its index; empty for the processor.
  public let uuid: String
  /// Bytes of its own memory.
  public let memory: Int
  /// Bytes of one allocation.
  public let largestAllocation: Int
  /// Arithmetics that it can do, the one that `auto` takes first.
  public let precisions: [String]
  /// How it multiplies matrices: an instruction set, `scalar`, or the fragments of its matrix cores.
  public let matrices: String
  /// Kernels that compute wrongly on it and are replaced by slower ones.
  public let distrusted: [String]
  /// Why it cannot be used; nil if it can.
  public let problem: String?
}

extension DeviceSummary {
  /// The processor, then the Vulkan devices in the order of their indices. Kernels are tested on devices that have
  /// not been seen before, which can take seconds.
  /// - Returns: also why there are no Vulkan devices, if there are none.
  /// - Throws: `DarkroomError` of kind `request` for a wrong environment variable DARKROOM_SHADERS.
  /// - Parameter retesting: whether kernels are tested that were tested before.
  public static func all(retesting: Bool = false) throws -> (devices: [DeviceSummary], noVulkan: String?) {
    let shaders = try VulkanDevices.shaders()
    do {
      let vulkan = try VulkanDevices(shaders)
      return ([processor] + vulkan.ranked.indices.map { vulkan.summary($0, retesting: retesting) }, nil)
    } catch {
      return ([processor], "\(error)")
    }
  }

  private static var processor: DeviceSummary {
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    return DeviceSummary(
      id: "cpu", name: "processor, \(CPUBackend.availableCores) threads", kind: "cpu", driver: "", uuid: "",
      memory: memory, largestAllocation: memory,
      precisions: InstructionSet.best.storages.map(\.rawValue) + [WeightFormat.int8.rawValue],
      matrices: InstructionSet.best.rawValue, distrusted: [], problem: nil)
  }

  fileprivate init(_ device: DeviceDescription, index: Int, distrusted: [String], problem: String?) {
    self.init(
      id: "vulkan:\(index)", name: device.name, kind: device.kind.rawValue,
      driver: "\(device.driver), Vulkan \(device.apiVersion)", uuid: device.uuid, memory: device.memory,
      largestAllocation: device.largestAllocation,
      precisions: (device.has16BitStorage ? [Storage.float16] : []).map(\.rawValue) + [
        Storage.float32.rawValue
      ],
      matrices: device.matrixShapes.isEmpty || !device.missingForMatrices.isEmpty
        ? "scalar" : device.matrixShapes.map(\.description).joined(separator: " "),
      distrusted: distrusted, problem: problem)
  }
}

extension VulkanDevices {
  fileprivate func summary(_ index: Int, retesting: Bool) -> DeviceSummary {
    let device = ranked[index]
    do {
      let backend = try open(device)
      if retesting { backend.forgetTests() }
      return DeviceSummary(
        device, index: index, distrusted: try backend.examineAll().map(\.description), problem: nil)
    } catch {
      return DeviceSummary(device, index: index, distrusted: [], problem: "\(error)")
    }
  }
}
