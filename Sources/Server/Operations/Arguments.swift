import Darkroom

/// What a request gives for the parameters of an operation, checked.
package struct Arguments: Sendable {
  /// By the parameters' own names.
  package private(set) var values: [String: FieldValue] = [:]
  private var files: [String: [[UInt8]]] = [:]
  /// Own names of the parameters that the client has given a value.
  package private(set) var given: Set<String> = []
  /// Names that no parameter has.
  package private(set) var ignored: [String] = []
  private var parameters: [Parameter] = []

  package init() {}

  /// - Throws: `Refusal` that names the parameter and what was expected.
  package init(_ body: RequestBody, for parameters: [Parameter]) throws {
    self.parameters = parameters
    var seen: [String: String] = [:]
    for (name, content) in body.fields {
      guard let parameter = parameters.first(where: { $0.name == name || $0.aliases.contains(name) }) else {
        // Clients send empty parts of any name.
        if !content.isEmpty { ignored.append(name) }
        continue
      }
      if let other = seen.updateValue(name, forKey: parameter.name), !parameter.kind.isList {
        throw Refusal(.request, field: name, "is given twice\(other == name ? "" : ", also as \(other)")")
      }
      try take(content, for: parameter, as: name)
    }
    for parameter in parameters where !has(parameter.name) {
      guard !parameter.isRequired else { throw Refusal(.request, field: parameter.name, "is required") }
      values[parameter.name] = parameter.initial
    }
  }

  private mutating func take(
    _ content: RequestBody.Content, for parameter: Parameter, as name: String
  ) throws {
    if parameter.kind.isFile {
      let bytes = try content.file(name)
      if !bytes.isEmpty { files[parameter.name, default: []].append(bytes) }
      if case .pictures(let most) = parameter.kind, (files[parameter.name] ?? []).count > most {
        throw Refusal(.request, field: name, "must be \(parameter.expected)")
      }
      return
    }
    guard let value = content.value, value != .null else { return }
    // An empty part of a form stands for none, where a text may not be empty.
    if case .text("") = value, isPart(content), parameter.read(value) == nil { return }
    // A form may hold a list as JSON.
    var given = value
    if case .prompts = parameter.kind, case .text(let text) = value,
      let list = try? StrictJSON.value(Array(text.utf8))
    {
      given = list
    }
    guard let read = parameter.read(given) else {
      throw Refusal(.request, field: name, "must be \(parameter.expected)")
    }
    values[parameter.name] = read
    self.given.insert(parameter.name)
  }

  /// Sets parameters that the client has not given; what is no value of theirs is left out.
  mutating func complete(_ others: [String: FieldValue]) {
    for parameter in parameters where !given.contains(parameter.name) {
      if let value = others[parameter.name].flatMap(parameter.read) { values[parameter.name] = value }
    }
  }

  private func isPart(_ content: RequestBody.Content) -> Bool {
    if case .part = content { true } else { false }
  }

  package func has(_ name: String) -> Bool { values[name] != nil || files[name] != nil }

  package func text(_ name: String) -> String? {
    if case .text(let text)? = values[name] { text } else { nil }
  }
  package func flag(_ name: String) -> Bool? { values[name]?.flag }
  package func integer(_ name: String) -> Int? { values[name]?.integer }
  package func number(_ name: String) -> Double? { values[name]?.double }

  package func list(_ name: String) -> [FieldValue]? {
    if case .list(let list)? = values[name] { list } else { nil }
  }

  /// The same bytes for the same arguments.
  var digest: [UInt8] {
    let pictures = files.sorted { $0.key < $1.key }.map { name, files in
      name + files.map { SHA256Digest.digits(SHA256Digest.bytes(of: $0)) }.joined(separator: " ")
    }
    return SHA256Digest.bytes(of: Array((pictures + [FieldValue.object(values).json]).joined().utf8))
  }

  /// The file of a parameter; named so in errors and metadata.
  package func picture(_ name: String) -> InputPicture? { pictures(name).first }

  /// The files of a parameter, in order.
  package func pictures(_ name: String) -> [InputPicture] {
    (files[name] ?? []).map { InputPicture(contents: $0, name: name) }
  }

  /// The file of a parameter that must be there.
  /// - Throws: `Refusal` if it is empty.
  package func needed(_ name: String) throws -> InputPicture {
    guard let picture = picture(name) else { throw Refusal(.request, field: name, "is required") }
    return picture
  }

  /// Sets the fields that parameters mean.
  /// - Throws: `Refusal` if the engine does not know a name.
  package func fill(_ request: inout GenerationRequest) throws {
    for parameter in parameters {
      guard let key = parameter.field, let field = RequestField.named(key), let value = values[parameter.name]
      else { continue }
      guard field.set(value, in: &request, nil) else {
        throw Refusal(.request, field: parameter.name, "must be \(field.expected())")
      }
    }
  }
}
