import CCrypto

/// A hash of bytes that come one after the other.
final class Digest {
  /// The two hashes that name blobs.
  enum Kind {
    /// Of a file in Git LFS.
    case sha256
    /// Of a file in git itself: SHA-1 over `blob SIZE`, a zero byte and the bytes.
    case gitBlob(size: Int)
  }

  private let context: OpaquePointer

  init(_ kind: Kind) throws {
    guard let context = EVP_MD_CTX_new() else { throw HubError(.download, "libcrypto gives no memory") }
    self.context = context
    let algorithm =
      switch kind {
      case .sha256: EVP_sha256()
      case .gitBlob: EVP_sha1()
      }
    guard EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
      throw HubError(.download, "libcrypto does not compute this hash")
    }
    if case .gitBlob(let size) = kind {
      Array("blob \(size)\0".utf8).withUnsafeBytes { update($0) }
    }
  }

  deinit { EVP_MD_CTX_free(context) }

  func update(_ bytes: UnsafeRawBufferPointer) {
    let code = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(code == 1, "a hash that is finished takes no bytes")
  }

  /// The hash in small hexadecimal digits; nothing can follow.
  func finish() -> String {
    var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    let code = EVP_DigestFinal_ex(context, &bytes, &count)
    precondition(code == 1, "a hash is finished once")
    return bytes.prefix(Int(count)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
