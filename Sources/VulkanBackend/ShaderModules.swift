import FoundationEssentials
import VulkanKernels

/// The kernels in SPIR-V: built in, some of them replaced while kernels are developed or tests play a fault.
package struct ShaderModules: Sendable {
  private var replaced: [String: [UInt8]] = [:]

  package init() {}

  /// - Parameter folder: its files `NAME.spv` replace built-in modules of these names.
  /// - Throws: `VulkanError.unavailable`, naming the file.
  package init(folder: String) throws(VulkanError) {
    let builtIn = ShaderModules.names
    let files: [String]
    do { files = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      throw .unavailable("\(folder) cannot be read as a folder of shaders NAME.spv")
    }
    for file in files.sorted() where file.hasSuffix(".spv") {
      let (name, path) = (String(file.dropLast(4)), "\(folder)/\(file)")
      guard builtIn.contains(name) else {
        throw .unavailable(
          "\(path): no kernel is called \"\(name)\"; there are \(builtIn.joined(separator: ", "))")
      }
      guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
        throw .unavailable("\(path) cannot be read")
      }
      guard bytes.count >= 20, bytes.count % 4 == 0, Array(bytes.prefix(4)) == ShaderModules.magic else {
        throw .unavailable("\(path): expected SPIR-V of this byte order, whose first word is 0x07230203")
      }
      replaced[name] = [UInt8](bytes)
    }
  }

  /// The first word of SPIR-V.
  private static let magic = withUnsafeBytes(of: UInt32(0x0723_0203)) { Array($0) }

  static var names: [String] {
    (0...).lazy.map { dv_kernel_name($0) }.prefix { $0 != nil }.compactMap { $0.map { String(cString: $0) } }
  }

  /// Has `name` compiled from what is built in as `other`.
  package mutating func replace(_ name: String, by other: String) {
    replaced[name] = [UInt8](ShaderModules.builtIn(other))
  }

  /// Runs `body` with a module's words.
  func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    if let bytes = replaced[name] { return bytes.withUnsafeBytes(body) }
    return body(ShaderModules.builtIn(name))
  }

  private static func builtIn(_ name: String) -> UnsafeRawBufferPointer {
    var count = 0
    guard let words = dv_kernel(name, &count) else { preconditionFailure("there is no kernel \(name)") }
    return UnsafeRawBufferPointer(start: words, count: count)
  }

  /// A number that changes with any kernel.
  var fingerprint: UInt64 {
    ShaderModules.names.reduce(0xCBF2_9CE4_8422_2325) { hash, name in
      withBytes(of: name) { dv_hash(hash, $0.baseAddress, $0.count) }
    }
  }
}
