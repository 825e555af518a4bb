import Server
import Testing

@Suite struct AcceptTests {
  private static let offered = ["image/png", "application/json"]

  @Test(
    arguments: [
      ([], "image/png"), ([""], "image/png"), (["*/*"], "image/png"), (["image/*"], "image/png"),
      (["application/json"], "application/json"), (["APPLICATION/JSON"], "application/json"),
      (["application/json; type=image/png"], "application/json"),
      (["image/png, application/json"], "image/png"),
      (["image/png;q=0.5, application/json"], "application/json"),
      (["text/html, */*;q=0.8"], "image/png"), (["*/*, image/png;q=0"], "application/json"),
      (["image/*;q=0.1, image/png;q=0.9, application/json;q=0.5"], "image/png"),
      (["image/*, image/png;q=0.1, application/*;q=0.5"], "application/json"),
      (["image/webp"], nil), (["image/png;q=0"], nil), (["text/html"], nil),
      (["image/webp", "application/json"], "application/json"),
      ([#"text/x;a="b,image/png,", application/json"#], "application/json"),
      (["image/png;q=x, application/json;q=0.1"], "application/json"), (["image/png;q=nan"], nil),
      (["application/json;q=0.1, image/png;q=7"], "image/png"), ([";;,"], "image/png"), (["imag*"], nil),
    ] as [([String], String?)])
  func choices(values: [String], expected: String?) {
    var headers = HTTPHeaders()
    for value in values { headers.add("Accept", value) }
    #expect(Accept.choice(of: Self.offered, for: headers) == expected)
  }
}
