/// What a model takes for fields that a request leaves out, where it differs from `RequestField.all`: a distilled
/// model wants few steps and no guidance.
@dynamicMemberLookup
public struct RequestDefaults: Sendable, Equatable {
  var values = GenerationRequest(prompt: "")

  /// Nothing but what the table says.
  public init() {}

  public subscript<Value>(
    dynamicMember field: WritableKeyPath<GenerationRequest, Value?>
  ) -> Value? {
    get { values[keyPath: field] }
    set { values[keyPath: field] = newValue }
  }

  /// A request with these for what it lacks, and the table's defaults for what both lack.
  func filling(_ request: GenerationRequest) -> GenerationRequest {
    var request = request
    for field in RequestField.all { field.fill(&request, from: values) }
    return request
  }
}
