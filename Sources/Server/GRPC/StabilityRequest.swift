/// Messages of Stability's gRPC API: github.com/Stability-AI/api-interfaces, as stability-sdk 0.8.6 has them.
package enum Stability {}

extension Stability {
  package struct Request: ProtobufReadable, Equatable, Sendable {
    /// What is asked of the engine. Of several, the last one counts.
    package enum Parameters: Equatable, Sendable {
      case image(ImageParameters)
      case classifier, asset, interpolate, transform
    }

    package var engine = ""
    package var id = ""
    package var requestedType = ArtifactType.none
    package var prompts: [Prompt] = []
    package var parameters: Parameters?
    package var extras = ProtobufStruct()

    /// "anime": the SDKs send it where the message has no field for it.
    package var stylePreset: String? { extras.object("$IPC")?.text("preset") }

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: engine = try field.text("engine_id")
      case 2: id = try field.text("request_id")
      case 3: requestedType = try field.choice("requested_type")
      case 4: prompts.append(try field.message("prompt"))
      case 5:
        let earlier: ImageParameters? = if case .image(let image) = parameters { image } else { nil }
        parameters = .image(try field.message("image", with: earlier))
      case 7: parameters = .classifier
      case 8: parameters = .asset
      case 11: parameters = .interpolate
      case 12: parameters = .transform
      case 2047: extras = try field.message("extras", with: extras)
      default: break
      }
    }
  }

  package struct Prompt: ProtobufReadable, Equatable, Sendable {
    package enum Content: Equatable, Sendable {
      case text(String)
      case tokens
      case artifact(Artifact)
    }

    package struct Parameters: ProtobufReadable, Equatable, Sendable {
      /// Whether the artifact is the starting picture.
      package var isInitial = false
      package var weight: Float = 1

      package init() {}

      package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: isInitial = try field.bool("init")
        case 2: weight = try field.float("weight")
        default: break
        }
      }
    }

    package var parameters = Parameters()
    package var content: Content?

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: parameters = try field.message("parameters", with: parameters)
      case 2: content = .text(try field.text("text"))
      case 3: content = .tokens
      case 4:
        let earlier: Artifact? = if case .artifact(let artifact) = content { artifact } else { nil }
        content = .artifact(try field.message("artifact", with: earlier))
      default: break
      }
    }
  }
}

extension Stability {
  /// Several requests; what becomes of a stage's artifacts, `on_status` says.
  package struct ChainRequest: ProtobufReadable, Equatable, Sendable {
    package var id = ""
    package var stages: [Stage] = []

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: id = try field.text("request_id")
      case 2: stages.append(try field.message("stage"))
      default: break
      }
    }
  }

  package struct Stage: ProtobufReadable, Equatable, Sendable {
    package var id = ""
    package var request = Request()
    package var onStatus: [OnStatus] = []

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: id = try field.text("id")
      case 2: request = try field.message("request", with: request)
      case 3: onStatus.append(try field.message("on_status"))
      default: break
      }
    }
  }

  package struct OnStatus: ProtobufReadable, Equatable, Sendable {
    package enum Action: Int, Sendable {
      case pass, discard, `return`
    }

    package var reasons: [FinishReason] = []
    /// The stage that gets what is passed on.
    package var target = ""
    package var actions: [Action] = []

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: for reason in try field.elements("reason") { reasons.append(try reason.choice("reason")) }
      case 2: target = try field.text("target")
      case 3: for action in try field.elements("action") { actions.append(try action.choice("action")) }
      default: break
      }
    }
  }
}
