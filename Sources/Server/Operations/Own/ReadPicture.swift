import Darkroom

extension Operation {
  package static let readPicture = Operation(
    .jobs, .post, "/pictures/read", "Tells what a picture's file says about how it was made", body: .json,
    parameters: [Parameter("picture", .picture, "the picture", isRequired: true)],
    .tell { visit in
      let bytes = try visit.arguments.needed("picture").bytes
      let facts = try PictureFacts(contents: bytes, name: "picture")
      var fields: [String: FieldValue] = [
        "width": .number("\(facts.width)"), "height": .number("\(facts.height)"),
        "format": .text(facts.format), "origin": .null, "model": .null, "request": .null,
        "parameters": .null,
      ]
      var notices: [String] = []
      do {
        let record = try PictureRecord(contents: bytes, name: "picture")
        fields["origin"] = .text(record.origin.rawValue)
        fields["model"] = record.model.map { .text($0.name) } ?? .null
        fields["parameters"] = record.parameters.map(FieldValue.text) ?? .null
        fields["request"] = try StrictJSON.value(HTTPResponse(json: record.request).bytes)
        notices = record.notices.map(\.description)
      } catch let error as DarkroomError {
        notices = [error.description]
      }
      fields["notices"] = .list(notices.map(FieldValue.text))
      return HTTPResponse(type: "application/json", Array(FieldValue.object(fields).json.utf8))
    })
}
