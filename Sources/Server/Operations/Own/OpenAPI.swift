import Darkroom

extension Operation {
  /// https://spec.openapis.org/oas/v3.1.0
  package static let openAPI = Operation(
    .open, .get, "/openapi.json", "Describes everything that is served",
    .tell { visit in
      HTTPResponse(type: "application/json", Array(OpenAPI.document(visit.premises.operations).json.utf8))
    })
}

/// The description of operations, made of their rows.
enum OpenAPI {
  static func document(_ operations: [Operation]) -> FieldValue {
    var paths: [String: [String: FieldValue]] = [:]
    for operation in operations {
      paths[operation.path, default: [:]][operation.method.rawValue.lowercased()] = describe(operation)
    }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "Darkroom", "version": .text(darkroomVersion),
        "description":
          "Stable Diffusion on this machine, by the protocols of hosted picture APIs. What they do not document stands in each summary.",
      ],
      "paths": .object(paths.mapValues(FieldValue.object)),
      "components": ["securitySchemes": ["key": ["type": "http", "scheme": "bearer"]]],
    ]
  }

  private static func describe(_ operation: Operation) -> FieldValue {
    var fields: [String: FieldValue] = [
      "operationId": .text(name(operation)), "summary": .text(operation.summary),
      "tags": [.text(operation.api.name)], "responses": responses(operation),
    ]
    if operation.api.needsKey { fields["security"] = [[:], ["key": []]] }
    let parts = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }
    if !parts.isEmpty {
      fields["parameters"] = .list(
        parts.map { part in
          [
            "name": .text(String(part.dropFirst().dropLast())), "in": "path", "required": true,
            "schema": ["type": "string", "minLength": 1],
          ]
        })
    }
    if let body = body(operation) { fields["requestBody"] = body }
    return .object(fields)
  }

  private static func name(_ operation: Operation) -> String {
    let words = operation.path.split { !$0.isLetter && !$0.isNumber }
    return ([operation.method.rawValue.lowercased()] + words.map(String.init)).joined(separator: "_")
  }

  private static func responses(_ operation: Operation) -> FieldValue {
    let media = operation.answers.map { type -> (String, FieldValue) in
      (type, ["schema": type.hasPrefix("image/") ? ["type": "string", "format": "binary"] : [:]])
    }
    var responses = refusals(operation)
    for status in operation.statuses {
      responses["\(status)"] = [
        "description": status == 200 ? "What was asked for" : "Not done yet",
        "content": .object(Dictionary(media) { first, _ in first }),
      ]
    }
    return .object(responses)
  }

  /// Described by what the API writes.
  private static func refusals(_ operation: Operation) -> [String: FieldValue] {
    var kinds: [Refusal.Kind] = [.request, .permission, .notFound, .fault, .unavailable]
    if operation.api.needsKey { kinds += [.unauthorized, .tooMany] }
    if operation.price > 0 { kinds += [.payment, .moderation] }
    if operation.body != .none { kinds.append(.tooLarge) }
    var refusals: [String: FieldValue] = [:]
    for kind in kinds {
      let answer = operation.api.write(Refusal(kind, ""), "")
      guard case .bytes(let bytes) = answer.body, case .object(let fields)? = try? StrictJSON.value(bytes)
      else { continue }
      refusals["\(answer.status)"] = [
        "description": "Why not",
        "content": [
          "application/json": [
            "schema": [
              "type": "object", "required": .list(fields.keys.sorted().map(FieldValue.text)),
              "properties": .object(fields.mapValues(typeOf)),
            ]
          ]
        ],
      ]
    }
    return refusals
  }

  private static func typeOf(_ value: FieldValue) -> FieldValue {
    switch value {
    case .list(let items): ["type": "array", "items": items.first.map(typeOf) ?? ["type": "string"]]
    case .object: ["type": "object"]
    case .text, .number, .flag, .null: ["type": "string"]
    }
  }

  private static func body(_ operation: Operation) -> FieldValue? {
    let types: [String] =
      switch operation.body {
      case .none, .bytes: []
      case .json, .looseJSON: ["application/json"]
      case .form: ["multipart/form-data"]
      case .formOrJSON: ["multipart/form-data", "application/json"]
      }
    guard !types.isEmpty else { return nil }
    let content = types.map { type in (type, ["schema": schema(operation, type)] as FieldValue) }
    return [
      "required": .flag(operation.parameters.contains(where: \.isRequired)),
      "content": .object(Dictionary(content) { first, _ in first }),
    ]
  }

  private static func schema(_ operation: Operation, _ type: String) -> FieldValue {
    var properties: [String: FieldValue] = [:]
    for row in operation.parameters {
      properties[row.name] = schema(row, isForm: type.hasPrefix("multipart"))
    }
    return [
      "type": "object", "properties": .object(properties),
      "required": .list(operation.parameters.filter(\.isRequired).map { .text($0.name) }),
    ]
  }

  private static func file(_ isForm: Bool) -> [String: FieldValue] {
    ["type": "string", isForm ? "format" : "contentEncoding": isForm ? "binary" : "base64"]
  }

  private static func schema(_ row: Parameter, isForm: Bool) -> FieldValue {
    var schema: [String: FieldValue] = ["description": .text(row.help)]
    if let initial = row.initial { schema["default"] = initial }
    switch row.kind {
    case .text(let count):
      schema["type"] = "string"
      (schema["minLength"], schema["maxLength"]) = (
        .number("\(count.lowerBound)"), .number("\(count.upperBound)")
      )
    case .integer(let range):
      schema["type"] = "integer"
      (schema["minimum"], schema["maximum"]) = (
        .number("\(range.lowerBound)"), .number("\(range.upperBound)")
      )
    case .number(let range):
      schema["type"] = "number"
      (schema["minimum"], schema["maximum"]) = (
        .number(range.lowerBound.shortest), .number(range.upperBound.shortest)
      )
    case .choice(let names): (schema["type"], schema["enum"]) = ("string", .list(names.map(FieldValue.text)))
    case .flag: schema["type"] = "boolean"
    case .picture: schema.merge(file(isForm)) { $1 }
    case .pictures(let most):
      (schema["type"], schema["items"]) = ("array", .object(file(isForm)))
      schema["maxItems"] = .number("\(most)")
    case .prompts(let characters):
      schema["type"] = "array"
      schema["items"] = [
        "type": "object", "required": ["text"],
        "properties": [
          "text": ["type": "string", "maxLength": .number("\(characters)")],
          "weight": ["type": "number", "minimum": -100, "maximum": 100, "default": 1],
        ],
      ]
    case .anything: break
    }
    return .object(schema)
  }
}
