/// What the programs of a backend share.
final class Context {
  let device: Device
  let queue: Queue
  let kernels: KernelLibrary
  let weights: WeightStore
  let arena: DeviceArena
  var choices: KernelChoices
  /// Cost per second that new programs begin with.
  var rate: Double

  init(_ device: Device) throws(VulkanError) {
    self.device = device
    choices = KernelChoices(device.description)
    queue = try Queue(device)
    kernels = try KernelLibrary(device)
    weights = WeightStore(queue, kernels)
    arena = DeviceArena(device)
    rate = device.description.isSoftware ? 1e9 : 5e11
  }

  /// The same device with memory and choices of its own.
  init(_ other: Context, choices: KernelChoices) {
    device = other.device
    self.choices = choices
    queue = other.queue
    kernels = other.kernels
    weights = WeightStore(queue, kernels)
    arena = DeviceArena(device)
    rate = other.rate
  }
}
