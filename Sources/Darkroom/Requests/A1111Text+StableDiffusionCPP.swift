/// stable-diffusion.cpp writes A1111's text with names of its own. Its levels, its prompt syntax and its share of
/// steps for a strength are those of A1111, and its random numbers by default those of a GPU.
extension A1111Text {
  var isOfStableDiffusionCPP: Bool { self["Version"]?.hasPrefix("stable-diffusion.cpp") == true }

  /// The same with the names of A1111.
  var inNamesOfA1111: A1111Text {
    var text = self
    text.replaceFields(with: fields.filter { !$0.value.isEmpty }.flatMap(Self.translated))
    return text
  }

  private static let samplers = [
    "euler": "Euler", "euler_a": "Euler a", "heun": "Heun", "dpm2": "DPM2", "dpm++2s_a": "DPM++ 2S a",
    "dpm++2m": "DPM++ 2M", "dpm++2m_sde": "DPM++ 2M SDE", "lms": "LMS", "lcm": "LCM", "ddim_trailing": "DDIM",
    "tcd": "TCD",
  ]

  private static let schedules = [
    "discrete": "Uniform", "karras": "Karras", "exponential": "Exponential", "ays": "Align Your Steps",
    "sgm_uniform": "SGM Uniform", "simple": "Simple", "kl_optimal": "KL Optimal", "beta": "Beta",
    // Not known here; the error names it.
    "gits": "gits", "smoothstep": "smoothstep", "lcm": "lcm", "bong_tangent": "bong_tangent",
  ]

  private static func translated(_ field: Field) -> [Field] {
    switch field.name {
    case "Sampler": sampling(field.value)
    case "Unet": [Field(name: "Model", value: ModelSource.name(field.value))]
    case "Model", "VAE": [Field(name: field.name, value: ModelSource.name(field.value))]
    case "RNG":
      switch field.value {
      case "cpu": [Field(name: "RNG", value: "CPU")]
      case "cuda": []
      // That of the C++ library, which nobody else has.
      default: [Field(name: "RNG \(field.value)", value: "")]
      }
    // It writes these down for models that do not look at them. Older versions tell 0 of samplers that take 1.
    case "Guidance": []
    case "Eta": Double(field.value).map { $0 > 0 && $0.isFinite } == true ? [field] : []
    default: [field]
    }
  }

  /// "euler_a karras"; without a schedule it is the discrete one. "ddim_trailing" is one of its samplers.
  private static func sampling(_ text: String) -> [Field] {
    let words = text.split(separator: " ").map(String.init)
    let sampler = words.first ?? ""
    let schedule = sampler == "ddim_trailing" ? "trailing" : schedules[words.dropFirst().first ?? "discrete"]
    return [
      Field(name: "Sampler", value: samplers[sampler] ?? sampler),
      Field(name: "Schedule type", value: schedule ?? words.dropFirst().joined(separator: " ")),
    ]
  }
}
