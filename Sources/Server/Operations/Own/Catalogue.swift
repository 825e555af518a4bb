import Darkroom

extension Operation {
  package static let catalogue = Operation(
    .open, .get, "/catalogue", "Lists models, samplers, schedules, styles and all fields of a request",
    .tell { visit in
      HTTPResponse(type: "application/json", Array(ServerCatalogue.document(visit.premises).json.utf8))
    })
}

/// What may be asked for, as programs and the page read it: made of the tables that requests are read by.
enum ServerCatalogue {
  static func document(_ premises: Premises) -> FieldValue {
    let limits = premises.desk.limits
    return [
      "version": .text(darkroomVersion),
      "models": .list(premises.models.models.map(describe)),
      "fields": .list(RequestField.all.filter { !hidden.contains($0.key) }.map { describe($0, limits) }),
      "samplers": value(of: Catalogue.samplers), "schedules": value(of: Catalogue.schedules),
      "upscalers": .list(premises.upscalers.names.map(FieldValue.text)),
      "networks": .list(premises.upscalers.networks.map { .text($0.name) }),
      "styles": .list(Styles.names.map(FieldValue.text)),
      "limits": [
        "pictures": .number("\(limits.count.upperBound)"),
        "side": [.number("\(limits.side.lowerBound)"), .number("\(limits.side.upperBound)")],
        "body_bytes": .number("\(API.jobs.bodyLimit)"),
      ],
      "needs_key": .flag(premises.keys != nil),
    ]
  }

  /// What is written down, and not asked for.
  static let hidden: Set = ["batch_place", "prompt_template"]

  private static func describe(_ model: ServedModel) -> FieldValue {
    let description = model.description
    var defaults: FieldValue = [:]
    if let complete = try? ResolvedRequest(
      GenerationRequest(prompt: ""), for: description, precisions: model.precisions),
      case .object(var fields)? = try? StrictJSON.value(Array(complete.canonicalJSON.utf8))
    {
      for key in ["seed", "prompt", "negative_prompt"] { fields[key] = nil }
      defaults = .object(fields.filter { RequestField.named($0.key) != nil })
    }
    return [
      "name": .text(model.name), "family": .text(description.family),
      "native_side": .number("\(description.nativeSide)"),
      "side_multiple": .number("\(description.sideMultiple)"), "defaults": defaults,
    ]
  }

  private static func describe(_ field: RequestField, _ limits: RequestLimits) -> FieldValue {
    var row: [String: FieldValue] = [
      "key": .text(field.key), "kind": .text(field.kind.rawValue), "group": .text(field.group.rawValue),
      "help": .text(field.help), "usual": .text(field.usual), "optional": .flag(field.isOptional),
      "expected": .text(field.expected(limits)),
    ]
    if !field.choices.isEmpty { row["choices"] = .list(field.choices.map(FieldValue.text)) }
    if let range = field.range(limits) {
      row["minimum"] = .number(range.lowerBound.shortest)
      row["maximum"] = .number(range.upperBound.shortest)
    }
    return .object(row)
  }

  private static func value(of list: some Encodable) -> FieldValue {
    (try? StrictJSON.value(HTTPResponse(json: list).bytes)) ?? .null
  }
}
