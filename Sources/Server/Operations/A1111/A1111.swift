import Darkroom

extension API {
  /// The API of AUTOMATIC1111's web UI. Errors are those of FastAPI, which it is written with.
  package static let a1111 = API("a1111", bodyLimit: 64 << 20, write: writeA1111)
  /// What its clients ask to see whether it is there.
  package static let a1111Open = API("a1111", bodyLimit: 1 << 20, needsKey: false, write: writeA1111)
  /// Paths of its extensions: clients look for an answer of this very kind to know that there is none.
  package static let a1111Extensions = API("a1111", bodyLimit: 1 << 20) { _, _ in
    HTTPResponse(404, json: ["detail": "Not Found"])
  }

  /// Parameters that hold pictures.
  private static let pictures: Set = ["init_images", "mask", "image", "imageList"]

  private static func isOfAnotherType(_ refusal: Refusal) -> Bool {
    refusal.message.hasPrefix("must ") || refusal.message == "is required"
  }

  @Sendable private static func writeA1111(_ refusal: Refusal, _ request: String) -> HTTPResponse {
    struct Problem: Encodable {
      let loc: [String]
      let msg: String
      let type = "value_error"
    }
    func fault(_ error: String, _ detail: String, _ errors: String) -> HTTPResponse {
      HTTPResponse(500, json: ["error": error, "detail": detail, "body": "", "errors": errors])
    }
    switch refusal.kind {
    // What is no picture at all is another type than what is wanted, as any parameter may be.
    case .request where pictures.contains(refusal.field ?? "") && !isOfAnotherType(refusal):
      return fault("HTTPException", "Invalid encoded image", refusal.text)
    case .request:
      let place = refusal.field.map { $0 == "body" ? [] : [$0] } ?? []
      return HTTPResponse(422, json: ["detail": [Problem(loc: ["body"] + place, msg: refusal.message)]])
    case .unauthorized:
      var response = HTTPResponse(401, json: ["detail": "Incorrect username or password"])
      response.headers["www-authenticate"] = "Basic"
      return response
    case .fault: return fault("RuntimeError", "An unexpected server error occurred.", "")
    default: return HTTPResponse(refusal.kind.status, json: ["detail": refusal.text])
    }
  }
}

extension Operation {
  /// Everything that the web UI's clients ask for.
  package static let a1111: [Operation] =
    a1111Drawing + a1111Control + a1111Options + a1111Extras + a1111Lists
}

extension FieldValue {
  /// A text that says something: clients write none as "" and "None".
  var name: String? {
    guard case .text(let text) = self, !["", "none", "null"].contains(text.lowercased()) else { return nil }
    return text
  }

  /// An answer with this value.
  func response(_ status: Int = 200) -> HTTPResponse {
    HTTPResponse(status, type: "application/json", Array(json.utf8))
  }
}

extension Arguments {
  /// The name that a parameter gives; nil for none.
  func name(_ parameter: String) -> String? { values[parameter]?.name }

  /// The fields of an object; none if it is null.
  /// - Throws: `Refusal` if it is no object.
  func object(_ parameter: String) throws -> [String: FieldValue] {
    switch values[parameter] {
    case nil, .null?: return [:]
    case .object(let fields)?: return fields
    case .some: throw Refusal(.request, field: parameter, "must be an object")
    }
  }
}
