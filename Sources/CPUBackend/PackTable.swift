/// The table at the head of a file of packed weights: what lies where. The packs follow, each at the beginning of a page.
///
/// All numbers have 64 bits, the lowest byte first; texts are UTF-8 behind the number of their bytes.
struct PackTable: Equatable {
  struct Place: Equatable {
    let offset: Int
    let bytes: Int
    var checksum: UInt64 = 0
  }

  static let page = 4096
  /// What stands before the table: a word that names the format, the table's bytes, the file's, the table's checksum.
  static let headBytes = 32
  static let magic = UInt64(0x31_734B_4361_506B_44)  // "DkPaCKs1"
  static let mostBytes = 64 << 20

  /// Which kernels read the packs.
  let kernels: String
  var places: [String: Place] = [:]
  /// Of the whole file.
  private(set) var fileBytes = 0

  /// Gives each pack its place.
  init(kernels: String, packs: [(name: String, bytes: Int)]) {
    self.kernels = kernels
    for (name, bytes) in packs { places[name] = Place(offset: 0, bytes: bytes) }
    fileBytes = Self.pages(Self.headBytes + encoded().count)
    for (name, bytes) in packs {
      places[name] = Place(offset: fileBytes, bytes: bytes)
      fileBytes += Self.pages(bytes)
    }
  }

  private static func pages(_ bytes: Int) -> Int { (bytes + page - 1) / page * page }

  func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    func add(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    func add(_ text: String) {
      add(UInt64(text.utf8.count))
      bytes += text.utf8
    }
    add(kernels)
    add(UInt64(places.count))
    for (name, place) in places.sorted(by: { $0.value.offset < $1.value.offset }) {
      add(name)
      for number in [UInt64(place.offset), UInt64(place.bytes), place.checksum] { add(number) }
    }
    return bytes
  }

  /// - Parameter fileBytes: of the file that it stands in.
  /// - Returns: nil if these bytes are no table of such a file.
  init?(_ bytes: [UInt8], fileBytes: Int) {
    var rest = bytes[...]
    func number() -> UInt64? {
      guard rest.count >= 8 else { return nil }
      defer { rest = rest.dropFirst(8) }
      return rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    func text() -> String? {
      guard let count = number().flatMap({ Int(exactly: $0) }), count <= rest.count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return String(decoding: rest.prefix(count), as: UTF8.self)
    }
    guard let kernels = text(), let count = number() else { return nil }
    self.kernels = kernels
    self.fileBytes = fileBytes
    for _ in 0..<min(count, UInt64(bytes.count)) {
      guard let name = text(), let offset = number(), let size = number(), let checksum = number(),
        let place = Place(offset, size, checksum, fileBytes: fileBytes)
      else { return nil }
      places[name] = place
    }
    guard rest.isEmpty else { return nil }
  }
}

extension PackTable.Place {
  /// Nil outside of the file.
  fileprivate init?(_ offset: UInt64, _ bytes: UInt64, _ checksum: UInt64, fileBytes: Int) {
    guard let offset = Int(exactly: offset), let bytes = Int(exactly: bytes), bytes > 0,
      offset % PackTable.page == 0, offset <= fileBytes, bytes <= fileBytes - offset
    else { return nil }
    self.init(offset: offset, bytes: bytes, checksum: checksum)
  }
}
