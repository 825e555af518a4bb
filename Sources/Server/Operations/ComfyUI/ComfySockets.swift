import Darkroom
import Synchronization

/// The WebSockets of ComfyUI's clients, by the ids that they have given themselves.
package final class ComfySockets: Sendable {
  struct Place: Hashable, Sendable {
    /// Whose they are; "" where no keys tell clients apart.
    let room: String
    let client: String
  }

  static let most = 256

  private let sockets = Mutex<[Place: WebSocket]>([:])

  package init() {}

  /// - Throws: `Refusal` if there are too many.
  func check() throws {
    guard sockets.withLock({ $0.count }) < Self.most else {
      throw Refusal(.tooMany, "\(Self.most) WebSockets are open")
    }
  }

  /// Holds a socket until it ends; another one of the same client goes.
  func hold(_ socket: WebSocket, at place: Place) async {
    let other = sockets.withLock { $0.updateValue(socket, forKey: place) }
    other?.close(WebSocketClose(1000, "another socket has the same clientId"))
    // What clients say (feature flags) changes nothing.
    for await _ in socket.messages {}
    sockets.withLock { if $0[place] === socket { $0[place] = nil } }
  }

  func send(_ type: String, _ data: FieldValue, to place: Place) {
    sockets.withLock { $0[place] }?.send(Self.message(type, data))
  }

  /// A picture of one that is being drawn: a kind of message (1, a preview), a format (1 JPEG, 2 PNG), and a file.
  func send(preview: [UInt8], to place: Place) {
    sockets.withLock { $0[place] }?.send(.binary([0, 0, 0, 1, 0, 0, 0, 2] + preview))
  }

  func sendAll(_ type: String, _ data: FieldValue, in room: String) {
    let all = sockets.withLock { $0.filter { $0.key.room == room }.values }
    for socket in all { socket.send(Self.message(type, data)) }
  }

  static func message(_ type: String, _ data: FieldValue) -> WebSocket.Message {
    .text((["type": .text(type), "data": data] as FieldValue).json)
  }
}
