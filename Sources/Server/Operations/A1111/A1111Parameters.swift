import Darkroom

/// What the web UI's requests may hold, with its defaults. What has no meaning here is in the table too, since
/// answers repeat the request with all of it.
enum A1111Parameters {
  static let textToImage: [Parameter] = drawing + hiresFix + others + othersOfHiresFix
  static let imageToImage: [Parameter] =
    pictures + drawing + others + withoutEffect(["latent_mask": .null])

  private static let drawing: [Parameter] = [
    .field("prompt", .text(0...10_000), initial: ""),
    .field("negative_prompt", .text(0...10_000), initial: ""),
    Parameter("styles", .anything, "names of styles that are added to the prompt", initial: []),
    Parameter(
      "seed", .integer(-1...Int.max), "-1 for a random one; the next picture has one more", initial: -1),
    Parameter("subseed", .integer(-1...Int.max), "seed that the start noise is turned towards", initial: -1),
    .field("subseed_strength", .number(0...1), initial: 0),
    Parameter(
      "seed_resize_from_h", .integer(-1...2048), "height whose noise is kept in the middle", initial: -1,
      field: "seed_height"),
    Parameter(
      "seed_resize_from_w", .integer(-1...2048), "width of the same", initial: -1, field: "seed_width"),
    Parameter("sampler_name", .text(0...64), "a sampler of /sdapi/v1/samplers"),
    Parameter("sampler_index", .text(0...64), "the same, where sampler_name is missing", initial: "Euler"),
    Parameter("scheduler", .text(0...64), "a schedule of /sdapi/v1/schedulers"),
    Parameter("batch_size", .integer(1...16), "pictures that are drawn together", initial: 1),
    Parameter("n_iter", .integer(1...64), "how often that many are drawn", initial: 1),
    .field("steps", .integer(1...150), initial: 50), .field("cfg_scale", .number(0...100), initial: 7),
    .field("width", .integer(64...2048), initial: 512), .field("height", .integer(64...2048), initial: 512),
    .field("eta", .number(0...1)),
    .field("strength", as: "denoising_strength", .number(0...1), initial: .number("0.75")),
    Parameter(
      "clip_skip", .integer(1...12), "layers of the text encoder, counted from its end", field: "clip_skip"),
    Parameter("infotext", .text(0...100_000), "a picture's text, for what the request leaves out"),
    Parameter("override_settings", .anything, "options for this request alone", initial: [:]),
    Parameter(
      "override_settings_restore_afterwards", .flag, "whether they hold for this request alone", initial: true
    ),
    Parameter("send_images", .flag, "whether the answer holds the pictures", initial: true),
  ]

  private static let hiresFix: [Parameter] = [
    Parameter("enable_hr", .flag, "whether the picture is enlarged and drawn again", initial: false),
    Parameter("hr_scale", .number(1...8), "how much larger it becomes", initial: 2),
    Parameter("hr_upscaler", .text(0...200), "what enlarges it"),
    Parameter("hr_second_pass_steps", .integer(0...150), "its steps, 0 for as many as before", initial: 0),
    Parameter("hr_resize_x", .integer(0...2048), "its width, instead of hr_scale", initial: 0),
    Parameter("hr_resize_y", .integer(0...2048), "its height", initial: 0),
  ]

  private static let pictures: [Parameter] = [
    Parameter("init_images", .pictures(16), "the picture to start from, or one for each picture"),
    Parameter(
      "resize_mode", .integer(0...3), "0 and 3 stretch it, 1 cuts it, 2 lets its edges go on", initial: 0),
    .field("image_guidance_scale", as: "image_cfg_scale", .number(1...100)),
    Parameter("mask", .picture, "white where the picture is drawn anew"),
    .field("mask_blur", .integer(0...256)),
    Parameter("mask_blur_x", .integer(0...256), "the same", initial: 4),
    Parameter("mask_blur_y", .integer(0...256), "the same", initial: 4),
    Parameter(
      "inpainting_fill", .integer(0...3), "0 blurs, 1 keeps, 2 fills with noise and 3 with nothing at first",
      initial: 0),
    Parameter("inpaint_full_res", .flag, "whether only the part around the mask is drawn", initial: true),
    .field("mask_padding", as: "inpaint_full_res_padding", .integer(0...256), initial: 0),
    Parameter("inpainting_mask_invert", .flag, "whether black is drawn anew", initial: false),
    Parameter("initial_noise_multiplier", .number(0...10), "1 or nothing"),
    Parameter("include_init_images", .flag, "whether the answer repeats the pictures", initial: false),
  ]

  /// Rows that are read for what they ask for that is not here, or by nobody.
  private static func withoutEffect(_ values: [String: FieldValue]) -> [Parameter] {
    values.sorted { $0.key < $1.key }.map { name, initial in
      Parameter(name, .anything, "read, and without effect", initial: initial)
    }
  }

  private static let others = withoutEffect([
    "restore_faces": false, "tiling": false, "do_not_save_samples": false, "do_not_save_grid": false,
    "save_images": false, "disable_extra_networks": false, "s_churn": 0, "s_tmin": 0, "s_tmax": .null,
    "s_noise": 1, "s_min_uncond": 0, "refiner_checkpoint": .null, "refiner_switch_at": .null,
    "firstpass_image": .null, "comments": .null, "script_name": .null, "script_args": [],
    "force_task_id": .null, "alwayson_scripts": [:],
  ])

  private static let othersOfHiresFix = withoutEffect([
    "hr_checkpoint_name": .null, "hr_sampler_name": .null, "hr_scheduler": .null, "hr_prompt": "",
    "hr_negative_prompt": "", "firstphase_width": 0, "firstphase_height": 0,
  ])
}
