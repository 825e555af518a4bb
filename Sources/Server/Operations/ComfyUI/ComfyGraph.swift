import Darkroom

/// A graph of nodes, as ComfyUI's API format writes it: nodes by their ids, with values and links to outputs of others.
struct ComfyGraph: Sendable {
  static let mostNodes = 200

  struct Node: Sendable {
    let kind: ComfyNode
    let inputs: [String: FieldValue]
  }

  struct Link: Equatable {
    let node: String
    let slot: Int

    /// Nil for what is no link.
    init?(_ value: FieldValue) {
      guard case .list(let pair) = value, pair.count == 2, let slot = pair[1].integer else { return nil }
      switch pair[0] {
      case .text(let id), .number(let id): (node, self.slot) = (id, slot)
      default: return nil
      }
    }
  }

  let nodes: [String: Node]
  /// What it is worked on for, in order.
  let outputs: [String]

  /// - Throws: `ComfyProblem` if it is no graph, or has a node of a kind that is not served.
  init(_ value: FieldValue) throws {
    guard case .object(let fields) = value else {
      throw ComfyProblem("invalid_prompt", "The prompt must be an object of nodes", "")
    }
    guard fields.count <= Self.mostNodes else {
      throw ComfyProblem(
        "invalid_prompt", "The prompt has \(fields.count) nodes; at most \(Self.mostNodes) are possible", "")
    }
    var nodes: [String: Node] = [:]
    for (id, node) in fields.sorted(by: { Self.precedes($0.key, $1.key) }) {
      nodes[id] = try Self.node(id, node)
    }
    self.nodes = nodes
    outputs = nodes.filter(\.value.kind.isOutput).keys.sorted(by: Self.precedes)
    guard !outputs.isEmpty else { throw ComfyProblem("prompt_no_outputs", "Prompt has no outputs", "") }
  }

  private static func node(_ id: String, _ value: FieldValue) throws -> Node {
    guard case .object(let fields) = value, case .text(let name)? = fields["class_type"] else {
      throw ComfyProblem(
        "invalid_prompt", "Cannot execute because a node is missing the class_type property.",
        "Node ID '#\(id)'")
    }
    guard let kind = ComfyNode.named(name) else {
      let known = ComfyNode.all.map(\.name).joined(separator: ", ")
      let reason =
        name == "LoraLoader" || name == "LoraLoaderModelOnly"
        ? "LoRAs are not served yet" : "served are \(known)"
      throw ComfyProblem(
        "missing_node_type", "Cannot execute because node \(name.prefix(100)) does not exist; \(reason).",
        "Node ID '#\(id)'", ["node_id": .text(id), "class_type": .text(String(name.prefix(100)))])
    }
    guard case .object(let inputs)? = fields["inputs"] ?? .object([:]) else {
      throw ComfyProblem("invalid_prompt", "The inputs of a node must be an object", "Node ID '#\(id)'")
    }
    return Node(kind: kind, inputs: inputs)
  }

  /// Ids are mostly numbers.
  private static func precedes(_ a: String, _ b: String) -> Bool {
    if let a = Int(a), let b = Int(b), a != b { return a < b }
    return a < b
  }

  /// The graph's parts that matter, in one form: two graphs of the same text make the same pictures.
  /// - Parameter name: what stands for a picture's name, which may mean another picture tomorrow.
  func key(_ name: (String) -> String) -> String {
    let fields = nodes.mapValues { node -> FieldValue in
      let inputs = node.inputs.map { key, value -> (String, FieldValue) in
        let isPicture = node.kind.inputs.contains {
          if case .picture = $0.kind { $0.name == key } else { false }
        }
        guard isPicture, case .text(let text) = value else { return (key, value) }
        return (key, .text(name(text)))
      }
      return [.text(node.kind.name), .object(Dictionary(inputs) { first, _ in first })]
    }
    return FieldValue.object(fields).json
  }
}
