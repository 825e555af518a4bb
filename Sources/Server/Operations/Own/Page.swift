import Darkroom
import Page
import SystemFiles

extension Operation {
  /// Programs look here, too: one that speaks to Draw Things reads the names of its model and upscaler.
  package static let page = Operation(
    .open, .get, "/", "The page in a browser; to programs, the names of the first model and upscaler",
    answers: ["text/html", "application/json"],
    .tell { visit in
      let headers = visit.request.headers
      var response: HTTPResponse
      if Accept.choice(of: ["application/json", "text/html"], for: headers) == "text/html" {
        response = try ServedFile.named("index.html").response(for: headers)
      } else {
        response = HTTPResponse(json: [
          "model": visit.premises.models.first.name, "upscaler": visit.premises.upscalers.names.first ?? "",
        ])
      }
      response.headers["vary"] = "accept, accept-encoding"
      return response
    })

  package static let pageFile = Operation(
    .open, .get, "/page/{name}", "A file of the page",
    answers: ["text/html", "text/css", "text/javascript", "image/svg+xml"],
    .tell { visit in try ServedFile.named(visit.path["name"] ?? "").response(for: visit.request.headers) })
}

/// A file of the page as it is sent.
private struct ServedFile: Sendable {
  private let type: String
  private let bytes, compressed: [UInt8]
  private let digest: String

  /// Nothing of others, nothing inline, and in no frame of others; pictures may come from the page itself.
  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
  ]

  private static let all: [String: ServedFile] = {
    var count = 0
    let files = UnsafeBufferPointer(start: page_files(&count), count: count)
    return Dictionary(
      uniqueKeysWithValues: files.map { file in
        let name = String(cString: file.name)
        return (name, ServedFile(name, [UInt8](UnsafeBufferPointer(start: file.bytes, count: file.count))))
      })
  }()

  static func named(_ name: String) throws -> ServedFile {
    guard let file = all[name] else { throw Refusal(.notFound, "the page has no file \(name.prefix(100))") }
    return file
  }

  private init(_ name: String, _ bytes: [UInt8]) {
    type = name.split(separator: ".").last.flatMap { Self.types[String($0)] } ?? "application/octet-stream"
    (self.bytes, compressed) = (bytes, gzipped(bytes))
    digest = SHA256Digest.digits(SHA256Digest.bytes(of: bytes).prefix(16))
  }

  /// The file, or that the browser has it already.
  func response(for headers: HTTPHeaders) -> HTTPResponse {
    let isCompressed = Self.takesGzip(headers)
    let tag = "\"\(digest)\(isCompressed ? "-gzip" : "")\""
    var response = HTTPResponse(type: type, isCompressed ? compressed : bytes)
    if headers.values("if-none-match").contains(where: { $0.contains(tag) }) { response = HTTPResponse(304) }
    response.headers["etag"] = tag
    response.headers["cache-control"] = "no-cache"
    response.headers["vary"] = "accept-encoding"
    response.headers["content-security-policy"] = Self.policy
    response.headers["referrer-policy"] = "no-referrer"
    if isCompressed, response.status == 200 { response.headers["content-encoding"] = "gzip" }
    return response
  }

  private static func takesGzip(_ headers: HTTPHeaders) -> Bool {
    headers.values("accept-encoding").flatMap { ParameterizedValue.pieces(of: $0, separator: ",") }
      .compactMap { ParameterizedValue(String($0)) }
      .contains { $0.value == "gzip" && $0.parameters["q"].flatMap(Double.init) ?? 1 > 0 }
  }
}
