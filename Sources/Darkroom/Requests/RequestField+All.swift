extension RequestField {
  /// Every field of a request, in the order of help texts.
  public static let all: [RequestField] = [
    RequestField(
      "prompt", \.promptOrNil, .text, "what to draw", .prompt, flag: ("TEXT", "p"), usual: "PROMPT"),
    RequestField(
      "prompts", \.prompts, .prompts, "further prompts; those of negative weight are kept away from", .prompt,
      flag: ("JSON", nil), usual: "none", isOptional: true),
    RequestField(
      "negative_prompt", \.negativePrompt, .text, "what to keep away from", .prompt, flag: ("TEXT", "n"),
      aliases: ["negative"], initial: "", usual: "nothing"),
    RequestField(
      "sampler", \.sampler, .name(Catalogue.samplers.map(\.name), Catalogue.hasSampler),
      "how to go from noise to a picture", .sampling, flag: ("NAME", nil),
      aliases: ["sampler_name", "sampling_method"], a1111: "Sampler", initial: "euler"),
    RequestField(
      "schedule", \.schedule, .name(Catalogue.schedules.map(\.name), Catalogue.hasSchedule),
      "how the noise levels are spaced", .sampling, flag: ("NAME", nil), aliases: ["scheduler"],
      a1111: "Schedule type", usual: "the model's own"),
    RequestField(
      "steps", \.steps, .integer(\.steps), "sampling steps", .sampling, flag: ("N", nil),
      aliases: ["num_inference_steps"], a1111: "Steps", initial: 25),
    RequestField(
      "cfg_scale", \.guidanceScale, .number(\.guidanceScale), "how closely to follow the prompt", .sampling,
      flag: ("X", nil), aliases: ["guidance_scale"], a1111: "CFG scale", initial: 7),
    RequestField(
      "guidance_rescale", \.guidanceRescale, .number(\.share), "how much excess contrast to take back",
      .sampling, flag: ("X", nil), a1111: "CFG rescale", initial: 0),
    RequestField(
      "guidance_start", \.guidanceStart, .number(\.share), "share of the steps before guidance begins",
      .sampling, flag: ("X", nil), a1111: "Guidance start", initial: 0),
    RequestField(
      "guidance_end", \.guidanceEnd, .number(\.share), "share of the steps after which guidance ends",
      .sampling, flag: ("X", nil), a1111: "Guidance end", initial: 1),
    RequestField(
      "init", \.initPicture, .picture, "picture to start from instead of noise", .picture,
      flag: ("FILE", "i"), aliases: ["init_image", "init_img"], usual: "none", isOptional: true),
    RequestField(
      "strength", \.strength, .number(\.share), "how much of the picture to draw anew", .picture,
      flag: ("X", nil), aliases: ["denoising_strength"], a1111: "Denoising strength",
      usual:
        "\(GenerationRequest.usualStrength), 1 with mask or an editing model, \(GenerationRequest.usualOutpaintStrength) with outpaint",
      isOptional: true),
    RequestField(
      "structure_size", \.structureSize, .side, "pixels a side of blocks whose mean stays the picture's",
      .picture,
      flag: ("N", nil), usual: "none", isOptional: true),
    RequestField(
      "mask", \.mask, .picture, "which part to draw anew, in white", .picture, flag: ("FILE", nil),
      aliases: ["mask_image"], usual: "all", isOptional: true),
    RequestField(
      "outpaint", \.outpaint, .margins, "pixels to draw beyond the picture's sides", .picture,
      flag: ("L,R,U,D", nil), usual: "none", isOptional: true),
    RequestField(
      "mask_blur", \.maskBlur, .integer(\.maskPixels), "pixels over which the drawn part fades in", .picture,
      flag: ("N", nil), a1111: "Mask blur", usual: "4, 16 with outpaint", isOptional: true),
    RequestField(
      "grow_mask", \.growMask, .integer(\.maskPixels), "pixels by which the mask grows", .picture,
      flag: ("N", nil), aliases: ["mask_expand"], usual: "0, 16 with outpaint alone", isOptional: true),
    RequestField(
      "inpaint_area", \.inpaintArea, .choice, "whether only the part around the mask is worked on", .picture,
      flag: ("NAME", nil), usual: "whole", isOptional: true),
    RequestField(
      "mask_padding", \.maskPadding, .integer(\.maskPixels), "pixels around the mask that are worked on too",
      .picture, flag: ("N", nil), a1111: "Masked area padding",
      usual: "\(GenerationRequest.usualMaskPadding)", isOptional: true),
    RequestField(
      "mask_fill", \.maskFill, .choice, "what stands in the masked part at first", .picture,
      flag: ("NAME", nil), aliases: ["masked_content"], usual: "original", isOptional: true),
    RequestField(
      "image_guidance_scale", \.pictureGuidanceScale, .number(\.pictureGuidanceScale),
      "how closely a model that edits pictures keeps to the picture", .picture, flag: ("X", nil),
      aliases: ["image_cfg_scale"], a1111: "Image CFG scale",
      usual: "\(GenerationRequest.usualPictureGuidanceScale)", isOptional: true),
    RequestField(
      "noise_level", \.noiseLevel, .integer(\.noiseLevel),
      "how much noise hides the picture from a model that enlarges it", .picture, flag: ("N", nil),
      usual: "\(GenerationRequest.usualNoiseLevel)", isOptional: true),
    RequestField("width", \.width, .side, "pixels", .size, flag: ("N", "W"), usual: "the model's own"),
    RequestField("height", \.height, .side, "pixels", .size, flag: ("N", "H"), usual: "the model's own"),
    RequestField(
      "second_pass", \.secondPass, .choice, "whether large pictures are drawn small, enlarged and refined",
      .size, flag: ("NAME", nil), initial: .auto),
    RequestField(
      "second_pass_scale", \.secondPassScale, .number(\.secondPassScale),
      "how much larger the second pass is, a side, at any size", .size, flag: ("X", nil),
      aliases: ["hr_scale"], usual: "by the model", isOptional: true),
    RequestField(
      "second_pass_steps", \.secondPassSteps, .integer(\.steps),
      "steps of the second pass before its strength",
      .size, flag: ("N", nil), aliases: ["hr_second_pass_steps"], usual: "as steps", isOptional: true),
    RequestField(
      "second_pass_strength", \.secondPassStrength, .number(\.share),
      "how much of the enlarged picture to draw anew", .size, flag: ("X", nil),
      usual: "0.4, less beyond twice the size", isOptional: true),
    RequestField(
      "upscaler", \.upscaler, .upscaler, "what enlarges between the passes", .size, flag: ("NAME", nil),
      aliases: ["hr_upscaler"],
      a1111: "Hires upscaler", usual: "lanczos", isOptional: true),
    RequestField(
      "tile_size", \.tileSize, .side, "pixels a side of the tiles that are drawn one by one", .size,
      flag: ("N", nil), usual: "none", isOptional: true),
    RequestField(
      "seed", \.seed, .seed, "seed of the first picture; the next has one more", .sampling,
      flag: ("N", "s"), a1111: "Seed", usual: "random, reported"),
    RequestField(
      "seeds", \.seeds, .seeds, "a seed for each picture, instead of --seed", .sampling,
      flag: ("N,M", nil), usual: "none", isOptional: true),
    RequestField(
      "subseed", \.subseed, .seed, "seed that the start noise is turned towards", .sampling, flag: ("N", nil),
      aliases: ["variation_seed"], a1111: "Variation seed", usual: "random, reported", isOptional: true),
    RequestField(
      "subseed_strength", \.subseedStrength, .number(\.share), "how far it is turned", .sampling,
      flag: ("X", nil), aliases: ["variation_strength"], a1111: "Variation seed strength", usual: "0",
      isOptional: true),
    RequestField(
      "seed_width", \.seedWidth, .side, "pixels of the size whose noise is kept in the middle", .sampling,
      flag: ("N", nil), aliases: ["seed_resize_from_w"], usual: "the picture's", isOptional: true),
    RequestField(
      "seed_height", \.seedHeight, .side, "the same", .sampling, flag: ("N", nil),
      aliases: ["seed_resize_from_h"], usual: "the picture's", isOptional: true),
    RequestField(
      "count", \.count, .integer(\.count), "pictures", .output, flag: ("N", "b"),
      aliases: ["num_images_per_prompt", "batch_count"], initial: 1),
    RequestField(
      "clip_skip", \.clipSkip, .integer(\.clipSkip),
      "layers to leave out at the text encoder's end (A1111 counts one more)", .prompt, flag: ("N", nil),
      initial: 0),
    RequestField(
      "eta", \.eta, .number(\.share), "share of new noise in each step, for samplers that know it", .sampling,
      flag: ("X", nil), a1111: "Eta", usual: "the sampler's own", isOptional: true),
    RequestField(
      "noise", \.noise, .choice, "whose random numbers a seed stands for", .sampling, flag: ("NAME", nil),
      initial: .torchCPU),
    RequestField(
      "batch_noise", \.batchNoise, .choice, "how several pictures share random numbers", .sampling,
      flag: ("NAME", nil), initial: .perPicture),
    RequestField(
      "step_noise", \.stepNoise, .choice, "what the noise on the way is", .sampling, flag: ("NAME", nil),
      usual: "the sampler's own", isOptional: true),
    RequestField(
      "batch_place", \.batchPlace, .batchPlace, "place of a picture among those of one generator", .sampling,
      flag: ("I/N", nil), usual: "none", isOptional: true),
    RequestField(
      "system", \.system, .choice, "whose names and rules of sampling hold", .sampling, flag: ("NAME", nil),
      initial: .diffusers),
    RequestField(
      "prompt_syntax", \.promptSyntax, .choice, "what in a prompt is special", .prompt, flag: ("NAME", nil),
      initial: .weights),
    RequestField(
      "prompt_template", \.promptTemplate, .text, "what the prompt was drawn from, to be written down",
      .prompt, flag: ("TEXT", nil), usual: "none", isOptional: true),
    RequestField(
      "prompt_mode", \.promptMode, .choice, "what happens to a prompt of more than 75 tokens", .prompt,
      flag: ("NAME", nil), initial: .chunks),
    RequestField(
      "prediction", \.prediction, .choice, "what the network's output means, if the model's files are wrong",
      .sampling, flag: ("NAME", nil), usual: "the model's own", isOptional: true),
    RequestField(
      "precision", \.precision,
      .choice(["fp32": .float32, "fp16": .float16, "half": .float16, "bf16": .bfloat16, "8bit": .int8]),
      "arithmetic of the networks", .speed, flag: ("NAME", nil), initial: .auto),
  ]

  /// - Parameters:
  ///   - flag: what stands for the value in help, and the short form.
  ///   - initial: what holds where neither the request nor the model says anything.
  ///   - usual: the same in words, if `initial` does not say it.
  ///   - isOptional: whether resolved requests may lack it.
  private init<Value: Sendable>(
    _ key: String, _ path: any WritableKeyPath<GenerationRequest, Value?> & Sendable,
    _ type: FieldType<Value>,
    _ help: String, _ group: Group, flag: (placeholder: String, letter: Character?), aliases: [String] = [],
    a1111: String? = nil, initial: Value? = nil, usual: String? = nil, isOptional: Bool = false
  ) {
    let names = ([key] + aliases).map { $0.replacing("_", with: "-") }
    self.init(
      key: key, aliases: aliases, a1111: a1111, kind: type.kind, group: group,
      flag: Flag(names: names, placeholder: flag.placeholder, letter: flag.letter), help: help,
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
