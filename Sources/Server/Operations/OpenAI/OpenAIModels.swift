import Darkroom

extension OpenAI {
  static let modelList = Operation(
    .openAI, .get, "/v1/models", "Lists the models, and the hosted names that stand for them",
    otherPaths: ["/models", "/openai/v1/models", "/openai/models"],
    .tell { visit in
      let served = visit.premises.models
      let list = (served.models.map(\.name) + models).compactMap { describe($0, served) }
      return HTTPResponse(
        type: "application/json", Array(FieldValue.object(["object": "list", "data": .list(list)]).json.utf8))
    })

  static let oneModel = Operation(
    .openAI, .get, "/v1/models/{id}", "Tells about a model",
    otherPaths: ["/models/{id}", "/openai/v1/models/{id}"],
    .tell { visit in
      let id = visit.path["id"] ?? ""
      guard let model = describe(id, visit.premises.models) else {
        throw Refusal(
          .notFound, field: "model",
          "the model \(id.prefix(100)) does not exist; /v1/models lists those that do",
          name: "model_not_found")
      }
      return HTTPResponse(type: "application/json", Array(model.json.utf8))
    })

  /// Nil for one that is not there.
  private static func describe(_ id: String, _ models: ModelTable) -> FieldValue? {
    guard let model = models.model(id: id) else { return nil }
    // No time is known at which a model was made.
    return [
      "id": .text(id), "object": "model", "created": 0, "owned_by": "darkroom", "root": .text(model.name),
    ]
  }
}
