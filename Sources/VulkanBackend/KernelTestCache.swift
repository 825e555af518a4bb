import FoundationEssentials
import Glibc
import SystemFiles

/// What self-tests found, kept in a file from run to run: by device, driver version and the kernels' own bytes.
package final class KernelTestCache {
  private let file: URL?
  private var known: [String: [String: String]]
  private static let begun = "in its test by process "

  /// - Parameter file: nil to forget with the process. A file that cannot be read counts as empty.
  package init(file: URL?) {
    self.file = file
    known =
      file.flatMap { try? Data(contentsOf: $0) }
      .flatMap { try? JSONDecoder().decode([String: [String: String]].self, from: $0) } ?? [:]
  }

  /// The user's own, in the folder for what can be made again.
  package static var standard: KernelTestCache {
    KernelTestCache(file: Paths.cache.map { URL(fileURLWithPath: "\($0)/vulkan-kernels.json") })
  }

  /// Nil for a kernel that is not known, or in its test by another process just now.
  subscript(section: String, kernel: KernelKey) -> KernelVerdict? {
    guard let text = known[section]?[kernel.description] else { return nil }
    guard text.hasPrefix(KernelTestCache.begun) else { return KernelVerdict(rawValue: text) }
    // A test that took its process with it, through the driver or a user who lost patience.
    let process = Int32(text.dropFirst(KernelTestCache.begun.count)) ?? 0
    return process > 0 && kill(process, 0) == 0 ? nil : .interrupted
  }

  /// Notes that a test begins, in case that it does not end.
  func begin(_ section: String, _ kernel: KernelKey) {
    known[section, default: [:]][kernel.description] = "\(KernelTestCache.begun)\(getpid())"
    save()
  }

  func end(_ section: String, _ kernel: KernelKey, _ verdict: KernelVerdict?) {
    known[section]?[kernel.description] = verdict?.rawValue
  }

  func forget(_ section: String) {
    known[section] = nil
    save()
  }

  /// A file that cannot be written costs the tests of the next run, and nothing else.
  func save() {
    guard let file else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try? Paths.makeFolder(Paths.folder(of: file.path))
    try? AtomicFile.write([UInt8](encoder.encode(known)), to: file.path)
  }

  /// Where verdicts of one device, driver and set of kernels stand.
  static func section(_ device: DeviceDescription, _ modules: ShaderModules) -> String {
    "\(device.uuid) \(device.driver) \(device.driverVersion) \(String(modules.fingerprint, radix: 16))"
  }
}
