/// An object of JSON as `google.protobuf.Struct` carries it.
package struct ProtobufStruct: ProtobufReadable, Equatable, Sendable {
  package enum Value: Equatable, Sendable {
    case null
    case number(Double)
    case text(String)
    case bool(Bool)
    case object(ProtobufStruct)
    case list([Value])
  }

  package private(set) var fields: [String: Value] = [:]

  package init() {}

  package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
    guard field.number == 1 else { return }
    let entry: Entry = try field.message("fields")
    fields[entry.key] = entry.value
  }

  /// The object under a name.
  package func object(_ name: String) -> ProtobufStruct? {
    if case .object(let object) = fields[name] { object } else { nil }
  }

  /// The text under a name.
  package func text(_ name: String) -> String? {
    if case .text(let text) = fields[name] { text } else { nil }
  }
}

private struct Entry: ProtobufReadable {
  var key = ""
  var value = ProtobufStruct.Value.null

  mutating func take(_ field: ProtobufField) throws(ProtobufError) {
    switch field.number {
    case 1: key = try field.text("key")
    case 2: value = try field.message("value", with: value)
    default: break
    }
  }
}

extension ProtobufStruct.Value: ProtobufReadable {
  package init() { self = .null }

  package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
    switch field.number {
    case 1: self = .null
    case 2: self = .number(try field.double("number_value"))
    case 3: self = .text(try field.text("string_value"))
    case 4: self = .bool(try field.bool("bool_value"))
    case 5:
      let earlier: ProtobufStruct? = if case .object(let object) = self { object } else { nil }
      self = .object(try field.message("struct_value", with: earlier))
    case 6:
      let earlier: List? = if case .list(let values) = self { List(values: values) } else { nil }
      self = .list(try field.message("list_value", with: earlier).values)
    default: break
    }
  }
}

private struct List: ProtobufReadable {
  var values: [ProtobufStruct.Value] = []

  mutating func take(_ field: ProtobufField) throws(ProtobufError) {
    if field.number == 1 { values.append(try field.message("values")) }
  }
}
