import FoundationEssentials
import Glibc
import SystemFiles

/// What self-tests found, kept in a file from run to run: by device, driver version and the kernels' own bytes.
package final class KernelTestCache {
  private typealias Verdicts = [String: [String: String]]

  private let file: URL?
  private var known: Verdicts
  /// What this process has found since it last saved; nil for what has no verdict any more.
  private var news: [String: [String: String?]] = [:]
  private static let begun = "in its test by process "

  /// - Parameter file: nil to forget with the process. A file that cannot be read counts as empty.
  package init(file: URL?) {
    self.file = file
    known = Self.read(file)
  }

  private static func read(_ file: URL?) -> Verdicts {
    file.flatMap { try? Data(contentsOf: $0) }
      .flatMap { try? JSONDecoder().decode(Verdicts.self, from: $0) } ?? [:]
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
    note("\(KernelTestCache.begun)\(getpid())", section, kernel.description)
    save()
  }

  func end(_ section: String, _ kernel: KernelKey, _ verdict: KernelVerdict?) {
    note(verdict?.rawValue, section, kernel.description)
  }

  func forget(_ section: String) {
    for kernel in (known[section] ?? [:]).keys { note(nil, section, kernel) }
    save()
  }

  private func note(_ text: String?, _ section: String, _ kernel: String) {
    known[section, default: [:]][kernel] = text
    news[section, default: [:]].updateValue(text, forKey: kernel)
  }

  /// Adds the news to what other processes have found meanwhile. A file that cannot be written costs the tests of the
  /// next run, and nothing else.
  func save() {
    guard let file else { return }
    try? Paths.makeFolder(Paths.folder(of: file.path))
    // Where files cannot be locked, what another process finds at this moment is lost.
    let lock = try? FileLock.take("\(file.path).lock") {}
    defer { withExtendedLifetime(lock) {} }
    known = Self.read(file)
    for (section, found) in news {
      for (kernel, text) in found { known[section, default: [:]][kernel] = text }
    }
    news = [:]
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try? AtomicFile.write([UInt8](encoder.encode(known)), to: file.path)
  }

  /// Where verdicts of one device, driver and set of kernels stand.
  static func section(_ device: DeviceDescription, _ modules: ShaderModules) -> String {
    "\(device.uuid) \(device.driver) \(device.driverVersion) \(String(modules.fingerprint, radix: 16))"
  }
}
