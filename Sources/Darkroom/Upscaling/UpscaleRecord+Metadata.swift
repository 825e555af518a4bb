import FoundationEssentials
import Pictures

extension PictureMetadata {
  /// In the JSON: what was done to enlarge the picture, the first time first.
  private static let key = "upscaling"

  /// The same with one more enlargement: in the JSON, and in A1111's text, if there is one, in its own words.
  func adding(_ record: UpscaleRecord) -> PictureMetadata {
    var fields = jsonFields ?? [:]
    var list: [FieldValue] = if case .list(let before)? = fields[Self.key] { before } else { [] }
    list.append(record.fieldValue)
    fields[Self.key] = .list(list)
    return PictureMetadata(
      parameters: parameters.map {
        "\($0), Postprocess upscale by: \(record.scale.shortest), Postprocess upscaler: \(record.title)"
      },
      json: FieldValue.object(fields).json)
  }

  /// What was done to enlarge the picture; empty if nothing of it can be read.
  var upscaling: [UpscaleRecord] {
    guard let list = jsonFields?[Self.key], let text = Optional(list.json) else { return [] }
    return (try? JSONDecoder().decode([UpscaleRecord].self, from: Data(text.utf8))) ?? []
  }

  /// Whether the JSON tells more than enlargements.
  var holdsRequest: Bool { json != nil && jsonFields.map { Array($0.keys) } != [Self.key] }

  private var jsonFields: [String: FieldValue]? {
    guard let json,
      case .object(let fields)? = try? JSONDecoder().decode(FieldValue.self, from: Data(json.utf8))
    else { return nil }
    return fields
  }
}

extension UpscaleRecord {
  /// The network's name, or the filter's.
  public var title: String { model ?? "Lanczos" }

  /// What was done, for people: `animevideov3, then creative by sd-v1-5`.
  public var summary: String {
    guard let drawing else { return title }
    return "\(title), then \(method.rawValue)" + (drawing.model.map { " by \($0.name)" } ?? "")
  }

  fileprivate var fieldValue: FieldValue {
    var fields: [String: FieldValue] = [
      "method": .text(method.rawValue), "scale": .number(scale.shortest), "width": .number("\(width)"),
      "height": .number("\(height)"),
    ]
    let texts = [("model", model), ("model_fingerprint", fingerprint), ("precision", precision)]
    for (key, text) in texts { fields[key] = text.map(FieldValue.text) }
    fields["creativity"] = creativity.map { .number($0.shortest) }
    fields["drawing"] = drawing.flatMap {
      try? JSONDecoder().decode(FieldValue.self, from: Data($0.canonicalJSON.utf8))
    }
    return .object(fields)
  }
}
