import Darkroom

extension Operation {
  package static let v1TextToImage = Operation(
    .stabilityV1, .post, "/v1/generation/{engine_id}/text-to-image", "Makes pictures of prompts",
    body: .json,
    parameters: StabilityV1.drawing + [
      .field("width", .integer(64...2048)), .field("height", .integer(64...2048)),
    ],
    price: 0.2, answers: ["application/json", "image/png"],
    .draw(
      read: { visit in
        try StabilityV1.check(visit)
        let model = try StabilityV1.model(visit)
        var request = try StabilityV1.request(visit)
        try EngineSizes.check(&request, id: visit.path["engine_id"] ?? "", model)
        return Ask(.drawing(request), model)
      }, write: StabilityV1.answer))
}
