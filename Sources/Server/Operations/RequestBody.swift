import Darkroom
import FoundationEssentials

/// The fields of a request's body, as a form or JSON gives them.
package struct RequestBody: Sendable {
  package enum Content: Sendable {
    /// Of JSON.
    case value(FieldValue)
    /// Of a form.
    case part([UInt8])

    var isEmpty: Bool {
      switch self {
      case .value(let value): value == .null
      case .part(let bytes): bytes.isEmpty
      }
    }

    /// The bytes of a file. JSON has them in base64, with or without the beginning of a data address.
    /// - Throws: `Refusal`.
    func file(_ name: String) throws -> [UInt8] {
      switch self {
      case .part(let bytes): return bytes
      case .value(.text(let text)):
        do {
          return try StrictBase64(text).decoded
        } catch {
          throw Refusal(.request, field: name, "\(error)")
        }
      case .value(.null): return []
      case .value: throw Refusal(.request, field: name, "must be a picture in base64")
      }
    }

    /// The value of a field that is no file; nil for bytes that are no UTF-8.
    var value: FieldValue? {
      switch self {
      case .value(let value): value
      case .part(let bytes): String(validating: bytes, as: UTF8.self).map(FieldValue.text)
      }
    }
  }

  /// In the order of the body, of JSON by name.
  package var fields: [(name: String, content: Content)] = []

  package init() {}

  /// - Throws: `Refusal`.
  package init(_ request: HTTPRequest, _ kind: Operation.Body) throws {
    let type = request.headers["content-type"]
    let isJSON = (type ?? "").lowercased().hasPrefix("application/json")
    switch kind {
    case .none, .bytes: break
    case .json:
      guard isJSON else { throw Refusal(.request, field: "content-type", "must be application/json") }
      try readJSON(request.body)
    case .looseJSON: if !request.body.isEmpty { try readJSON(request.body) }
    case .form: try readForm(request.body, type)
    case .formOrJSON: if isJSON { try readJSON(request.body) } else { try readForm(request.body, type) }
    }
  }

  /// The text of a field; nil if there is none.
  func text(_ name: String) -> String? {
    if case .text(let text)? = fields.first(where: { $0.name == name })?.content.value { text } else { nil }
  }

  /// Puts the bytes of pictures that are given by their address in the addresses' place, and each picture of a list by
  /// itself.
  /// - Throws: `Refusal`.
  package mutating func fetchPictures(of parameters: [Parameter], _ links: PictureLinks) async throws {
    let files = parameters.filter(\.kind.isFile)
    var found: [(name: String, content: Content)] = []
    for (name, content) in fields {
      guard let parameter = files.first(where: { $0.name == name || $0.aliases.contains(name) }),
        case .value(let value) = content
      else {
        found.append((name, content))
        continue
      }
      var items = [value]
      if parameter.kind.isList, case .list(let list) = value { items = list }
      for item in items.map(\.pictureReference) {
        if case .text(let text) = item, PictureLinks.isAddress(text) {
          found.append((name, .part(try await links.bytes(at: text, name))))
        } else {
          found.append((name, .value(item)))
        }
      }
    }
    fields = found
  }

  private mutating func readJSON(_ body: [UInt8]) throws {
    let value: FieldValue
    do {
      value = try StrictJSON.value(body)
    } catch {
      throw Refusal(.request, field: "body", "\(error)")
    }
    guard case .object(let object) = value else {
      throw Refusal(.request, field: "body", "must be a JSON object")
    }
    fields = object.sorted { $0.key < $1.key }.map { ($0.key, .value($0.value)) }
  }

  private mutating func readForm(_ body: [UInt8], _ type: String?) throws {
    do {
      guard let boundary = try MultipartForm.boundary(of: type) else {
        throw Refusal(.request, field: "content-type", "must be multipart/form-data")
      }
      var lists: [String: [Int: [String: FieldValue]]] = [:]
      for part in try MultipartForm(body, boundary: boundary).parts {
        if let place = ListPlace(part.name) {
          lists[place.list, default: [:]][place.index, default: [:]][place.key] = .text(try part.text())
        } else {
          fields.append((part.name, .part(Array(part.content))))
        }
      }
      for (name, items) in lists.sorted(by: { $0.key < $1.key }) {
        let list = items.sorted { $0.key < $1.key }.map { FieldValue.object($0.value) }
        fields.append((name, .value(.list(list))))
      }
    } catch let refusal as Refusal {
      throw refusal
    } catch let refusal as HTTPRefusal {
      throw Refusal(.request, field: "content-type", refusal.message)
    } catch {
      throw Refusal(.request, field: "body", "\(error)")
    }
  }
}

/// A part's name such as `text_prompts[0][text]`: a field of an object in a list. Indices need not follow each other.
private struct ListPlace {
  let list: String
  let index: Int
  let key: String

  init?(_ name: String) {
    let pieces = name.split(separator: "[", omittingEmptySubsequences: false)
    guard pieces.count == 3, pieces[1].hasSuffix("]"), pieces[2].hasSuffix("]"),
      let index = Int(pieces[1].dropLast())
    else { return nil }
    (list, self.index, key) = (String(pieces[0]), index, String(pieces[2].dropLast()))
  }
}

extension FieldValue {
  /// What stands for a picture: OpenAI's JSON has it in an object.
  fileprivate var pictureReference: FieldValue {
    if case .object(let fields) = self, let address = fields["image_url"] { address } else { self }
  }
}
