import CVulkan

/// Vulkan structures linked by their `pNext`, in memory of their own.
struct PNextChain: ~Copyable {
  private var parts: [UnsafeMutableRawPointer] = []

  /// Appends a structure; its `pNext` is set when another follows.
  @discardableResult
  mutating func append<Structure: BitwiseCopyable>(_ structure: Structure) -> UnsafeMutablePointer<Structure>
  {
    let part = UnsafeMutablePointer<Structure>.allocate(capacity: 1)
    part.initialize(to: structure)
    if let last = parts.last {
      last.assumingMemoryBound(to: VkBaseOutStructure.self).pointee.pNext =
        UnsafeMutableRawPointer(part).assumingMemoryBound(to: VkBaseOutStructure.self)
    }
    parts.append(UnsafeMutableRawPointer(part))
    return part
  }

  /// The first structure's address.
  var first: UnsafeMutableRawPointer? { parts.first }

  deinit { for part in parts { part.deallocate() } }
}

/// Runs `body` with an array of C strings.
func withStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UInt32) throws -> Result
) rethrows -> Result {
  let copies = strings.map { string in
    let utf8 = string.utf8CString
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: utf8.count)
    for (index, byte) in utf8.enumerated() { copy[index] = byte }
    return copy
  }
  defer { for copy in copies { copy.deallocate() } }
  let pointers = copies.map { UnsafePointer<CChar>?($0) }
  return try pointers.withUnsafeBufferPointer { try body($0.baseAddress, UInt32($0.count)) }
}

/// The text of a C array of characters, which is imported as a tuple.
func text<Characters>(_ characters: Characters) -> String {
  withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
