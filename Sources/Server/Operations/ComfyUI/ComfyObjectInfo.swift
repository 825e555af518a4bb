import Darkroom

/// The description of nodes, from which clients make their lists.
enum ComfyObjectInfo {
  static func all(_ shelf: ComfyShelf) -> FieldValue {
    .object(Dictionary(ComfyNode.all.map { ($0.name, describe($0, shelf)) }) { first, _ in first })
  }

  static func one(_ name: String, _ shelf: ComfyShelf) -> FieldValue {
    ComfyNode.named(name).map { .object([name: describe($0, shelf)]) } ?? [:]
  }

  private static func describe(_ node: ComfyNode, _ shelf: ComfyShelf) -> FieldValue {
    let outputs = FieldValue.list(node.outputs.map { .text($0.rawValue) })
    let inputs = node.inputs.map { ($0.name, describe($0, shelf)) }
    return [
      "input": ["required": .object(Dictionary(inputs) { first, _ in first })],
      "input_order": ["required": .list(node.inputs.map { .text($0.name) })],
      "output": outputs, "output_name": outputs, "output_is_list": .list(node.outputs.map { _ in false }),
      "name": .text(node.name), "display_name": .text(node.title), "description": "",
      "python_module": "nodes",
      "category": .text(node.category), "output_node": .flag(node.isOutput),
    ]
  }

  private static func describe(_ input: ComfyNode.Input, _ shelf: ComfyShelf) -> FieldValue {
    var rules: [String: FieldValue] = [:]
    rules["default"] = input.initial
    switch input.kind {
    case .link(let type): return [.text(type.rawValue)]
    case .text:
      rules["multiline"] = .flag(input.initial == nil)
      return ["STRING", .object(rules)]
    case .integer(let range, let step):
      rules["min"] = .number("\(range.lowerBound)")
      rules["max"] = .number("\(range.upperBound)")
      rules["step"] = .number("\(step)")
      return ["INT", .object(rules)]
    case .seed:
      rules["min"] = 0
      rules["max"] = .number("\(UInt64.max)")
      return ["INT", .object(rules)]
    case .number(let range):
      rules["min"] = .number(range.lowerBound.shortest)
      rules["max"] = .number(range.upperBound.shortest)
      return ["FLOAT", .object(rules)]
    case .choice(let names): return [.list(names(shelf).map(FieldValue.text))]
    case .picture: return [.list(shelf.pictureNames.map(FieldValue.text)), ["image_upload": true]]
    }
  }
}
