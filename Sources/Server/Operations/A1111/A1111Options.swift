import Darkroom

extension Operation {
  static let a1111Options: [Operation] = [
    Operation(
      .a1111, .get, "/sdapi/v1/options", "Tells the web UI's options",
      .tell { visit in try A1111OptionList.all(visit.premises).response() }),
    // Clients send back all that they have read, and more.
    Operation(
      .a1111, .post, "/sdapi/v1/options", "Sets options, which hold for all requests of this API",
      body: .bytes,
      .tell { visit in
        guard case .object(let options)? = try? StrictJSON.value(visit.request.body) else {
          throw Refusal(.request, field: "body", "must be a JSON object")
        }
        let door = visit.premises.a1111
        _ = try A1111Settings(door.options.merging(options) { $1 }, visit.premises.models)
        try door.set(options)
        return FieldValue.null.response()
      }),
  ]
}

enum A1111OptionList {
  /// What clients look for, and what they have set.
  static func all(_ premises: Premises) throws -> FieldValue {
    let set = premises.a1111.options
    let model = A1111Model(try A1111Settings(set, premises.models).model)
    let own: [String: FieldValue] = [
      "sd_model_checkpoint": .text(model.title),
      "sd_checkpoint_hash": model.sha256.map(FieldValue.text) ?? .null,
    ]
    return .object(usual.merging(set) { $1 }.merging(own) { $1 })
  }

  private static let usual: [String: FieldValue] = [
    "CLIP_stop_at_last_layers": 1, "sd_vae": "Automatic", "randn_source": "GPU", "samples_format": "png",
    "eta_noise_seed_delta": 0, "samples_save": false, "grid_save": false, "return_grid": false,
    "enable_pnginfo": true, "live_previews_enable": true, "show_progress_every_n_steps": 1,
    "show_progress_type": "Approx cheap", "initial_noise_multiplier": 1, "img2img_fix_steps": false,
    "outdir_samples": "", "outdir_txt2img_samples": "", "outdir_img2img_samples": "",
  ]
}
