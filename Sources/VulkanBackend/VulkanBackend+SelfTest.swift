import Graph

extension VulkanBackend {
  /// Kernels that failed their test, and are replaced by slower ones.
  package var distrusted: [DistrustedKernel] {
    context.choices.verdicts.filter { $0.value != .right }
      .map { DistrustedKernel(kernel: $0.key, verdict: $0.value) }
      .sorted { $0.description < $1.description }
  }

  private static let retestHint = "\"darkroom devices --retest\" tries it again"

  package var remarks: [String] {
    distrusted.map {
      "\(device.name): the kernel \($0); a slower one takes its place (\(VulkanBackend.retestHint))"
    }
  }

  /// Tests the kernels of a plan, until it uses none that failed.
  /// - Throws: `VulkanError.unavailable` if there is no further one.
  func examine(_ plan: Plan) throws {
    try examine { Lowering.kernels(of: plan, $0) }
  }

  /// Tests the plainest kernel for each kind of work, so that the device can be trusted with any plan.
  /// - Throws: as `examine(_:)`.
  package func examinePlainest() throws {
    let trials = KernelTrials()
    try examine { trials.plainest(self.storages[0], $0) }
  }

  /// Forgets what was found on this device, so that all of it is tested again.
  package func forgetTests() {
    testCache?.forget(KernelTestCache.section(device, context.device.modules))
    context.choices.verdicts = [:]
  }

  /// Tests all kernels that networks of common sizes use, the replaced ones among them.
  /// - Returns: those that failed.
  package func examineAll() throws -> [DistrustedKernel] {
    guard let testCache else { return [] }
    let tests = SelfTests(context.device, testCache)
    for kernel in commonKernels where context.choices.verdicts[kernel] == nil {
      context.choices.verdicts[kernel] = try tests.verdict(on: kernel, context.choices)
    }
    return distrusted
  }

  /// Kernels that networks of common sizes use, or would if faster ones failed.
  package var commonKernels: [KernelKey] { KernelTrials().common(storages, context.choices) }

  /// - Parameter needed: what is needed by the choices as they are.
  private func examine(_ needed: (KernelChoices) -> [KernelKey]) throws {
    guard let testCache else { return }
    let tests = SelfTests(context.device, testCache)
    var isSettled = false
    while !isSettled {
      isSettled = true
      for kernel in needed(context.choices) {
        let known = context.choices.verdicts[kernel]
        if let known, known != .right { throw noOther(kernel, known) }
        let verdict = try known ?? tests.verdict(on: kernel, context.choices)
        context.choices.verdicts[kernel] = verdict
        if verdict != .right {
          isSettled = false
          break
        }
      }
    }
  }

  private func noOther(_ kernel: KernelKey, _ verdict: KernelVerdict) -> VulkanError {
    .unavailable(
      "\(device.name): the kernel \(kernel) \(verdict.rawValue), and there is no slower one; the driver may be broken: \(device.driver); \(VulkanBackend.retestHint)"
    )
  }
}

/// Self-tests on a device of their own, which a kernel may lose or keep busy for ever.
private final class SelfTests {
  private let device: Device
  private let cache: KernelTestCache
  private let section: String
  /// Opened for the first test, and anew after one that took it along.
  private var context: Context?
  private var hasNews = false
  private let trials = KernelTrials()
  /// Seconds of a test. It takes milliseconds on a GPU, and a software device may be one of many programs.
  private static let patience = (gpu: 10, software: 120)

  /// Seconds in which a driver brings a device back that a kernel kept busy.
  private static let recovery = 60
  private var wasStuck = false

  init(_ device: Device, _ cache: KernelTestCache) {
    (self.device, self.cache) = (device, cache)
    section = KernelTestCache.section(device.description, device.modules)
  }

  deinit { if hasNews { cache.save() } }

  /// - Throws: what says nothing about the kernel, such as a lack of memory.
  func verdict(on kernel: KernelKey, _ choices: KernelChoices) throws -> KernelVerdict {
    if let known = cache[section, kernel] { return known }
    let context = try context ?? open()
    self.context = context
    cache.begin(section, kernel)
    hasNews = true
    var verdict: KernelVerdict?
    defer { cache.end(section, kernel, verdict) }
    do {
      verdict = try trials.passes(kernel, choices, on: context) ? .right : .wrong
    } catch VulkanError.notCompiled {
      verdict = .notCompiled
    } catch VulkanError.endless {
      (verdict, self.context, wasStuck) = (.endless, nil, true)
    } catch VulkanError.deviceLost {
      (verdict, self.context) = (.lost, nil)
    }
    return verdict ?? .wrong
  }

  /// - Throws: also `VulkanError.endless` where an earlier kernel still keeps the device busy.
  private func open() throws -> Context {
    let isSoftware = device.description.isSoftware
    let patience =
      wasStuck
      ? SelfTests.recovery
      : device.simulation.patience ?? (isSoftware ? SelfTests.patience.software : SelfTests.patience.gpu)
    let context = try Context(
      Device(
        device.physical, device.instance, device.modules, patience: patience, simulating: device.simulation))
    // Else the next kernel would be blamed.
    if wasStuck {
      _ = try trials.passes(KernelKey("transfer", .float32), KernelChoices(device.description), on: context)
    }
    return context
  }
}
