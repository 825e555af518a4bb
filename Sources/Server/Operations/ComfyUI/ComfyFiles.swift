import Darkroom
import Glibc
import Synchronization

/// Pictures by the names that ComfyUI's clients know them by. They lie in memory: names are looked up, and never become
/// paths. The oldest go first.
package final class ComfyFiles: Sendable {
  package enum Folder: String, Sendable {
    case input, output, temp
  }

  package struct Name: Hashable, Sendable {
    /// Whose it is; "" where no keys tell clients apart.
    package var room: String
    package var folder: Folder
    package var subfolder: String
    package var name: String

    package init(room: String, folder: Folder, subfolder: String, name: String) {
      (self.room, self.folder, self.subfolder, self.name) = (room, folder, subfolder, name)
    }

    /// As answers and messages have it.
    var json: FieldValue {
      ["filename": .text(name), "subfolder": .text(subfolder), "type": .text(folder.rawValue)]
    }

    /// As `LoadImage` has it: "folder/name.png", "name.png [output]".
    init?(_ text: String, room: String) {
      var (folder, path) = (Folder.input, text[...])
      for known in [Folder.input, .output, .temp] where path.hasSuffix(" [\(known.rawValue)]") {
        (folder, path) = (known, path.dropLast(known.rawValue.count + 3))
      }
      guard let prefix = Prefix(String(path)) else { return nil }
      self.init(room: room, folder: folder, subfolder: prefix.subfolder, name: prefix.name)
    }

    var path: String { subfolder.isEmpty ? name : "\(subfolder)/\(name)" }
  }

  /// A folder and the beginning of a name, such as "portraits/anna".
  package struct Prefix: Sendable, Equatable {
    let subfolder: String
    let name: String

    /// Nil for what is no name.
    package init?(_ text: String) {
      let parts = text.split(whereSeparator: { $0 == "/" || $0 == "\\" }).map(String.init)
      guard let name = parts.last, text.utf8.count <= 200, !text.hasSuffix("/"),
        parts.allSatisfy({ $0 != "." && $0 != ".." }),
        text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
      else { return nil }
      (subfolder, self.name) = (parts.dropLast().joined(separator: "/"), name)
    }

    /// With the parts of a time for %year%, %month%, %day%, %hour%, %minute% and %second%.
    func filled(at time: tm) -> Prefix {
      let parts: [(String, Int32)] = [
        ("year", time.tm_year + 1900), ("month", time.tm_mon + 1), ("day", time.tm_mday),
        ("hour", time.tm_hour),
        ("minute", time.tm_min), ("second", time.tm_sec),
      ]
      func fill(_ text: String) -> String {
        parts.reduce(text) { $0.replacing("%\($1.0)%", with: $1.1 < 10 ? "0\($1.1)" : "\($1.1)") }
      }
      return Prefix(subfolder: fill(subfolder), name: fill(name))
    }

    static let preview = Prefix(subfolder: "", name: "ComfyUI_temp")

    private init(subfolder: String, name: String) { (self.subfolder, self.name) = (subfolder, name) }
  }

  package struct File: Sendable {
    package let bytes: [UInt8]
    let mediaType: String
    /// Whose transparent parts are the mask, where that is another file's.
    var mask: [UInt8]?

    package init(_ bytes: [UInt8], mediaType: String, mask: [UInt8]? = nil) {
      (self.bytes, self.mediaType, self.mask) = (bytes, mediaType, mask)
    }

    var size: Int { bytes.count + (mask?.count ?? 0) }
    /// What tells contents apart.
    var digest: String { SHA256Digest.digits(SHA256Digest.bytes(of: bytes + (mask ?? []))) }
  }

  private struct State {
    var files: [Name: (file: File, end: ContinuousClock.Instant)] = [:]
    /// The oldest first.
    var order: [Name] = []
    var bytes = 0
    var counts: [Name: Int] = [:]

    mutating func drop(_ name: Name) {
      bytes -= files.removeValue(forKey: name)?.file.size ?? 0
      order.removeAll { $0 == name }
    }

    mutating func trim(_ limit: Int, _ now: ContinuousClock.Instant) {
      while let first = order.first, let end = files[first]?.end, end <= now || bytes > limit { drop(first) }
    }
  }

  private let limit: Int
  private let time: Duration
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state = Mutex(State())
  private static let most = 4096

  /// - Parameters:
  ///   - limit: bytes of all.
  ///   - now: the clock, for tests.
  package init(
    limit: Int = 256 << 20, time: Duration = .seconds(24 * 3600),
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    (self.limit, self.time, self.now) = (limit, time, now)
  }

  package func file(_ name: Name) -> File? {
    state.withLock { state in
      state.trim(limit, now())
      return state.files[name]?.file
    }
  }

  /// Keeps a file that was sent. Another one of the name stays, and the new one is called "name (1).png", unless they
  /// are the same.
  /// - Returns: nil if it is too large to be kept.
  func add(_ file: File, as name: Name, overwrites: Bool) -> Name? {
    guard file.size <= limit else { return nil }
    let dot = name.name.lastIndex(of: ".") ?? name.name.endIndex
    let (stem, ending) = (name.name[..<dot], name.name[dot...])
    return state.withLock { state in
      var (free, number) = (name, 0)
      while !overwrites, let other = state.files[free]?.file {
        if other.bytes == file.bytes, other.mask == file.mask { return free }
        number += 1
        free.name = "\(stem) (\(number))\(ending)"
      }
      put(file, free, &state)
      return free
    }
  }

  /// Keeps a picture that was made, as "prefix_00001_.png".
  func save(_ file: File, _ prefix: Prefix, in folder: Folder, room: String) -> Name {
    state.withLock { state in
      let stem = Name(room: room, folder: folder, subfolder: prefix.subfolder, name: prefix.name)
      if state.counts.count > Self.most { state.counts = [:] }
      var name = stem
      repeat {
        let number = state.counts[stem, default: 0] + 1
        state.counts[stem] = number
        let digits = "\(number)"
        name.name = "\(prefix.name)_\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits)_.png"
      } while state.files[name] != nil
      put(file, name, &state)
      return name
    }
  }

  private func put(_ file: File, _ name: Name, _ state: inout State) {
    state.drop(name)
    if state.order.count >= Self.most, let first = state.order.first { state.drop(first) }
    state.files[name] = (file, now() + time)
    state.order.append(name)
    state.bytes += file.size
    state.trim(limit, now())
  }

  /// The names of a folder, for lists.
  func names(_ folder: Folder, room: String) -> [String] {
    state.withLock { state in
      state.trim(limit, now())
      return state.order.filter { $0.folder == folder && $0.room == room }.map(\.path).sorted()
    }
  }
}
