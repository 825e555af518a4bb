import CVulkan

private enum PoolKind {}
private enum SemaphoreKind {}
private enum QueryKind {}

/// The device's queue: takes command buffers in order, and counts those that are done.
final class Queue {
  let device: Device
  private let pool: Owned<PoolKind>
  private let finished: Owned<SemaphoreKind>
  private var submitted: UInt64 = 0

  init(_ device: Device) throws(VulkanError) {
    self.device = device
    let (vk, handle) = (device.vk, device.handle)
    var poolInfo = VkCommandPoolCreateInfo()
    poolInfo.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO
    poolInfo.queueFamilyIndex = device.queueFamily
    let pool = try made("vkCreateCommandPool") { vk.CreateCommandPool(handle, &poolInfo, nil, $0) }
    self.pool = Owned(pool, of: device) { $0.vk.DestroyCommandPool($0.handle, $1, nil) }
    var type = VkSemaphoreTypeCreateInfo()
    type.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO
    type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE
    var semaphore: VkSemaphore?
    let result = withUnsafePointer(to: type) { type in
      var info = VkSemaphoreCreateInfo()
      info.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO
      info.pNext = UnsafeRawPointer(type)
      return vk.CreateSemaphore(handle, &info, nil, &semaphore)
    }
    try check(result, "vkCreateSemaphore")
    guard let semaphore else { throw .failed(call: "vkCreateSemaphore", result: 0) }
    finished = Owned(semaphore, of: device) { $0.vk.DestroySemaphore($0.handle, $1, nil) }
  }

  deinit { if !device.isStuck { _ = device.vk.DeviceWaitIdle(device.handle) } }

  /// - Returns: the number to wait for.
  func submit(_ commands: Commands) throws(VulkanError) -> UInt64 {
    try device.admitSubmission()
    var buffer = VkCommandBufferSubmitInfo()
    buffer.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO
    buffer.commandBuffer = commands.handle
    var signal = VkSemaphoreSubmitInfo()
    signal.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO
    signal.semaphore = finished.handle
    signal.value = submitted + 1
    signal.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT
    let result = withUnsafePointer(to: buffer) { buffer in
      withUnsafePointer(to: signal) { signal in
        var info = VkSubmitInfo2()
        info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2
        (info.commandBufferInfoCount, info.pCommandBufferInfos) = (1, buffer)
        (info.signalSemaphoreInfoCount, info.pSignalSemaphoreInfos) = (1, signal)
        return device.vk.QueueSubmit2(device.queue, 1, &info, nil)
      }
    }
    try device.checkAlive(result, "vkQueueSubmit2")
    submitted += 1
    return submitted
  }

  /// Waits until a submission and all before it are done.
  /// - Throws: `VulkanError.endless` if the device takes longer than anything should.
  func wait(for number: UInt64) throws(VulkanError) {
    if device.isStuck { throw .endless(seconds: device.patience, device: device.description.name) }
    let nanoseconds = UInt64(device.patience) * 1_000_000_000
    var semaphore: VkSemaphore? = finished.handle
    let result = withUnsafePointer(to: number) { value in
      withUnsafePointer(to: &semaphore) { semaphores in
        var info = VkSemaphoreWaitInfo()
        info.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO
        (info.semaphoreCount, info.pSemaphores, info.pValues) = (1, semaphores, value)
        return device.vk.WaitSemaphores(device.handle, &info, nanoseconds)
      }
    }
    if result == VK_TIMEOUT { throw device.giveUp() }
    try device.checkAlive(result, "vkWaitSemaphores")
  }

  /// Runs dispatches one after the other.
  /// - Returns: the time from the beginning of the first to the end of the last, by the device's clock; 0 if it has none.
  func seconds(of dispatches: [Dispatch], _ kernels: KernelLibrary) throws(VulkanError) -> Double {
    let clock = try Clock(device, marks: 2)
    let commands = try Commands(self)
    try commands.record { recorder throws(VulkanError) in
      clock.map { recorder.reset($0) }
      recorder.barrier()
      clock.map { recorder.mark($0, 0) }
      for dispatch in dispatches {
        try recorder.record(dispatch, rows: 0..<dispatch.groups.y, waits: true, kernels)
      }
      clock.map { recorder.mark($0, 1) }
    }
    try wait(for: submit(commands))
    guard let marks = try clock?.seconds(2) else { return 0 }
    return marks[1] - marks[0]
  }

  fileprivate func makeBuffer() throws(VulkanError) -> VkCommandBuffer {
    var info = VkCommandBufferAllocateInfo()
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO
    (info.commandPool, info.level, info.commandBufferCount) = (
      pool.handle, VK_COMMAND_BUFFER_LEVEL_PRIMARY, 1
    )
    return try made("vkAllocateCommandBuffers") {
      device.vk.AllocateCommandBuffers(device.handle, &info, $0)
    }
  }

  fileprivate func free(_ buffer: VkCommandBuffer) {
    var buffer: VkCommandBuffer? = buffer
    if !device.isStuck { device.vk.FreeCommandBuffers(device.handle, pool.handle, 1, &buffer) }
  }
}

/// A command buffer that can be submitted again and again.
final class Commands {
  let handle: VkCommandBuffer
  private let queue: Queue

  init(_ queue: Queue) throws(VulkanError) {
    self.queue = queue
    handle = try queue.makeBuffer()
  }

  deinit { queue.free(handle) }

  func record(_ body: (borrowing Recorder) throws(VulkanError) -> Void) throws(VulkanError) {
    let vk = queue.device.vk
    var info = VkCommandBufferBeginInfo()
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO
    try check(vk.BeginCommandBuffer(handle, &info), "vkBeginCommandBuffer")
    try body(Recorder(vk: vk, buffer: handle))
    try check(vk.EndCommandBuffer(handle), "vkEndCommandBuffer")
  }
}

/// Writes into a command buffer.
struct Recorder: ~Copyable {
  fileprivate let vk: dv_device
  fileprivate let buffer: VkCommandBuffer

  /// - Throws: what compiling the kernel throws.
  func record(_ dispatch: Dispatch, rows: Range<Int>, waits: Bool, _ kernels: KernelLibrary)
    throws(VulkanError)
  {
    let kernel = try kernels.kernel(dispatch.kernel)
    if waits { barrier() }
    vk.CmdBindPipeline(buffer, VK_PIPELINE_BIND_POINT_COMPUTE, kernel.handle)
    dispatch.push.withUnsafeBytes {
      vk.CmdPushConstants(
        buffer, kernels.layout, VkFlags(VK_SHADER_STAGE_COMPUTE_BIT.rawValue), 0, UInt32($0.count),
        $0.baseAddress)
    }
    vk.CmdDispatchBase(
      buffer, 0, UInt32(rows.lowerBound), 0, UInt32(dispatch.groups.x), UInt32(rows.count),
      UInt32(dispatch.groups.z))
  }

  func copy(_ source: DeviceBuffer, at offset: Int, to destination: DeviceBuffer, at place: Int, bytes: Int) {
    var region = VkBufferCopy(
      srcOffset: VkDeviceSize(offset), dstOffset: VkDeviceSize(place), size: VkDeviceSize(bytes))
    vk.CmdCopyBuffer(buffer, source.buffer, destination.buffer, 1, &region)
  }

  /// All that was written before can be read and written after.
  func barrier() {
    let shader = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_COPY_BIT
    let write = VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT | VK_ACCESS_2_TRANSFER_WRITE_BIT
    let read = VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_TRANSFER_READ_BIT
    barrier(from: (shader, write), to: (shader, read | write))
  }

  /// What was written can be read by the processor, once the submission is done.
  func showToHost() {
    barrier(
      from: (VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT, VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT),
      to: (VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_HOST_READ_BIT))
  }

  private func barrier(
    from: (VkPipelineStageFlags2, VkAccessFlags2), to: (VkPipelineStageFlags2, VkAccessFlags2)
  ) {
    var memory = VkMemoryBarrier2()
    memory.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2
    (memory.srcStageMask, memory.srcAccessMask) = from
    (memory.dstStageMask, memory.dstAccessMask) = to
    withUnsafePointer(to: memory) { memory in
      var info = VkDependencyInfo()
      info.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO
      (info.memoryBarrierCount, info.pMemoryBarriers) = (1, memory)
      vk.CmdPipelineBarrier2(buffer, &info)
    }
  }

  func reset(_ clock: Clock) { vk.CmdResetQueryPool(buffer, clock.handle, 0, UInt32(clock.marks)) }

  /// Writes the time at which all that was recorded before is done.
  func mark(_ clock: Clock, _ index: Int) {
    vk.CmdWriteTimestamp2(buffer, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, clock.handle, UInt32(index))
  }
}

/// Times that the device notes while it runs.
final class Clock {
  let marks: Int
  private let device: Device
  private let pool: Owned<QueryKind>
  var handle: VkQueryPool { pool.handle }

  /// Nil if the device's queue has no clock.
  init?(_ device: Device, marks: Int) throws(VulkanError) {
    guard device.hasClock else { return nil }
    self.device = device
    self.marks = marks
    let (vk, handle) = (device.vk, device.handle)
    var info = VkQueryPoolCreateInfo()
    info.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO
    info.queryType = VK_QUERY_TYPE_TIMESTAMP
    info.queryCount = UInt32(marks)
    let pool = try made("vkCreateQueryPool") { vk.CreateQueryPool(handle, &info, nil, $0) }
    self.pool = Owned(pool, of: device) { $0.vk.DestroyQueryPool($0.handle, $1, nil) }
  }

  /// The first marks, in seconds since the first of all.
  func seconds(_ count: Int) throws(VulkanError) -> [Double] {
    var ticks = [UInt64](repeating: 0, count: count)
    let result = ticks.withUnsafeMutableBytes {
      device.vk.GetQueryPoolResults(
        device.handle, handle, 0, UInt32(count), $0.count, $0.baseAddress, 8,
        VkFlags(VK_QUERY_RESULT_64_BIT.rawValue | VK_QUERY_RESULT_WAIT_BIT.rawValue))
    }
    try device.checkAlive(result, "vkGetQueryPoolResults")
    // Beyond its valid bits the clock begins again at zero.
    let passed = ticks.map { ($0 &- ticks[0]) & device.clockMask }
    return passed.map { Double($0) * Double(device.description.timestampPeriod) * 1e-9 }
  }
}
