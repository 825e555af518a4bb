import Tokenizer

extension ResolvedRequest {
  /// The request of each picture with the choices of its prompts made by its seed, or this one alone if its prompts have
  /// none (`PromptTemplate`). Each prompt draws by itself, so that a change of one leaves the others.
  /// - Throws: `DarkroomError` of kind `request` for choices that cannot be made.
  package func drawn(from wildcards: Wildcards) throws -> [ResolvedRequest] {
    guard self.promptSyntax != .plain, request.hasChoices else { return [self] }
    return try (0..<self.count).map { index in
      var single = picture(index).request
      try single.draw(seed: pictureSeed(index), from: wildcards)
      return try ResolvedRequest(complete: single, model: model, weights: weights)
    }
  }
}

extension GenerationRequest {
  /// Whether a prompt has choices for a seed to make.
  package var hasChoices: Bool {
    ([prompt, negativePrompt ?? ""] + (prompts ?? []).map(\.text)).contains(where: PromptTemplate.hasChoices)
  }

  /// Makes the choices of all prompts. What the prompt was drawn from is kept beside it.
  fileprivate mutating func draw(seed: UInt64, from wildcards: Wildcards) throws {
    func draw(_ text: String, _ field: String) throws -> String {
      do {
        return try PromptTemplate.drawn(text, seed: seed, lists: wildcards.lines)
      } catch let error as DarkroomError {
        throw error.at(field)
      } catch let error as PromptTemplateError {
        throw DarkroomError(.request, field: field, error.description)
      }
    }
    if PromptTemplate.hasChoices(prompt) { promptTemplate = prompt }
    prompt = try draw(prompt, "prompt")
    negativePrompt = try negativePrompt.map { try draw($0, "negative_prompt") }
    prompts = try prompts?.map { WeightedPrompt(text: try draw($0.text, "prompts"), weight: $0.weight) }
  }
}
