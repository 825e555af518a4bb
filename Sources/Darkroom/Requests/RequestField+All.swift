extension RequestField {
  /// Every field of a request, in the order of help texts.
  public static let all: [RequestField] = [
    RequestField("prompt", \.promptOrNil, .text, "what to draw"),
    RequestField(
      "prompts", \.prompts, .prompts, "further prompts; those of negative weight are kept away from",
      flag: ("prompts", "JSON"), usual: "none", isOptional: true),
    RequestField(
      "negative_prompt", \.negativePrompt, .text, "what to keep away from", flag: ("negative", "TEXT"),
      initial: "", usual: "nothing"),
    RequestField(
      "sampler", \.sampler, .name(Catalogue.samplers.map(\.name), Catalogue.hasSampler),
      "how to go from noise to a picture", flag: ("sampler", "NAME"), aliases: ["sampler_name"],
      a1111: "Sampler", initial: "euler"),
    RequestField(
      "schedule", \.schedule, .name(Catalogue.schedules.map(\.name), Catalogue.hasSchedule),
      "how the noise levels are spaced", flag: ("schedule", "NAME"), a1111: "Schedule type",
      usual: "the model's own"),
    RequestField(
      "steps", \.steps, .integer(\.steps), "sampling steps", flag: ("steps", "N"),
      aliases: ["num_inference_steps"], a1111: "Steps", initial: 25),
    RequestField(
      "cfg_scale", \.guidanceScale, .number(\.guidanceScale), "how closely to follow the prompt",
      flag: ("cfg-scale", "X"), aliases: ["guidance_scale"], a1111: "CFG scale", initial: 7),
    RequestField(
      "guidance_rescale", \.guidanceRescale, .number(\.share), "how much excess contrast to take back",
      flag: ("guidance-rescale", "X"), a1111: "CFG rescale", initial: 0),
    RequestField(
      "guidance_start", \.guidanceStart, .number(\.share), "share of the steps before guidance begins",
      flag: ("guidance-start", "X"), a1111: "Guidance start", initial: 0),
    RequestField(
      "guidance_end", \.guidanceEnd, .number(\.share), "share of the steps after which guidance ends",
      flag: ("guidance-end", "X"), a1111: "Guidance end", initial: 1),
    RequestField("width", \.width, .side, "pixels", usual: "the model's own"),
    RequestField("height", \.height, .side, "pixels", usual: "the model's own"),
    RequestField(
      "second_pass", \.secondPass, .choice, "whether large pictures are drawn small, enlarged and refined",
      flag: ("second-pass", "NAME"), initial: .auto),
    RequestField(
      "seed", \.seed, .seed, "seed of the first picture; the next has one more", flag: ("seed", "N"),
      a1111: "Seed", usual: "random, reported"),
    RequestField(
      "seeds", \.seeds, .seeds, "a seed for each picture, instead of --seed", flag: ("seeds", "N,M"),
      usual: "none", isOptional: true),
    RequestField(
      "count", \.count, .integer(\.count), "pictures", flag: ("count", "N"),
      aliases: ["num_images_per_prompt"], initial: 1),
    RequestField(
      "clip_skip", \.clipSkip, .integer(\.clipSkip),
      "layers to leave out at the text encoder's end (A1111 counts one more)", flag: ("clip-skip", "N"),
      initial: 0),
    RequestField(
      "eta", \.eta, .number(\.share), "share of new noise in each step, for samplers that know it",
      flag: ("eta", "X"), a1111: "Eta", usual: "the sampler's own", isOptional: true),
    RequestField(
      "noise", \.noise, .choice, "whose random numbers a seed stands for", flag: ("noise", "NAME"),
      initial: .torchCPU),
    RequestField(
      "batch_noise", \.batchNoise, .choice, "how several pictures share random numbers",
      flag: ("batch-noise", "NAME"), initial: .perPicture),
    RequestField(
      "step_noise", \.stepNoise, .choice, "what the noise on the way is", flag: ("step-noise", "NAME"),
      usual: "the sampler's own", isOptional: true),
    RequestField(
      "batch_place", \.batchPlace, .batchPlace, "place of a picture among those of one generator",
      usual: "none", isOptional: true),
    RequestField(
      "system", \.system, .choice, "whose names and rules of sampling hold", flag: ("system", "NAME"),
      initial: .diffusers),
    RequestField(
      "prompt_syntax", \.promptSyntax, .choice, "what in a prompt is special",
      flag: ("prompt-syntax", "NAME"), initial: .weights),
    RequestField(
      "prompt_mode", \.promptMode, .choice, "what happens to a prompt of more than 75 tokens",
      flag: ("prompt-mode", "NAME"), initial: .chunks),
    RequestField(
      "precision", \.precision, .choice, "arithmetic of the networks", flag: ("precision", "NAME"),
      initial: .auto),
  ]

  /// - Parameters:
  ///   - initial: what holds where neither the request nor the model says anything.
  ///   - usual: the same in words, if `initial` does not say it.
  ///   - isOptional: whether resolved requests may lack it.
  private init<Value: Sendable>(
    _ key: String, _ path: any WritableKeyPath<GenerationRequest, Value?> & Sendable,
    _ type: FieldType<Value>,
    _ help: String, flag: (name: String, placeholder: String)? = nil, aliases: [String] = [],
    a1111: String? = nil, initial: Value? = nil, usual: String? = nil, isOptional: Bool = false
  ) {
    self.init(
      key: key, aliases: aliases, a1111: a1111, kind: type.kind,
      flag: flag.map { Flag(name: $0.name, placeholder: $0.placeholder) }, help: help,
      usual: usual ?? initial.map { type.write($0).plain } ?? "", choices: type.choices,
      isOptional: isOptional,
      rule: PropertyRule(path: path, type: type, initial: initial))
  }
}

extension GenerationRequest {
  /// The prompt as other fields are; it cannot be taken away.
  fileprivate var promptOrNil: String? {
    get { prompt }
    set { prompt = newValue ?? prompt }
  }
}
