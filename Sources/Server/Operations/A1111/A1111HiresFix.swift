import Darkroom

extension GenerationRequest {
  /// Sets what belongs to the second pass, if one is asked for; the size is that of the first so far.
  /// - Throws: `Refusal` that names what it cannot have.
  mutating func takeHiresFix(
    _ arguments: Arguments, _ model: ServedModel, _ upscalers: UpscalerTable
  ) throws {
    guard arguments.flag("enable_hr") == true, let width, let height else { return }
    try checkSecondPass(arguments, model)
    upscaler = try A1111Names.hiresUpscaler(arguments.text("hr_upscaler"), upscalers)
    let (wide, high) = (arguments.integer("hr_resize_x") ?? 0, arguments.integer("hr_resize_y") ?? 0)
    let scale =
      wide > 0
      ? Double(wide) / Double(width)
      : high > 0 ? Double(high) / Double(height) : arguments.number("hr_scale") ?? 2
    guard RequestLimits.standard.secondPassScale.contains(scale) else {
      throw Refusal(
        .request, field: wide > 0 ? "hr_resize_x" : "hr_resize_y",
        "must be 1 to 8 times that of the first pass")
    }
    addHiresFix(scale: scale, steps: arguments.integer("hr_second_pass_steps") ?? 0)
    guard wide == 0 || high == 0 || self.height == high / 8 * 8 else {
      throw Refusal(
        .request, field: "hr_resize_y", "must give the aspect of \(width)x\(height) with hr_resize_x")
    }
  }

  /// It has the first pass's sampler, schedule, prompts and model.
  private func checkSecondPass(_ arguments: Arguments, _ model: ServedModel) throws {
    let own: [(String, [String])] = [
      ("hr_sampler_name", [sampler ?? "", "Use same sampler"]),
      ("hr_scheduler", [arguments.text("scheduler") ?? "Automatic", "Use same scheduler"]),
      ("hr_prompt", [arguments.text("prompt") ?? ""]),
      ("hr_negative_prompt", [arguments.text("negative_prompt") ?? ""]),
    ]
    for (name, same) in own {
      guard case .text(let text)? = arguments.values[name], !text.isEmpty else { continue }
      guard same.contains(where: { $0.lowercased() == text.lowercased() }) else {
        throw Refusal(.request, field: name, "must be that of the first pass, or empty")
      }
    }
    if let name = arguments.name("hr_checkpoint_name"), name != "Use same checkpoint",
      !A1111Model(model).isCalled(name)
    {
      throw Refusal(.request, field: "hr_checkpoint_name", "must be that of the first pass, or empty")
    }
  }
}
