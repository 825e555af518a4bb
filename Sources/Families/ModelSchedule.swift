import Models
import Sampling
import SystemFiles
import Weights

/// How a model was trained to see noise, what its network predicts, and the sampler that it comes with.
package struct ModelSchedule: Sendable {
  /// Where a diffusers folder has it.
  static let file = "scheduler/scheduler_config.json"

  package let noise: NoiseDescription
  package let prediction: Prediction
  /// With all that the model's scheduler asks for, by what the network predicts; none if it names no scheduler.
  private let ownSamplers: [Prediction: Sampler]
  /// What of the file is not used.
  package let notices: [String]

  package init(_ noise: NoiseDescription, prediction: Prediction) {
    (self.noise, self.prediction, ownSamplers, notices) = (noise, prediction, [:], [])
  }

  /// What requests take that name no sampler; nil if the model names none.
  package var defaultSampler: String? { ownSamplers[prediction]?.name }

  /// The most steps that the model's sampler has; nil if only the table limits them.
  var mostSteps: Int? {
    guard case .diffusion(let settings) = noise, case .distilled = ownSamplers[prediction]?.levels else {
      return nil
    }
    return settings.taughtTimesteps
  }

  /// The sampler that a name means with this model, by diffusers' rules: its own one is set as its file says.
  /// - Parameter prediction: what the network is taken to predict.
  package func sampler(
    _ sampler: Sampler, in system: NameSystem, predicting prediction: Prediction
  ) -> Sampler {
    guard system == .diffusers else { return sampler }
    if let own = ownSamplers[prediction], own.name == sampler.name { return own }
    guard sampler.name == Sampler.pndm.name, prediction == .velocity else { return sampler }
    var method = PseudoNumericalMethod()
    method.mixesVelocity = true
    return .pndm(method)
  }

  /// Reads a diffusers `scheduler_config.json`; missing fields have the defaults of its class.
  /// - Parameters:
  ///   - name: the class by which the model is loaded; nil for the one that the file names.
  ///   - overridden: what the model's pipeline sets in any file.
  /// - Throws: `ConfigurationError` naming the field.
  init(_ file: ConfigurationFile, class name: String?, overridden: [String: JSONValue]) throws {
    let written = try file.string("_class_name")
    guard let name = name ?? written else {
      throw file.error("_class_name", "is missing; expected a scheduler class of diffusers")
    }
    guard let scheduler = SchedulerClass.named(name) else {
      let known = SchedulerClass.all.map(\.name).joined(separator: ", ")
      throw file.error("_class_name", "\"\(name)\" is not supported; expected one of \(known)")
    }
    let given = file.setting(overridden)
    // To Python null is false, or no value at all.
    try given.expectNotNull(
      scheduler.fields.filter { $0.value != .null && $0.value != false }.map(\.key).sorted())
    let own = given.filled(with: scheduler.fields)
    try own.expect(scheduler.followed)
    var notices = SchedulerClass.unused(file, by: scheduler)
    if let written, written != name {
      notices.insert(
        "\(file.path): _class_name is \(written); model_index.json says \(name), which is used", at: 0)
    }
    self.notices = notices
    let wanted = try own.string("prediction_type")
    prediction =
      try wanted == "original_sample" ? .sample : own.choice("prediction_type", Prediction.self) ?? .epsilon
    noise = .diffusion(try ScheduleSettings(own, scheduler, prediction))
    ownSamplers = try Dictionary(
      uniqueKeysWithValues: Prediction.allCases.map {
        ($0, try scheduler.sampler(own.setting(["prediction_type": .text($0.rawValue)])))
      })
    do {
      _ = try noise.range
    } catch {
      throw FamilyError(file: file.path, "\(error)")
    }
  }
}

extension SchedulerClass {
  /// What to say of fields that ask other classes for something, and that this one does not know, as diffusers does not use
  /// them either.
  fileprivate static func unused(_ file: ConfigurationFile, by scheduler: SchedulerClass) -> [String] {
    file.names.filter { field in
      scheduler.fields[field] == nil && file[field] != false
        && all.contains { other in other.fields[field].map { $0 != file[field] } ?? false }
    }.map { "\(file.path): \($0) is not used by \(scheduler.name), in diffusers either" }
  }
}

extension ScheduleSettings {
  /// The table alone.
  /// - Parameter file: of any class of scheduler, whose defaults are filled in.
  init(tableOf file: ConfigurationFile) throws {
    self.init()
    betaSchedule = try file.choice("beta_schedule", BetaSchedule.self) ?? .linear
    betaStart = try file.number("beta_start", 0...1)
    betaEnd = try file.number("beta_end", 0...1)
    trainTimesteps = try file.integer("num_train_timesteps", 2...100_000)
    trainedBetas = try file.numbers("trained_betas", 0...1)
    rescaleZeroSNR = try file.flag("rescale_betas_zero_snr")
  }

  fileprivate init(
    _ file: ConfigurationFile, _ scheduler: SchedulerClass, _ prediction: Prediction
  ) throws {
    try self.init(tableOf: file)
    stepsOffset = try file.integer("steps_offset", 0...1000, default: 0)
    setAlphaToOne = try file.flag("set_alpha_to_one", default: true)
    finalSigma = try file.choice("final_sigmas_type", FinalSigma.self) ?? .zero
    spacing = try file.choice("timestep_spacing", TimestepSpacing.self)
    let chosen = try Sigmas.allCases.filter { try file.flag($0.rawValue) }
    if chosen.count > 1, chosen != [.karras, .luLambdas] {
      throw file.error(chosen[1].rawValue, "is true beside \(chosen[0].rawValue); expected one of them")
    }
    sigmas = chosen.first
    // The latents grow to thousands there, in diffusers as well, and no two programs agree on them.
    guard sigmas != .luLambdas || betaSchedule != .squaredCosine else {
      throw file.error(
        "use_lu_lambdas", "true with beta_schedule squaredcos_cap_v2 makes no picture; expected one of them")
    }
    smallestSigma = try file.positive("sigma_min")
    largestSigma = try file.positive("sigma_max")
    interpolatesLogSigma = try file.string("interpolation_type") == "log_linear"
    tellsLogSigma = try file.string("timestep_type") == "continuous" && prediction == .velocity
    smallestLambda = try file.number("lambda_min_clipped", -Double.infinity...100, default: -.infinity)
    taughtTimesteps = try file.integer("original_inference_steps", 1...100_000, default: 50)
  }
}

extension ConfigurationFile {
  fileprivate func positive(_ field: String) throws -> Double? {
    has(field) ? try number(field, 1e-6...1e6) : nil
  }
}
