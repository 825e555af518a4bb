import CMicrohttpd
import Darkroom
import Glibc
import SystemFiles

/// An address of the internet with a port.
package struct SocketAddress: Sendable, CustomStringConvertible {
  private let storage: sockaddr_storage

  package init(_ storage: sockaddr_storage) { self.storage = storage }

  package init(copying address: UnsafePointer<sockaddr>) {
    var storage = sockaddr_storage()
    let isIPv6 = Int32(address.pointee.sa_family) == AF_INET6
    memcpy(&storage, address, isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
    self.storage = storage
  }

  /// Takes a caller of a port, whose address it has.
  /// - Returns: a negative socket, with a reason in `errno`, if none comes.
  static func accept(at port: Int32) -> (socket: Int32, address: SocketAddress) {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let socket = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.accept(port, $0, &size) }
    }
    return (socket, SocketAddress(storage))
  }

  /// The same host with another port.
  package func with(port: Int) -> SocketAddress {
    var storage = storage
    let number = in_port_t(truncatingIfNeeded: port).bigEndian
    withUnsafeMutablePointer(to: &storage) { pointer in
      if isIPv6 {
        pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { $0.pointee.sin6_port = number }
      } else {
        pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_port = number }
      }
    }
    return SocketAddress(storage)
  }

  /// The addresses of a host.
  /// - Parameter host: a name or an address; `localhost` is both loopback addresses.
  /// - Throws: `DarkroomError` of kind `request`.
  package static func named(_ host: String, port: Int) throws -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    let names = bare == "localhost" ? ["127.0.0.1", "::1"] : [bare]
    var found: [SocketAddress] = []
    for name in names {
      let status = getaddrinfo(name, "\(port)", &hints, &list)
      guard status == 0 else {
        // A machine may lack one of the two.
        if names.count > 1 { continue }
        throw DarkroomError(
          .request, field: "--host", found: host, expected: "an address of this machine",
          "\(host): \(String(cString: gai_strerror(status)))")
      }
      var next = list
      while let info = next {
        var storage = sockaddr_storage()
        memcpy(&storage, info.pointee.ai_addr, Int(info.pointee.ai_addrlen))
        found.append(SocketAddress(storage))
        next = info.pointee.ai_next
      }
      freeaddrinfo(list)
    }
    return found
  }

  private var size: socklen_t {
    socklen_t(isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
  }

  private var isIPv6: Bool { Int32(storage.ss_family) == AF_INET6 }

  package func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result) rethrows
    -> Result
  {
    try withUnsafePointer(to: storage) {
      try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, size) }
    }
  }

  /// Whether only this machine reaches it.
  package var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

  /// The address without its port.
  package var host: String { text(NI_NUMERICHOST).host }

  package var port: Int { Int(text(NI_NUMERICHOST).port) ?? 0 }

  private func text(_ flags: Int32) -> (host: String, port: String) {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var port = [CChar](repeating: 0, count: 32)
    let status = withPointer {
      getnameinfo($0, $1, &host, socklen_t(host.count), &port, 32, flags | NI_NUMERICSERV)
    }
    guard status == 0 else { return ("?", "0") }
    func string(_ text: [CChar]) -> String {
      String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    return (string(host), string(port))
  }

  package var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// A socket that listens here, and its port.
  /// - Throws: `DarkroomError` of kind `request`.
  func listening() throws -> (socket: Int32, port: Int) {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let socket = Glibc.socket(Int32(storage.ss_family), kind, 0)
    func refusal(_ reason: String) -> DarkroomError {
      if socket >= 0 { close(socket) }
      return DarkroomError(
        .request, field: "--port", found: "\(port)", help: "choose another port or address",
        "cannot listen on \(self): \(reason)")
    }
    guard socket >= 0 else { throw refusal(systemReason()) }
    var yes: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
    if isIPv6 { setsockopt(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, 4) }
    guard withPointer({ bind(socket, $0, $1) }) == 0, listen(socket, 1024) == 0 else {
      throw refusal(systemReason())
    }
    var bound = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    _ = withUnsafeMutablePointer(to: &bound) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
    }
    return (socket, SocketAddress(bound).port)
  }
}
