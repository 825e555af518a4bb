import Darkroom

extension Arguments {
  /// With what the web UI's text in `infotext` says of parameters that the client leaves out.
  /// - Throws: `DarkroomError` for a value that is not possible here.
  func completedByInfotext(_ parameters: [Parameter]) throws -> Arguments {
    guard let text = name("infotext") else { return self }
    var told = try GenerationRequest(infotext: text)
    var values = Self.hiresFix(&told)
    for parameter in parameters {
      guard let field = parameter.field.flatMap(RequestField.named) else { continue }
      values[parameter.name] = field.value(in: told)
    }
    for (name, field) in [("seed", "seed"), ("subseed", "subseed"), ("scheduler", "schedule")] {
      values[name] = RequestField.named(field)?.value(in: told)
    }
    if !given.contains("sampler_index") { values["sampler_name"] = told.sampler.map(FieldValue.text) }
    values["clip_skip"] = told.clipSkip.map { .number("\($0 + 1)") }
    if told.noise == .torchCPU { values["override_settings"] = ["randn_source": "CPU"] }
    var completed = self
    completed.complete(values)
    return completed
  }

  /// The size becomes that of the first pass.
  private static func hiresFix(_ request: inout GenerationRequest) -> [String: FieldValue] {
    guard let scale = request.secondPassScale, let width = request.width, let height = request.height else {
      return [:]
    }
    func first(_ side: Int) -> Int { GenerationRequest.firstSide(of: side, scale, 8) }
    let values: [String: FieldValue] = [
      "enable_hr": true, "hr_resize_x": .number("\(width)"), "hr_resize_y": .number("\(height)"),
      "hr_upscaler": request.upscaler.map { .text($0.name) } ?? .null,
      "hr_second_pass_steps": request.secondPassSteps.map { .number("\($0)") } ?? .null,
    ]
    (request.width, request.height) = (first(width), first(height))
    request.strength = request.secondPassStrength
    return values
  }
}
