import FoundationEssentials
import Graph
import SystemFiles
import VulkanKernels

/// What self-tests found, kept in a file from run to run: by device, driver version and the kernels' own bytes.
package final class KernelTestCache {
  private let file: URL?
  private var known: [String: [String: Bool]]

  /// - Parameter file: nil to forget with the process. A file that cannot be read counts as empty.
  package init(file: URL?) {
    self.file = file
    known =
      file.flatMap { try? Data(contentsOf: $0) }
      .flatMap { try? JSONDecoder().decode([String: [String: Bool]].self, from: $0) } ?? [:]
  }

  /// The user's own, in the folder for what can be made again.
  package static var standard: KernelTestCache {
    KernelTestCache(file: Paths.cache.map { URL(fileURLWithPath: "\($0)/vulkan-kernels.json") })
  }

  subscript(device: DeviceDescription, variant: KernelVariant) -> Bool? {
    known[KernelTestCache.key(device)]?[variant.description]
  }

  /// Adds what was found. A file that cannot be written costs the tests of the next run, and nothing else.
  func add(_ results: [KernelVariant: Bool], of device: DeviceDescription) {
    guard !results.isEmpty else { return }
    for (variant, passes) in results {
      known[KernelTestCache.key(device), default: [:]][variant.description] = passes
    }
    guard let file else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try? Paths.makeFolder(Paths.folder(of: file.path))
    try? AtomicFile.write([UInt8](encoder.encode(known)), to: file.path)
  }

  private static func key(_ device: DeviceDescription) -> String {
    "\(device.uuid) \(device.driver) \(device.driverVersion) \(String(dv_kernels_fingerprint(), radix: 16))"
  }
}
