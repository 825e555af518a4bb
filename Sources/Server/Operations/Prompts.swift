import Darkroom

/// The prompts of a request as hosted APIs send them: a list with weights, and a pair of texts.
struct Prompts {
  private(set) var list: [WeightedPrompt]

  init(_ list: [WeightedPrompt] = []) { self.list = list }

  /// - Throws: `Refusal` that names the place in the list.
  static func read(_ arguments: Arguments, characters most: Int) throws -> Prompts {
    var prompts = Prompts()
    for (index, item) in (arguments.list("text_prompts") ?? []).enumerated() {
      prompts.list.append(try prompt(item, at: "text_prompts[\(index)]", most))
    }
    if let text = arguments.text("prompt"), !text.isEmpty { prompts.list.append(WeightedPrompt(text: text)) }
    if let text = arguments.text("negative_prompt"), !text.isEmpty {
      prompts.list.append(WeightedPrompt(text: text, weight: -1))
    }
    guard !prompts.list.isEmpty else { throw Refusal(.request, field: "text_prompts", "is required") }
    return prompts
  }

  private static func prompt(_ item: FieldValue, at place: String, _ most: Int) throws -> WeightedPrompt {
    guard case .object(let fields) = item else {
      throw Refusal(.request, field: place, "must be an object with a text and a weight")
    }
    guard case .text(let text)? = fields["text"] else {
      throw Refusal(.request, field: "\(place).text", "is required")
    }
    guard text.unicodeScalars.count <= most else {
      throw Refusal(.request, field: "\(place).text", "must be a text of at most \(most) characters")
    }
    let weight = fields["weight"].map { $0 == .null ? 1 : $0.double } ?? 1
    guard let weight, abs(weight) <= RequestLimits.standard.promptWeight else {
      throw Refusal(.request, field: "\(place).weight", "must be a number between -100 and 100")
    }
    return WeightedPrompt(text: text, weight: weight)
  }

  /// The prompt of the largest weight becomes the request's own, whose weight is 1; only ratios count.
  func fill(_ request: inout GenerationRequest) {
    var positive = list.filter { $0.weight > 0 }
    let negative = list.filter { $0.weight < 0 && !$0.text.isEmpty }
    if let heaviest = positive.indices.max(by: { positive[$0].weight < positive[$1].weight }) {
      let first = positive.remove(at: heaviest)
      request.prompt = first.text
      positive = positive.map { WeightedPrompt(text: $0.text, weight: $0.weight / first.weight) }
    }
    if negative.count == 1 { request.negativePrompt = negative[0].text }
    let rest = positive + (negative.count > 1 ? negative : [])
    request.prompts = rest.isEmpty ? nil : rest
  }
}
