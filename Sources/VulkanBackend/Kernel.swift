import CVulkan
import VulkanKernels

private enum PipelineKind {}
private enum LayoutKind {}

/// A compute kernel with its constants compiled in.
final class Kernel {
  let name: String
  private let pipeline: Owned<PipelineKind>
  var handle: VkPipeline { pipeline.handle }

  fileprivate init(_ device: Device, _ key: KernelKey, layout: VkPipelineLayout) throws(VulkanError) {
    name = key.name
    let pipeline = try Kernel.compile(device, key, layout)
    self.pipeline = Owned(pipeline, of: device) { $0.vk.DestroyPipeline($0.handle, $1, nil) }
  }

  private static func compile(_ device: Device, _ key: KernelKey, _ layout: VkPipelineLayout)
    throws(VulkanError)
    -> VkPipeline
  {
    var bytes = 0
    let name = device.simulation.swappedKernels[key.module] ?? key.module
    guard let words = dv_kernel(name, &bytes) else { preconditionFailure("there is no kernel \(name)") }
    var module = VkShaderModuleCreateInfo()
    module.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO
    module.codeSize = bytes
    module.pCode = words.assumingMemoryBound(to: UInt32.self)
    let shader = try made("vkCreateShaderModule") {
      device.vk.CreateShaderModule(device.handle, &module, nil, $0)
    }
    defer { device.vk.DestroyShaderModule(device.handle, shader, nil) }
    // Constant i of the shader is number i of the list.
    let entries = key.constants.indices.map {
      VkSpecializationMapEntry(constantID: UInt32($0), offset: UInt32(4 * $0), size: 4)
    }
    var chain = PNextChain()
    if let size = key.subgroupSize {
      var required = VkPipelineShaderStageRequiredSubgroupSizeCreateInfo()
      required.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO
      required.requiredSubgroupSize = UInt32(size)
      chain.append(required)
    }
    let next = chain.first
    do {
      return try entries.withUnsafeBufferPointer { entries in
        try key.constants.withUnsafeBytes { constants in
          try withUnsafePointer(
            to: VkSpecializationInfo(
              mapEntryCount: UInt32(entries.count), pMapEntries: entries.baseAddress,
              dataSize: constants.count, pData: constants.baseAddress)
          ) { specialization in
            try "main".withCString { main in
              var info = VkComputePipelineCreateInfo()
              info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO
              info.flags = VkFlags(VK_PIPELINE_CREATE_DISPATCH_BASE_BIT.rawValue)
              info.layout = layout
              info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO
              info.stage.pNext = UnsafeRawPointer(next)
              if next != nil {
                info.stage.flags = VkFlags(
                  VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT.rawValue)
              }
              info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT
              (info.stage.module, info.stage.pName) = (shader, main)
              info.stage.pSpecializationInfo = specialization
              return try made("vkCreateComputePipelines (\(key.name))") {
                device.vk.CreateComputePipelines(device.handle, nil, 1, &info, nil, $0)
              }
            }
          }
        }
      }
    } catch let error as VulkanError {
      throw error
    } catch {
      throw .unavailable("\(error)")
    }
  }
}

/// What a kernel is compiled from.
struct KernelKey: Hashable {
  /// The shader's file name.
  let name: String
  /// Whether it may meet 16-bit storage.
  let half: Bool
  /// The shader's constants, in order.
  var constants: [UInt32] = []
  /// Where it must have one, for matrices.
  var subgroupSize: Int?

  var module: String { half ? name + "_half" : name }
}

/// The kernels of a device, compiled when they are first used. All take up to 128 bytes of push constants.
final class KernelLibrary {
  private let device: Device
  private let ownedLayout: Owned<LayoutKind>
  private var kernels: [KernelKey: Kernel] = [:]
  static let pushBytes = 128

  var layout: VkPipelineLayout { ownedLayout.handle }
  var count: Int { kernels.count }

  init(_ device: Device) throws(VulkanError) {
    self.device = device
    let range = VkPushConstantRange(
      stageFlags: VkFlags(VK_SHADER_STAGE_COMPUTE_BIT.rawValue), offset: 0,
      size: UInt32(KernelLibrary.pushBytes))
    var info = VkPipelineLayoutCreateInfo()
    info.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO
    info.pushConstantRangeCount = 1
    var layout: VkPipelineLayout?
    let result = withUnsafePointer(to: range) { range in
      info.pPushConstantRanges = range
      return device.vk.CreatePipelineLayout(device.handle, &info, nil, &layout)
    }
    try check(result, "vkCreatePipelineLayout")
    guard let layout else { throw .failed(call: "vkCreatePipelineLayout", result: 0) }
    ownedLayout = Owned(layout, of: device) { $0.vk.DestroyPipelineLayout($0.handle, $1, nil) }
  }

  func kernel(_ key: KernelKey) throws(VulkanError) -> Kernel {
    if let kernel = kernels[key] { return kernel }
    let kernel = try Kernel(device, key, layout: layout)
    kernels[key] = kernel
    return kernel
  }
}
