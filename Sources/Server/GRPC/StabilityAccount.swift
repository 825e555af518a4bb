extension Stability {
  /// An engine for pictures.
  package struct Engine: Equatable, Sendable {
    package var id: String
    package var owner: String
    package var isReady: Bool
    package var name: String
    package var description: String

    package init(id: String, owner: String, isReady: Bool, name: String, description: String) {
      (self.id, self.owner, self.isReady) = (id, owner, isReady)
      (self.name, self.description) = (name, description)
    }
  }

  /// The message `Engines`.
  package static func bytes(_ engines: [Engine]) -> [UInt8] {
    let picture: UInt64 = 1
    var message = ProtobufWriter()
    for engine in engines {
      message.message(1) {
        $0.write(1, engine.id)
        $0.write(2, engine.owner)
        $0.write(3, engine.isReady)
        $0.write(4, picture)
        $0.write(6, engine.name)
        $0.write(7, engine.description)
      }
    }
    return message.bytes
  }

  package struct Organization: Equatable, Sendable {
    package var id: String
    package var name: String
    /// In units of 100 credits.
    package var balance: Double

    package init(id: String, name: String, balance: Double) {
      (self.id, self.name, self.balance) = (id, name, balance)
    }

    package var bytes: [UInt8] {
      var message = ProtobufWriter()
      write(&message)
      return message.bytes
    }

    fileprivate func write(_ message: inout ProtobufWriter) {
      message.write(1, id)
      message.write(2, name)
      message.message(5) { $0.write(1, balance) }
    }
  }

  package struct OrganizationRequest: ProtobufReadable, Equatable, Sendable {
    package var id = ""

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      if field.number == 1 { id = try field.text("id") }
    }
  }

  /// A user who owns one organization.
  package struct User: Equatable, Sendable {
    package var id: String
    package var picture: String
    package var email: String
    package var organization: Organization

    package init(id: String, picture: String, email: String, organization: Organization) {
      (self.id, self.picture, self.email, self.organization) = (id, picture, email, organization)
    }

    package var bytes: [UInt8] {
      let owner: UInt64 = 2
      var message = ProtobufWriter()
      message.write(1, id)
      message.write(3, picture)
      message.write(4, email)
      message.message(5) {
        $0.message(1) { organization.write(&$0) }
        $0.write(3, owner)
        $0.write(4, true)
      }
      return message.bytes
    }
  }
}
