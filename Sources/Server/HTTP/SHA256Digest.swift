import CTLS

enum SHA256Digest {
  static func bytes(of bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    let code = EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
    precondition(code == 1, "libcrypto computes SHA-256")
    return digest
  }

  /// In hexadecimal digits.
  static func digits(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
