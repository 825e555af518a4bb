import Darkroom

/// Why a graph is not worked on, as ComfyUI writes it.
struct ComfyProblem: Error, Sendable {
  /// What is wrong with a node.
  struct Reason: Sendable, Equatable {
    let type: String
    let message: String
    var details = ""
    var extra: [String: FieldValue] = [:]

    var json: FieldValue {
      [
        "type": .text(type), "message": .text(message), "details": .text(details),
        "extra_info": .object(extra),
      ]
    }
  }

  /// A node with what is wrong with it.
  struct Node: Sendable {
    let kind: String
    var reasons: [Reason] = []
    /// Outputs that are not made because of it.
    var outputs: Set<String> = []
  }

  let reason: Reason
  var nodes: [String: Node] = [:]

  init(_ type: String, _ message: String, _ details: String, _ extra: [String: FieldValue] = [:]) {
    reason = Reason(type: type, message: message, details: details, extra: extra)
  }

  /// - Precondition: something is wrong with one of the nodes.
  init(_ nodes: [String: Node]) {
    let all = nodes.sorted { $0.key < $1.key }.flatMap { id, node in
      node.reasons.map { "Node \(id) (\(node.kind)): \($0.message): \($0.details)" }
    }
    self.init(
      "prompt_outputs_failed_validation", "Prompt outputs failed validation", all.joined(separator: "\n"))
    self.nodes = nodes
  }

  var json: FieldValue {
    let nodes = nodes.mapValues { node -> FieldValue in
      [
        "errors": .list(node.reasons.map(\.json)), "class_type": .text(node.kind),
        "dependent_outputs": .list(node.outputs.sorted().map(FieldValue.text)),
      ]
    }
    return ["error": reason.json, "node_errors": .object(nodes)]
  }

  var response: HTTPResponse { HTTPResponse(400, json: json) }
}
