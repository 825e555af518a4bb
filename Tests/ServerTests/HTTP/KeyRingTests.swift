import Darkroom
import Foundation
import Glibc
import Server
import SystemFiles
import TestSupport
import Testing

@Suite struct KeyRingTests {
  private func ring(_ text: String, mode: mode_t = 0o600) throws -> KeyRing {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/keys"
    try AtomicFile.write(Array(text.utf8), to: path)
    #expect(chmod(path, mode) == 0)
    return try KeyRing(file: path)
  }

  @Test(
    arguments: [
      ("Bearer sk-one", true), ("bearer   sk-one ", true), ("sk-one", true), ("Bearer sk-two", true),
      (" sk-two", true),
      ("Bearer sk-on", false), ("Bearer sk-one2", false), ("sk-ONE", false), ("Bearer", nil),
      ("Bearer  ", nil),
      ("", nil), ("  ", nil), (nil, nil), ("Basic c2stb25l", false), ("Bearer Bearer sk-one", false),
      // user:sk-one, sk-two:, :, user:none, and no base64
      ("Basic dXNlcjpzay1vbmU=", true), ("basic c2stdHdvOg==", true), ("Basic Og==", nil), ("Basic", nil),
      ("Basic dXNlcjpub25l", false), ("Basic sk-one!", false),
      ("# a comment", false),
    ] as [(String?, Bool?)])
  func verdicts(authorization: String?, isRight: Bool?) throws {
    let verdict = try ring("# a comment\n\nsk-one\r\n  sk-two  \n").verdict(authorization)
    switch verdict {
    case .missing: #expect(isRight == nil)
    case .wrong: #expect(isRight == false)
    case .right: #expect(isRight == true)
    }
  }

  @Test func holdersAreToldApart() throws {
    let ring = try ring("sk-one\nsk-two")
    // The beginning of `printf sk-one | sha256sum`.
    #expect(ring.verdict("sk-one") == .right(holder: "key-456f1612"))
    #expect(ring.verdict("sk-one") == ring.verdict("Bearer sk-one"))
    #expect(ring.verdict("sk-one") != ring.verdict("sk-two"))
  }

  @Test func filesThatOthersMayReadAreRefused() throws {
    for mode in [0o604, 0o602, 0o644] as [mode_t] {
      #expect {
        _ = try ring("sk-one", mode: mode)
      } throws: { "\($0)".contains("every user of this machine may read or change it; chmod 600 /tmp/") }
    }
    _ = try ring("sk-one", mode: 0o640)
  }

  @Test(arguments: [
    ("", "keys: holds no key; expected one a line"),
    ("# sk-one\n", "keys: holds no key; expected one a line"),
    ("sk-one\nsk two", "keys: line 2: is no key; expected letters, digits and signs of ASCII without spaces"),
    ("é", "keys: line 1: is no key; expected letters, digits and signs of ASCII without spaces"),
  ])
  func filesWithoutKeys(text: String, problem: String) {
    #expect {
      _ = try ring(text)
    } throws: { "\($0)".hasSuffix(problem) }
  }

  @Test func aFileThatIsMissing() {
    #expect {
      _ = try KeyRing(file: "/nowhere/keys")
    } throws: { "\($0)" == "/nowhere/keys: cannot be read: No such file or directory" }
  }
}
