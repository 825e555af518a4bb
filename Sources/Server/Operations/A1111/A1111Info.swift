import Darkroom
import FoundationEssentials

/// What the web UI tells of the pictures of a request.
enum A1111Info {
  /// - Parameters:
  ///   - order: of the first part, complete.
  ///   - made: the pictures that are finished, which may be fewer than were asked for.
  static func of(
    _ draft: A1111Draft, _ order: Order, _ made: [MadePicture], at start: Date
  ) -> FieldValue {
    let told = made.map { Told($0, draft.request) }
    let planned = (0..<draft.batch * draft.iterations).map { index in
      Told(
        prompt: draft.request.prompt, negativePrompt: draft.request.negativePrompt ?? "",
        seed: draft.seed(of: index), subseed: draft.subseed(of: index))
    }
    let pictures = told.isEmpty ? planned : told
    // A picture that was drawn without variation does not say which one it would have had.
    let subseeds = pictures.indices.map { pictures[$0].subseed ?? draft.subseed(of: $0) }
    func list(_ values: [UInt64]) -> FieldValue { .list(values.map { .number("\($0)") }) }
    let infotexts = made.map { FieldValue.text($0.parameters ?? "") }
    return .object(
      settings(draft, order).merging([
        "prompt": .text(pictures[0].prompt), "all_prompts": .list(pictures.map { .text($0.prompt) }),
        "negative_prompt": .text(pictures[0].negativePrompt),
        "all_negative_prompts": .list(pictures.map { .text($0.negativePrompt) }),
        "seed": .number("\(pictures[0].seed)"), "all_seeds": list(pictures.map(\.seed)),
        "subseed": .number("\(subseeds[0])"), "all_subseeds": list(subseeds),
        "infotexts": .list(infotexts), "job_timestamp": .text(A1111Progress.timestamp(start)),
      ]) { $1 })
  }

  private static func settings(_ draft: A1111Draft, _ order: Order) -> [String: FieldValue] {
    guard case .drawing(let request) = order.work else { return [:] }
    let model = A1111Model(draft.settings.model)
    let vae = draft.settings.model.description.vae
    func text(_ text: String?) -> FieldValue { text.map(FieldValue.text) ?? .null }
    func number(_ number: Double?) -> FieldValue { number.map { .number($0.shortest) } ?? .null }
    return [
      "subseed_strength": number(request.subseedStrength ?? 0), "width": .number("\(draft.size.width)"),
      "height": .number("\(draft.size.height)"), "sampler_name": .text(request.sampler),
      "cfg_scale": number(request.guidanceScale), "steps": .number("\(request.steps)"),
      "batch_size": .number("\(draft.batch)"), "restore_faces": false, "face_restoration_model": .null,
      "sd_model_name": .text(model.name), "sd_model_hash": text(model.hash), "sd_vae_name": text(vae?.name),
      "sd_vae_hash": text(vae?.fingerprint.map { String($0.prefix(10)) }),
      "seed_resize_from_w": .number("\(request.seedWidth ?? -1)"),
      "seed_resize_from_h": .number("\(request.seedHeight ?? -1)"),
      "denoising_strength": number(request.secondPassStrength ?? request.strength),
      "extra_generation_params": .object(draft.extras(request)), "index_of_first_image": 0,
      "styles": .list(draft.styles.map(FieldValue.text)), "clip_skip": .number("\(request.clipSkip + 1)"),
      "is_using_inpainting_conditioning": false, "version": .text("darkroom \(darkroomVersion)"),
    ]
  }

  /// What a finished picture says of itself.
  private struct Told {
    var prompt, negativePrompt: String
    var seed: UInt64
    var subseed: UInt64?

    init(prompt: String, negativePrompt: String, seed: UInt64, subseed: UInt64) {
      (self.prompt, self.negativePrompt, self.seed, self.subseed) = (prompt, negativePrompt, seed, subseed)
    }

    /// - Parameter draft: what holds where the picture says nothing.
    init(_ picture: MadePicture, _ draft: GenerationRequest) {
      let request = picture.request.flatMap { try? GenerationRequest(json: $0.utf8, strict: false) }
      (prompt, negativePrompt) = (
        request?.prompt ?? draft.prompt, request?.negativePrompt ?? draft.negativePrompt ?? ""
      )
      (seed, subseed) = (picture.seed ?? 0, request?.subseed)
    }
  }
}

extension A1111Draft {
  /// What the web UI writes down beside the usual settings.
  fileprivate func extras(_ request: ResolvedRequest) -> [String: FieldValue] {
    var extras: [String: FieldValue] = ["Schedule type": .text(request.schedule)]
    if let scale = request.secondPassScale { extras["Hires upscale"] = .number(scale.shortest) }
    if let steps = request.secondPassSteps { extras["Hires steps"] = .number("\(steps)") }
    if let upscaler = request.upscaler {
      extras["Hires upscaler"] = .text(UpscalerSource(path: upscaler.name).name)
    }
    if let blur = request.maskBlur { extras["Mask blur"] = .number("\(blur)") }
    return extras
  }
}
