import Models
import Sampling

/// How a model was trained to see noise, and what its network predicts.
package struct ModelSchedule: Sendable {
  /// Where a diffusers folder has it.
  static let file = "scheduler/scheduler_config.json"

  package let noise: NoiseDescription
  package let prediction: Prediction

  package init(_ noise: NoiseDescription, prediction: Prediction) {
    (self.noise, self.prediction) = (noise, prediction)
  }

  /// What a folder's file says, or what diffusers assumes of a single file.
  /// - Parameter prediction: of the family.
  init(_ file: ConfigurationFile?, prediction: Prediction) throws {
    guard let file else {
      (noise, self.prediction) = (.diffusion(ScheduleSettings()), prediction)
      return
    }
    self = try ModelSchedule(file)
  }

  /// Reads a diffusers `scheduler_config.json`; missing fields have the defaults of its schedulers.
  /// - Throws: `ConfigurationError` naming the field.
  private init(_ file: ConfigurationFile) throws {
    func choice<Value: RawRepresentable & CaseIterable>(_ field: String, _ fallback: Value) throws -> Value
    where Value.RawValue == String {
      guard let name = try file.string(field) else { return fallback }
      guard let value = Value(rawValue: name) else {
        let known = Value.allCases.map(\.rawValue).joined(separator: " or ")
        throw file.error(field, "\"\(name)\" is not supported; expected \(known)")
      }
      return value
    }
    try file.expectUnset(["trained_betas"])
    prediction = try choice("prediction_type", .epsilon)
    guard prediction != .flow else {
      noise = .flow(shift: try file.number("flow_shift", 0.01...100, default: 1))
      return
    }
    var settings = ScheduleSettings()
    settings.betaSchedule = try choice("beta_schedule", .linear)
    settings.betaStart = try file.number("beta_start", 0...1, default: 0.0001)
    settings.betaEnd = try file.number("beta_end", 0...1, default: 0.02)
    settings.trainTimesteps = try file.integer("num_train_timesteps", 2...100_000, default: 1000)
    settings.rescaleZeroSNR = try file.flag("rescale_betas_zero_snr", default: false)
    settings.stepsOffset = try file.integer("steps_offset", 0...1000, default: 0)
    settings.setAlphaToOne = try file.flag("set_alpha_to_one", default: true)
    settings.finalSigma = try choice("final_sigmas_type", .zero)
    settings.spacing =
      file.has("timestep_spacing") ? try choice("timestep_spacing", TimestepSpacing.leading) : nil
    noise = .diffusion(settings)
    _ = try noise.range
  }
}
