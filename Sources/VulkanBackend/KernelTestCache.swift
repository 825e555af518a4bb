import FoundationEssentials
import Graph
import SystemFiles
import VulkanKernels

/// What self-tests found, kept in a file from run to run: by device, driver version and the kernels' own bytes.
package final class KernelTestCache {
  private typealias Results = [String: [String: Bool]]

  private let file: URL?
  private var known: Results

  /// - Parameter file: nil to forget with the process. A file that cannot be read counts as empty.
  package init(file: URL?) {
    self.file = file
    known = Self.read(file)
  }

  private static func read(_ file: URL?) -> Results {
    file.flatMap { try? Data(contentsOf: $0) }
      .flatMap { try? JSONDecoder().decode(Results.self, from: $0) } ?? [:]
  }

  /// The user's own, in the folder for what can be made again.
  package static var standard: KernelTestCache {
    KernelTestCache(file: Paths.cache.map { URL(fileURLWithPath: "\($0)/vulkan-kernels.json") })
  }

  subscript(device: DeviceDescription, variant: KernelVariant) -> Bool? {
    known[KernelTestCache.key(device)]?[variant.description]
  }

  /// Adds what was found to what other processes have found meanwhile. A file that cannot be written costs the tests
  /// of the next run, and nothing else.
  func add(_ results: [KernelVariant: Bool], of device: DeviceDescription) {
    guard !results.isEmpty else { return }
    // Where files cannot be locked, what another process finds at this moment is lost.
    let lock = file.flatMap { try? FileLock.take("\($0.path).lock") {} }
    defer { withExtendedLifetime(lock) {} }
    for (device, found) in Self.read(file) { known[device, default: [:]].merge(found) { own, _ in own } }
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
