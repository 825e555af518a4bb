import CVulkan

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
    let shader = try Kernel.shader(device, key)
    defer { device.vk.DestroyShaderModule(device.handle, shader, nil) }
    // Constant i of the shader is number i of the list.
    let entries = key.constants.indices.map {
      VkSpecializationMapEntry(constantID: UInt32($0), offset: UInt32(4 * $0), size: 4)
    }
    var chain = PNextChain()
    if let size = key.subgroupSize, device.description.workGroup.canDemandSize {
      var required = VkPipelineShaderStageRequiredSubgroupSizeCreateInfo()
      required.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO
      required.requiredSubgroupSize = UInt32(size)
      chain.append(required)
    }
    let next = chain.first
    let statistics = device.tellsStatistics ? VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR.rawValue : 0
    let flags = VkFlags(VK_PIPELINE_CREATE_DISPATCH_BASE_BIT.rawValue | statistics)
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
              info.flags = flags
              info.layout = layout
              info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO
              info.stage.pNext = UnsafeRawPointer(next)
              if key.subgroupSize != nil {
                info.stage.flags = VkFlags(
                  VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT.rawValue)
              }
              info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT
              (info.stage.module, info.stage.pName) = (shader, main)
              info.stage.pSpecializationInfo = specialization
              var pipeline: VkPipeline?
              let result = device.vk.CreateComputePipelines(device.handle, nil, 1, &info, nil, &pipeline)
              try Kernel.check(result, device, key)
              guard let pipeline else { throw VulkanError.notCompiled(kernel: key, result: result.rawValue) }
              return pipeline
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

extension Kernel {
  private static func shader(_ device: Device, _ key: KernelKey) throws(VulkanError) -> VkShaderModule {
    var shader: VkShaderModule?
    let result = device.modules.withBytes(of: key.module) { bytes in
      var info = VkShaderModuleCreateInfo()
      info.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO
      info.codeSize = bytes.count
      info.pCode = bytes.bindMemory(to: UInt32.self).baseAddress
      return device.vk.CreateShaderModule(device.handle, &info, nil, &shader)
    }
    try check(result, device, key)
    guard let shader else { throw .notCompiled(kernel: key, result: result.rawValue) }
    return shader
  }

  /// What is not for lack of memory is the kernel's fault.
  private static func check(_ result: VkResult, _ device: Device, _ key: KernelKey) throws(VulkanError) {
    switch result {
    case VK_SUCCESS: return
    case VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_DEVICE_MEMORY:
      throw .outOfMemory(purpose: "compiling \(key)", bytes: 0, device: device.description.name)
    case VK_ERROR_DEVICE_LOST: try device.checkAlive(result, "vkCreateComputePipelines")
    default: throw .notCompiled(kernel: key, result: result.rawValue)
    }
  }
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
