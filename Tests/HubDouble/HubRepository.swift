import CCrypto
import Foundation

/// A repository as the Hub would serve it. Files named `*.safetensors` are large ones, as in Git LFS.
package struct HubRepository: Sendable {
  package static let commit = String(repeating: "0123456789", count: 4)

  package let name: String
  package var files: [String: [UInt8]]
  package var commit = HubRepository.commit
  /// Entries of the list of files on one page.
  package var pageSize = 1000

  package init(_ name: String = "owner/model", files: [String: [UInt8]]) {
    self.name = name
    self.files = files
  }

  /// All files of a folder.
  package init(_ name: String = "owner/model", folder: URL) throws {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    var files: [String: [UInt8]] = [:]
    for path in paths {
      var isFolder: ObjCBool = false
      let full = folder.appendingPathComponent(path)
      guard FileManager.default.fileExists(atPath: full.path, isDirectory: &isFolder), !isFolder.boolValue
      else { continue }
      files[path] = Array(try Data(contentsOf: full))
    }
    self.init(name, files: files)
  }

  /// The hash that names a file's blob.
  package func hash(_ path: String) -> String {
    let bytes = files[path] ?? []
    return Self.isLarge(path)
      ? Self.hex(EVP_sha256(), bytes) : Self.hex(EVP_sha1(), Array("blob \(bytes.count)\0".utf8) + bytes)
  }

  private static func isLarge(_ path: String) -> Bool { path.hasSuffix(".safetensors") }

  private static func hex(_ algorithm: OpaquePointer?, _ bytes: [UInt8]) -> String {
    var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    EVP_Digest(bytes, bytes.count, &result, &count, algorithm, nil)
    return result.prefix(Int(count)).map { String(format: "%02x", $0) }.joined()
  }

  /// The list of files as JSON objects.
  package var entries: [String] {
    files.keys.sorted().map { path in
      let size = files[path]?.count ?? 0
      let large = #","lfs":{"oid":"\#(hash(path))","size":\#(size),"pointerSize":130}"#
      let oid = Self.isLarge(path) ? String(repeating: "a", count: 40) : hash(path)
      return
        #"{"type":"file","oid":"\#(oid)","size":\#(size),"path":"\#(path)"\#(Self.isLarge(path) ? large : "")}"#
    } + [#"{"type":"directory","oid":"\#(commit)","size":0,"path":"unet"}"#]
  }

  /// Answers as the Hub does; the revision `main` and the commit are known.
  package func answer(_ request: HubDouble.Request) -> HubDouble.Response {
    let api = "/api/models/\(name)"
    if request.path == "\(api)/revision/main" || request.path == "\(api)/revision/\(commit)" {
      return HubDouble.Response(json: #"{"id":"\#(name)","sha":"\#(commit)","private":false}"#)
    }
    if request.path == "\(api)/tree/\(commit)" { return page(request) }
    let prefix = "/\(name)/resolve/\(commit)/"
    if request.path.hasPrefix(prefix), let bytes = files[String(request.path.dropFirst(prefix.count))] {
      return Self.serve(bytes, request)
    }
    let code = request.path.hasPrefix("\(api)/revision/") ? "RevisionNotFound" : "RepoNotFound"
    return HubDouble.Response(404, Array("no".utf8), headers: ["X-Error-Code": code])
  }

  private func page(_ request: HubDouble.Request) -> HubDouble.Response {
    let start = request.target.split(separator: "cursor=").dropFirst().first.flatMap { Int($0) } ?? 0
    let some = entries.dropFirst(start).prefix(pageSize)
    var headers: [String: String] = [:]
    if start + pageSize < entries.count {
      let host = request.headers["host"] ?? ""
      headers["Link"] =
        "<http://\(host)\(request.path)?recursive=true&cursor=\(start + pageSize)>; rel=\"next\""
    }
    return HubDouble.Response(json: "[\(some.joined(separator: ","))]", headers: headers)
  }

  /// Bytes, or the rest of them that a `Range` asks for.
  package static func serve(_ bytes: [UInt8], _ request: HubDouble.Request) -> HubDouble.Response {
    guard let start = request.rangeStart else { return HubDouble.Response(200, bytes) }
    guard start < bytes.count else { return HubDouble.Response(416) }
    return HubDouble.Response(
      206, Array(bytes[start...]),
      headers: ["Content-Range": "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"])
  }
}
