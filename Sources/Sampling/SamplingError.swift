/// A request or a model's settings that cannot be sampled.
package enum SamplingError: Error, Equatable, CustomStringConvertible {
  /// A setting outside its range; `name` as in diffusers' `scheduler_config.json` or the request.
  case setting(name: String, value: String, expected: String)
  /// More steps than the model has timesteps, or none.
  case stepCount(Int, trainTimesteps: Int)
  /// `steps_offset` moves a timestep beyond the model's last.
  case timestepBeyondTable(Double, last: Int, stepsOffset: Int)
  /// A strength that leaves no step to run.
  case nothingKept(steps: Int, strength: Double)
  /// A level of pure noise, from which this prediction says nothing about the picture.
  case noSignal(prediction: String, timestep: Double)
  /// A level whose alpha or sigma the samplers cannot use.
  case level(NoiseLevel)
  /// An adaptive sampler's steps have become too small, or their error is no number.
  case noStepSmallEnough(sampler: String, timestep: Double, calls: Int)
  /// No sampler or schedule has this name in the system; `near` are the canonical names of the most similar ones.
  case unknownName(kind: String, name: String, system: NameSystem, near: [String], all: [String])

  package var description: String {
    switch self {
    case .setting(let name, let value, let expected):
      return "\(name) is \(value), expected \(expected)"
    case .stepCount(let steps, let trainTimesteps):
      return "\(steps) steps, expected 1 to \(trainTimesteps), the model's number of timesteps"
    case .timestepBeyondTable(let timestep, let last, let stepsOffset):
      return "steps_offset \(stepsOffset) gives timestep \(timestep), but the model's last is \(last); "
        + "use fewer steps"
    case .nothingKept(let steps, let strength):
      return "strength \(strength) of \(steps) steps leaves none to run"
    case .noSignal(let prediction, let timestep):
      return "timestep \(timestep) is pure noise, where a model that predicts \(prediction) cannot start; "
        + "expected v_prediction with rescale_betas_zero_snr"
    case .level(let level):
      return "noise level with alpha \(level.alpha), sigma \(level.sigma) at timestep \(level.timestep), "
        + "expected finite values, sigma above 0 at the start of a step"
    case .noStepSmallEnough(let sampler, let timestep, let calls):
      return
        "\(sampler) finds no step that is small enough at timestep \(timestep), after \(calls) network calls; "
        + "the network's results are not finite or change without limit"
    case .unknownName(let kind, let name, let system, let near, let all):
      let hint = near.isEmpty ? "expected one of " + all.joined(separator: ", ") : ""
      let guess = near.isEmpty ? "" : "did you mean " + near.joined(separator: " or ") + "?"
      return "\(SamplingError.unknown(kind, name, system)); \(hint)\(guess)"
    }
  }

  /// "no sampler of comfyui is called "DPM2 a"".
  package static func unknown(_ kind: String, _ name: String, _ system: NameSystem) -> String {
    let owner = system == .diffusers ? "" : " of \(system.rawValue)"
    return "no \(kind)\(owner) is called \"\(name.prefix(64))\""
  }
}
