import Foundation
import Server
import SystemFiles
import Testing

@Suite struct StrictBase64Tests {
  @Test func decodesWhatFoundationEncodes() throws {
    for count in [0, 1, 2, 3, 4, 255, 10_000] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 ^ $0 >> 3) }
      let text = Data(bytes).base64EncodedString()
      for prefix in ["", "data:image/png;base64,", "DATA:;BASE64,", "data:image/webp;charset=x;base64,"] {
        let base64 = try StrictBase64(prefix + text)
        #expect(base64.size == count)
        #expect(base64.decoded == bytes)
      }
    }
  }

  @Test(arguments: [
    ("QQ", "byte 2: expected a multiple of 4 letters of base64, found 2"),
    ("QQ=", "byte 3: expected a multiple of 4 letters of base64, found 3"),
    ("Q===", "byte 1: expected a letter of base64, found '='"),
    ("QQ==QQ==", "byte 2: expected a letter of base64, found '='"),
    ("QUJ\nDRA==", "byte 3: expected a letter of base64, found byte 10"),
    (" QUJD", "byte 0: expected a letter of base64, found byte 32"),
    ("QUJDRA==\n", "byte 6: expected a letter of base64, found '='"),
    ("QU-_", "byte 2: expected a letter of base64, found '-'"),
    ("QUJé", "byte 3: expected a letter of base64, found byte 195"),
    ("QR==", "byte 1: the last letter of base64 says more than whole bytes"),
    ("QUL=", "byte 2: the last letter of base64 says more than whole bytes"),
    ("data:image/png;base64,QU*D", "byte 24: expected a letter of base64, found '*'"),
    ("data:image/png,QUJD", "byte 0: expected data:TYPE;base64, before the letters of a data URL"),
    ("data:QUJD", "byte 0: expected data:TYPE;base64, before the letters of a data URL"),
    (
      "data:" + String(repeating: "x", count: 300) + ";base64,",
      "byte 0: expected data:TYPE;base64, before the letters of a data URL"
    ),
    ("https://example.org/a.png", "byte 5: expected a letter of base64, found ':'"),
  ])
  func refuses(text: String, problem: String) {
    #expect {
      _ = try StrictBase64(text)
    } throws: { "\($0)" == problem }
  }
}
