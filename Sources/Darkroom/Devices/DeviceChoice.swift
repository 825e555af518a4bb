import CPUBackend
import FoundationEssentials
import Graph
import SystemFiles
import VulkanBackend

/// What is to compute.
public struct DeviceChoice: Sendable, Equatable, CustomStringConvertible {
  private enum Kind: Equatable {
    case auto
    case cpu
    /// By index, name or UUID; nil is the best one.
    case vulkan(String?)
  }

  private let kind: Kind

  /// The best GPU if there is one, else the processor.
  public static let auto = DeviceChoice(kind: .auto)
  public static let cpu = DeviceChoice(kind: .cpu)

  /// What `init(_:)` understands.
  public static let expected =
    "auto, cpu, vulkan, or vulkan: and an index, a name or a UUID that \"darkroom devices\" lists"

  private init(kind: Kind) { self.kind = kind }

  /// - Parameter text: `auto`, `cpu`, `vulkan`, `vulkan:0`, `vulkan:llvmpipe` or `vulkan:UUID`; nil if it is nothing
  ///   of that. A name may be a part of the device's.
  public init?(_ text: String) {
    switch text {
    case "auto": kind = .auto
    case "cpu": kind = .cpu
    case "vulkan": kind = .vulkan(nil)
    default:
      guard text.hasPrefix("vulkan:"), text.count > 7 else { return nil }
      kind = .vulkan(String(text.dropFirst(7)))
    }
  }

  public var description: String {
    switch kind {
    case .auto: "auto"
    case .cpu: "cpu"
    case .vulkan(let which): which.map { "vulkan:\($0)" } ?? "vulkan"
    }
  }

  /// - Throws: `OutOfResources`, `VulkanError`, or `DarkroomError` if there is no such device.
  func backend(
    threads: Int, instructions: InstructionSet, matmul: Matmul, packCache: PackCache? = nil
  ) throws -> any Backend {
    func processor(_ remarks: [String] = []) throws -> CPUBackend {
      try CPUBackend(
        threads: threads, instructions: instructions, matmul: matmul, remarks: remarks, packCache: packCache)
    }
    switch kind {
    case .cpu: return try processor()
    case .vulkan(let which): return try VulkanDevices(VulkanDevices.shaders()).backend(which)
    case .auto:
      let shaders = try VulkanDevices.shaders()
      // A machine without Vulkan, or with a broken one, has its processor.
      guard let devices = try? VulkanDevices(shaders), devices.best != nil else {
        return try processor()
      }
      do {
        let backend = try devices.backend(nil)
        try backend.examinePlainest()
        return backend
      } catch {
        return try processor(["device: \(error); the processor computes instead"])
      }
    }
  }
}

/// The Vulkan devices of this machine.
struct VulkanDevices {
  let instance: Instance
  private let shaders: ShaderModules
  /// Each once, the fittest first: discrete GPUs, integrated ones, virtual ones, software; among these by memory.
  let ranked: [DeviceDescription]

  /// What loaders and drivers need of a process's own limit: those that get less have been seen to crash.
  private static let leastBytes = 1 << 30

  init(_ shaders: ShaderModules) throws {
    if let left = ProcessLimits.bytesLeft, left < Self.leastBytes {
      throw DarkroomError(
        .resources, field: "device", expected: "\(Self.leastBytes >> 20) MiB at least for Vulkan",
        help: "raise the limit (ulimit -v, ulimit -d), or use the device cpu",
        "this process may have \(left >> 20) MiB more")
    }
    instance = try Instance()
    self.shaders = shaders
    var seen: Set<String> = []
    let order: [DeviceDescription.Kind] = [.discrete, .integrated, .virtual, .other, .software]
    func rank(_ device: DeviceDescription) -> Int { order.firstIndex(of: device.kind) ?? order.count }
    ranked = try VulkanBackend.devices(of: instance)
      .sorted { rank($0) != rank($1) ? rank($0) < rank($1) : $0.memory > $1.memory }
      .filter { seen.insert($0.uuid).inserted }
  }

  /// The kernels, for developers with those of the folder that the environment's DARKROOM_SHADERS names.
  /// - Throws: `DarkroomError` of kind `request`.
  static func shaders() throws -> ShaderModules {
    guard let folder = ProcessInfo.processInfo.environment["DARKROOM_SHADERS"], !folder.isEmpty else {
      return ShaderModules()
    }
    do { return try ShaderModules(folder: folder) } catch {
      throw DarkroomError(.request, "DARKROOM_SHADERS: \(error)")
    }
  }

  /// The one that is taken when none is named: never a software device.
  var best: DeviceDescription? { ranked.first { $0.missing.isEmpty && !$0.isSoftware } }

  /// - Parameter which: index in `ranked`, UUID, or part of a name.
  func backend(_ which: String?) throws -> VulkanBackend {
    let device = try which.map(named) ?? best
    guard let device else {
      let hint =
        ranked.first { $0.isSoftware }.map { "; \($0.name) is no GPU, and used when it is named" } ?? ""
      throw DarkroomError(.resources, "device: Vulkan finds no GPU on this machine\(hint)")
    }
    return try open(device)
  }

  func open(_ device: DeviceDescription) throws -> VulkanBackend {
    try VulkanBackend(instance, device: device.index, modules: shaders, testCache: .standard)
  }

  private func named(_ which: String) throws -> DeviceDescription {
    if let index = Int(which), ranked.indices.contains(index) { return ranked[index] }
    let wanted = which.lowercased()
    let uuid = wanted.filter { $0 != "-" }
    if let device = ranked.first(where: { $0.uuid == uuid || $0.name.lowercased() == wanted }) {
      return device
    }
    let matching = ranked.filter { $0.name.lowercased().contains(wanted) }
    if matching.count == 1 { return matching[0] }
    let names = ranked.enumerated().map { "vulkan:\($0.offset) for \($0.element.name)" }
    throw DarkroomError(
      .request,
      "device: \"\(which)\" names \(matching.isEmpty ? "no" : "more than one") Vulkan device; expected \(names.isEmpty ? "cpu, since Vulkan finds none" : names.joined(separator: ", "))"
    )
  }
}

extension GenerationRequest.Precision {
  init(_ storage: Storage) {
    self =
      switch storage {
      case .float32: .float32
      case .float16: .float16
      case .bfloat16: .bfloat16
      }
  }

  /// Nil is for the backend to choose.
  var format: NumberFormat? {
    switch self {
    case .auto: nil
    case .float32: .float32
    case .float16: NumberFormat(.float16)
    case .bfloat16: NumberFormat(.bfloat16)
    case .int8: NumberFormat(.bfloat16, weights: .int8)
    }
  }
}

extension Backend {
  /// What requests may ask for, the one for `auto` first.
  var precisions: [GenerationRequest.Precision] {
    let storages = storages
    let hasInt8 = storages.contains(.bfloat16) && weightFormats(for: .bfloat16).contains(.int8)
    return storages.map(GenerationRequest.Precision.init) + (hasInt8 ? [.int8] : [])
  }
}
