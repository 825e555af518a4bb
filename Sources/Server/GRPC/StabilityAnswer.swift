extension Stability {
  package enum ArtifactType: Int, Sendable {
    case none, image, video, text, tokens, embedding, classifications, mask, latent, tensor, depth
  }

  package enum FinishReason: Int, Sendable {
    case null, length, stop, error, filter
  }

  /// A picture, mask or text, in prompts and in answers.
  package struct Artifact: ProtobufReadable, Equatable, Sendable {
    package enum Content: Equatable, Sendable {
      case binary([UInt8])
      case text(String)
      case tokens, classifier, tensor
    }

    package var id = 0
    package var type = ArtifactType.none
    package var mime = ""
    package var magic = ""
    package var content: Content?
    package var index: UInt32 = 0
    package var finishReason = FinishReason.null
    package var seed: UInt32 = 0
    package var uuid = ""
    package var size = 0

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: id = try field.int("id")
      case 2: type = try field.choice("type")
      case 3: mime = try field.text("mime")
      case 4: magic = try field.text("magic")
      case 5: content = .binary([UInt8](try field.bytes("binary")))
      case 6: content = .text(try field.text("text"))
      case 7: content = .tokens
      case 8: index = try field.uint32("index")
      case 9: finishReason = try field.choice("finish_reason")
      case 10: seed = try field.uint32("seed")
      case 11: content = .classifier
      case 12: uuid = try field.text("uuid")
      case 13: size = try field.int("size")
      case 14: content = .tensor
      default: break
      }
    }

    func write(_ message: inout ProtobufWriter) {
      message.write(1, UInt64(id))
      message.write(2, type)
      message.write(3, mime)
      message.write(4, magic)
      switch content {
      case .binary(let bytes): message.writeAlways(5, bytes)
      case .text(let text): message.writeAlways(6, Array(text.utf8))
      case .tokens, .classifier, .tensor, nil: break
      }
      message.write(8, UInt64(index))
      message.write(9, finishReason)
      message.write(10, UInt64(seed))
      message.write(12, uuid)
      message.write(13, UInt64(size))
    }
  }

  /// One of the messages that answer a request. Without artifacts it says that the server is still at work.
  package struct Answer: Equatable, Sendable {
    package var id: String
    package var request: String
    /// Milliseconds since 1970.
    package var received: UInt64
    package var created: UInt64
    package var engine = ""
    package var artifacts: [Artifact] = []

    package init(id: String, request: String, received: UInt64, created: UInt64) {
      (self.id, self.request, self.received, self.created) = (id, request, received, created)
    }

    package var bytes: [UInt8] {
      var message = ProtobufWriter()
      message.write(1, id)
      message.write(2, request)
      message.write(3, received)
      message.write(4, created)
      if !engine.isEmpty { message.message(6) { $0.write(4, engine) } }
      for artifact in artifacts { message.message(7) { artifact.write(&$0) } }
      return message.bytes
    }
  }
}
