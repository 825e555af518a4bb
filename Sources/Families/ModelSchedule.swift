import Models
import Sampling

/// How a model was trained to see noise, and what its network predicts.
package struct ModelSchedule: Sendable {
  /// Where a diffusers folder has it.
  static let file = "scheduler/scheduler_config.json"

  package let prediction: Prediction
  private var settings = ScheduleSettings()
  /// Nil if the model does not say: then each sampler has its own, as in diffusers.
  private var spacing: TimestepSpacing?

  /// What a folder's file says, or what diffusers assumes of a single file.
  /// - Parameter prediction: of the family.
  init(_ file: ConfigurationFile?, prediction: Prediction) throws {
    guard let file else {
      self.prediction = prediction
      spacing = settings.spacing
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
    settings.betaSchedule = try choice("beta_schedule", .linear)
    settings.betaStart = try file.number("beta_start", 0...1, default: 0.0001)
    settings.betaEnd = try file.number("beta_end", 0...1, default: 0.02)
    settings.trainTimesteps = try file.integer("num_train_timesteps", 2...100_000, default: 1000)
    settings.rescaleZeroSNR = try file.flag("rescale_betas_zero_snr", default: false)
    settings.stepsOffset = try file.integer("steps_offset", 0...1000, default: 0)
    settings.setAlphaToOne = try file.flag("set_alpha_to_one", default: true)
    settings.finalSigma = try choice("final_sigmas_type", .zero)
    spacing = file.has("timestep_spacing") ? try choice("timestep_spacing", TimestepSpacing.leading) : nil
    prediction = try choice("prediction_type", .epsilon)
    _ = try TrainingNoise(settings)
  }

  /// The table of noise, with the spacing that `sampler` uses by default.
  package func training(for sampler: Sampler) throws -> TrainingNoise {
    var settings = settings
    settings.spacing = spacing ?? sampler.usualSpacing
    return try TrainingNoise(settings)
  }
}
