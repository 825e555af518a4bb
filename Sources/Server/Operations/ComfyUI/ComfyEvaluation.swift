import Darkroom

/// Goes through a graph from its outputs back, checks every input as ComfyUI does, and makes its plan. Nothing is drawn
/// here.
struct ComfyEvaluation {
  private let graph: ComfyGraph
  private(set) var plan: ComfyPlan
  /// Nodes in the order in which they are worked on.
  private(set) var order: [String] = []

  private enum State { case open, done }
  private var states: [String: State] = [:]
  private var values: [String: [ComfyValue]] = [:]
  private var problems: [String: ComfyProblem.Node] = [:]

  /// - Throws: `ComfyProblem` that names nodes and inputs.
  init(_ graph: ComfyGraph, _ shelf: ComfyShelf) throws {
    (self.graph, plan) = (graph, ComfyPlan(shelf))
    for output in graph.outputs { _ = visit(output) }
    guard problems.isEmpty else {
      for output in graph.outputs {
        for id in ancestors(of: output) where problems[id] != nil { problems[id]?.outputs.insert(output) }
      }
      throw ComfyProblem(problems)
    }
  }

  /// - Returns: whether the node has its values.
  private mutating func visit(_ id: String) -> Bool {
    guard let node = graph.nodes[id] else { return false }
    if let state = states[id] { return state == .done && values[id] != nil }
    states[id] = .open
    defer { states[id] = .done }
    var given = (fields: [String: FieldValue](), links: [String: ComfyValue]())
    var isWhole = true
    for input in node.kind.inputs {
      switch read(input, of: node, id) {
      case .field(let value): given.fields[input.name] = value
      case .link(let value): given.links[input.name] = value
      case .nothing: isWhole = false
      }
    }
    guard isWhole else { return false }
    let inputs = ComfyValues(node: id, fields: given.fields, links: given.links)
    do {
      values[id] = try node.kind.evaluate(&plan, inputs)
      order.append(id)
      return true
    } catch let problem as ComfyValues.Problem {
      refuse(id, problem)
    } catch {
      refuse(id, ComfyValues.Problem("", Refusal(error).text))
    }
    return false
  }

  private enum Read { case field(FieldValue), link(ComfyValue), nothing }

  private mutating func read(_ input: ComfyNode.Input, of node: ComfyGraph.Node, _ id: String) -> Read {
    guard let value = node.inputs[input.name] ?? input.initial, value != .null else {
      add(id, input, "required_input_missing", "Required input is missing", input.name)
      return .nothing
    }
    if case .link(let type) = input.kind { return follow(value, type, input, id) }
    if case .list = value {
      add(id, input, "bad_linked_input", "A value is expected here, not a link to another node", input.name)
      return .nothing
    }
    switch ComfyField.read(value, input, plan.shelf) {
    case .success(let value): return .field(value)
    case .failure(let problem):
      add(id, input, problem.type, problem.message, problem.details, received: value)
      return .nothing
    }
  }

  private mutating func follow(
    _ value: FieldValue, _ type: ComfyType, _ input: ComfyNode.Input, _ id: String
  ) -> Read {
    guard let link = ComfyGraph.Link(value), let source = graph.nodes[link.node] else {
      add(
        id, input, "bad_linked_input",
        "Bad linked input, must be a length-2 list of [node_id, slot_index] of a node of this prompt",
        input.name,
        received: value)
      return .nothing
    }
    guard source.kind.outputs.indices.contains(link.slot) else {
      add(
        id, input, "bad_linked_input", "Node \(link.node) has no output \(link.slot)", input.name,
        received: value)
      return .nothing
    }
    let found = source.kind.outputs[link.slot]
    guard found == type else {
      add(
        id, input, "return_type_mismatch", "Return type mismatch between linked nodes",
        "\(input.name), received_type(\(found.rawValue)) mismatch input_type(\(type.rawValue))",
        received: value)
      return .nothing
    }
    guard states[link.node] != .open else {
      add(id, input, "dependency_cycle", "Dependency cycle detected", "\(input.name), node \(link.node)")
      return .nothing
    }
    // What is wrong with the node behind the link is told there.
    return visit(link.node) ? values[link.node].map { .link($0[link.slot]) } ?? .nothing : .nothing
  }

  private mutating func add(
    _ id: String, _ input: ComfyNode.Input, _ type: String, _ message: String, _ details: String,
    received: FieldValue? = nil
  ) {
    var extra: [String: FieldValue] = ["input_name": .text(input.name)]
    extra["received_value"] = received
    refuse(id, ComfyProblem.Reason(type: type, message: message, details: details, extra: extra))
  }

  private mutating func refuse(_ id: String, _ problem: ComfyValues.Problem) {
    refuse(
      id,
      ComfyProblem.Reason(
        type: "custom_validation_failed", message: "Custom validation failed for node",
        details: "\(problem.input) - \(problem.message)", extra: ["input_name": .text(problem.input)]))
  }

  private mutating func refuse(_ id: String, _ reason: ComfyProblem.Reason) {
    problems[id, default: ComfyProblem.Node(kind: graph.nodes[id]?.kind.name ?? "")].reasons.append(reason)
  }

  /// What is wrong with a node that was found by those who draw.
  static func problem(_ id: String, in graph: ComfyGraph, _ message: String) -> ComfyProblem {
    let reason = ComfyProblem.Reason(
      type: "custom_validation_failed", message: "Custom validation failed for node", details: message)
    let node = ComfyProblem.Node(
      kind: graph.nodes[id]?.kind.name ?? "", reasons: [reason], outputs: Set(graph.outputs))
    return ComfyProblem([id: node])
  }

  private func ancestors(of id: String) -> Set<String> {
    var (found, open) = (Set<String>(), [id])
    while let next = open.popLast() {
      guard let node = graph.nodes[next], found.insert(next).inserted else { continue }
      open += node.inputs.values.compactMap { ComfyGraph.Link($0)?.node }
    }
    return found
  }
}

/// Values that are no links, as ComfyUI converts and checks them.
enum ComfyField {
  static func read(
    _ value: FieldValue, _ input: ComfyNode.Input, _ shelf: ComfyShelf
  ) -> Result<FieldValue, Failure> {
    switch input.kind {
    case .link: return .success(value)
    case .text:
      guard let text = value.text, text.unicodeScalars.count <= RequestLimits.standard.promptCharacters else {
        let most = RequestLimits.standard.promptCharacters
        return .failure(unreadable(input, "a text of at most \(most) characters"))
      }
      return .success(.text(text))
    case .seed:
      guard let text = value.text, let seed = UInt64(text) ?? Double(text).flatMap({ UInt64(exactly: $0) })
      else {
        return .failure(unreadable(input, "INT", value))
      }
      return .success(.number("\(seed)"))
    case .integer(let range, _):
      // As Python converts numbers to whole ones.
      guard let number = value.double.map({ $0.rounded(.towardZero) }), let whole = Int(exactly: number)
      else {
        return .failure(unreadable(input, "INT", value))
      }
      return within(Double(range.lowerBound)...Double(range.upperBound), number, input).map { _ in
        .number("\(whole)")
      }
    case .number(let range):
      guard let number = value.double else { return .failure(unreadable(input, "FLOAT", value)) }
      return within(range, number, input).map { _ in .number(number.shortest) }
    case .choice(let names):
      return choice(value.text ?? "", among: names(shelf), input, shelf)
    case .picture:
      guard let name = value.text, shelf.pictures(name) != nil else {
        return .failure(
          Failure(
            type: "custom_validation_failed", message: "Custom validation failed for node",
            details: "\(input.name) - Invalid image file: \(value.text ?? "")"))
      }
      return .success(.text(name))
    }
  }

  typealias Failure = ComfyProblem.Reason

  private static func within(
    _ range: ClosedRange<Double>, _ number: Double, _ input: ComfyNode.Input
  ) -> Result<Double, Failure> {
    if number < range.lowerBound {
      return .failure(
        Failure(
          type: "value_smaller_than_min",
          message: "Value \(number.shortest) smaller than min of \(range.lowerBound.shortest)",
          details: input.name))
    }
    if number > range.upperBound {
      return .failure(
        Failure(
          type: "value_bigger_than_max",
          message: "Value \(number.shortest) bigger than max of \(range.upperBound.shortest)",
          details: input.name))
    }
    return .success(number)
  }

  /// A model may have more names than those that are listed.
  private static func choice(
    _ name: String, among names: [String], _ input: ComfyNode.Input, _ shelf: ComfyShelf
  ) -> Result<FieldValue, Failure> {
    let isKnown =
      names.contains(name) || input.name == "ckpt_name" && shelf.model(name) != nil
      || input.name == "model_name" && shelf.upscaler(name) != nil
    guard isKnown else {
      let list = names.map { "'\($0)'" }.joined(separator: ", ")
      return .failure(
        Failure(
          type: "value_not_in_list", message: "Value not in list",
          details: "\(input.name): '\(name.prefix(200))' not in [\(list)]"))
    }
    return .success(.text(name))
  }

  private static func unreadable(
    _ input: ComfyNode.Input, _ type: String, _ value: FieldValue? = nil
  ) -> Failure {
    Failure(
      type: "invalid_input_type", message: "Failed to convert an input value to a \(type) value",
      details: "\(input.name)\(value.map { ", \($0.json.prefix(200))" } ?? "")")
  }
}

extension ComfyProblem.Reason: Error {}

extension FieldValue {
  /// What stands in a text field: numbers too.
  fileprivate var text: String? {
    switch self {
    case .text(let text), .number(let text): text
    case .null, .flag, .list, .object: nil
    }
  }
}
