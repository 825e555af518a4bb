import Darkroom

/// Keeps finished pictures at addresses for a day, so that answers can name them. Nobody guesses an address. The oldest
/// pictures go first when all of them take too many bytes.
package struct PictureLinks: Sendable {
  private static let folder = "/generations/"

  private let store: ResultStore
  /// Nil where addresses of others are not fetched.
  private let remote: RemotePictures?

  package init(
    _ store: ResultStore = ResultStore(PictureLinks.limits), remote: RemotePictures? = nil
  ) {
    (self.store, self.remote) = (store, remote)
  }

  package static var limits: ResultStore.Limits {
    var limits = ResultStore.Limits()
    limits.time = .seconds(24 * 3600)
    return limits
  }

  /// Keeps a picture.
  /// - Returns: its path on this server.
  package func path(to picture: MadePicture) -> String {
    let path = Self.newPath(picture.format)
    keep(picture, at: path)
    return path
  }

  /// Keeps a picture of a job, once however often it is asked for.
  /// - Returns: its path, which nobody guesses who does not know the job's name.
  func path(to picture: MadePicture, of job: JobID) -> String {
    let digest = SHA256Digest.bytes(of: Array("\(job) \(picture.index)".utf8))
    let path = "\(Self.folder)\(SHA256Digest.digits(digest)).\(picture.format.rawValue)"
    if self.picture(at: path) == nil { keep(picture, at: path) }
    return path
  }

  /// Where a picture can be kept later.
  package static func newPath(_ format: PictureFormat) -> String {
    "\(folder)\(JobID.random()).\(format.rawValue)"
  }

  /// - Parameter path: of `newPath`.
  package func keep(_ picture: MadePicture, at path: String) {
    let name = String(path.dropFirst(Self.folder.count))
    store.keep(.done([picture]), of: JobID(name), key: Self.key(name), at: .now)
  }

  package func picture(at path: String) -> MadePicture? { picture(String(path.dropFirst(Self.folder.count))) }

  /// The whole address, by the name that the request called this server.
  package func address(_ path: String, for request: HTTPRequest) -> String {
    "\(request.scheme)://\(request.headers["host"] ?? "localhost")\(path)"
  }

  /// Keeps a picture.
  /// - Returns: its whole address.
  package func link(to picture: MadePicture, _ request: HTTPRequest) -> String {
    address(path(to: picture), for: request)
  }

  /// - Parameter name: the last part of a path.
  package func picture(_ name: String) -> MadePicture? { store.result(of: Self.key(name), at: .now)?.first }

  package static func isAddress(_ text: String) -> Bool {
    let start = text.prefix(8).lowercased()
    return start.hasPrefix("http://") || start.hasPrefix("https://") || text.hasPrefix(folder)
  }

  /// The file at an address of this server, whatever host it names; those of others are fetched where that is allowed.
  /// - Throws: `Refusal` that names the parameter.
  func bytes(at address: String, _ parameter: String) async throws -> [UInt8] {
    let place = address.firstRange(of: Self.folder)
    if let place {
      let name = address[place.upperBound...].prefix { $0 != "?" && $0 != "#" }
      if let picture = picture(String(name)) { return picture.bytes }
    }
    if let remote, !address.hasPrefix(Self.folder) { return try await remote.bytes(at: address, parameter) }
    guard place == nil else {
      throw Refusal(
        .request, field: parameter, "no picture is at \(address.prefix(200)), or none any longer")
    }
    throw Refusal(
      .request, field: parameter,
      "fetching URLs is off (--allow-fetch); send base64 or a link of this server")
  }

  private static func key(_ name: String) -> String { "link \(name)" }
}

extension Operation {
  package static let generations = Operation(
    .open, .get, "/generations/{name}", "Gives a picture that was made within a day",
    answers: ["image/png", "image/jpeg", "image/webp"],
    .tell { visit in
      let name = visit.path["name"] ?? ""
      guard let picture = visit.premises.links.picture(name) else {
        throw Refusal(.notFound, "there is no picture \(name.prefix(100)), or none any longer")
      }
      var response = HTTPResponse(type: picture.format.mediaType, picture.bytes)
      response.headers["cache-control"] = "private, max-age=86400, immutable"
      return response
    })
}
