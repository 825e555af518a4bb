/// One of several prompts, with its share of what the network is told.
public struct WeightedPrompt: Codable, Sendable, Equatable {
  public var text: String
  /// Below 0 it is one of those to keep away from.
  public var weight: Double

  public init(text: String, weight: Double = 1) {
    self.text = text
    self.weight = weight
  }
}

extension WeightedPrompt {
  /// Nil if the value is no object of a text and, if it is there, a weight.
  init?(_ value: FieldValue) {
    guard case .object(let fields) = value, case .text(let text) = fields["text"],
      fields.keys.allSatisfy({ ["text", "weight"].contains($0) })
    else { return nil }
    guard let weight = fields["weight"] else {
      self.init(text: text)
      return
    }
    guard case .number(let number) = weight, let weight = Double(number) else { return nil }
    self.init(text: text, weight: weight)
  }

  var fieldValue: FieldValue { .object(["text": .text(text), "weight": .number(weight.shortest)]) }
}
