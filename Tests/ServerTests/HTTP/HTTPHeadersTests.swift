import Server
import Testing

@Suite struct HTTPHeadersTests {
  @Test func namesInAnyCaseAreTheSame() {
    var headers: HTTPHeaders = ["Accept": "image/png"]
    #expect(headers["accept"] == "image/png")
    headers["ACCEPT"] = "image/webp"
    #expect(headers.fields.count == 1 && headers["Accept"] == "image/webp")
  }
}
