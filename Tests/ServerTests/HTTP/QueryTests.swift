import Server
import Testing

@Suite struct QueryTests {
  @Test func namesAndValuesAreDecoded() {
    #expect(
      Query.read("filename=a+b%20c.png&subfolder=2026%2F11&type=&x") == [
        "filename": "a b c.png", "subfolder": "2026/11", "type": "", "x": "",
      ])
  }

  @Test func whatCannotBeDecodedStays() {
    #expect(Query.read("a=%zz&b=%FF&a=2") == ["a": "%zz", "b": "%FF"])
  }
}
