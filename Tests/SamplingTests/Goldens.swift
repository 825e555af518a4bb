import Foundation
import Sampling
import TestSupport

/// What scripts/fixtures/sampling/make_goldens.py and make_kdiffusion.py write.
enum Goldens {
  struct Settings: Decodable {
    var num_train_timesteps: Int
    var beta_start: Double
    var beta_end: Double
    var beta_schedule: String
    var prediction_type: String
    var timestep_spacing: String
    var steps_offset: Int
    var rescale_betas_zero_snr: Bool
    var set_alpha_to_one: Bool?
    var final_sigmas_type: String?
    var use_karras_sigmas: Bool?
  }

  struct SamplerCase: Decodable {
    var sampler: String
    var steps: Int
    var eta: Double
    var settings: Settings
    var initial_scale: Double
    var timesteps: [Double]
    var sigmas: [Double]?
    var after_first: [Float]
    var after_second: [Float]
    var final: [Float]
  }

  struct Samplers: Decodable {
    var start: [Float]
    var cases: [String: SamplerCase]
  }

  struct KDiffusionCase: Decodable {
    var sampler: String
    var prediction: String
    var eta: Double?
    var sigmas: [Double]
    var timesteps: [Double]
    var final: [Float]
  }

  struct KDiffusion: Decodable {
    var start: [Float]
    var cases: [String: KDiffusionCase]
  }

  struct LongNoise: Decodable {
    var first8: [Float]
    var last4: [Float]
    var middle: Float
    var sum: Double
    var sum_of_squares: Double
    var second_call_first4: [Float]
  }

  struct Noise: Decodable {
    var long: [String: LongNoise]
    var seed42: [String: [Float]]
    var mixed_seed99: [[Float]]
  }

  struct RescaledGuidance: Decodable {
    var scale: Double
    var rescale: Double
    var unconditional: [Float]
    var conditional: [Float]
    var result: [Float]
  }

  struct Tables: Decodable {
    var alphas: [String: [String: Double]]
    var checksums: [String: [Int?]]
  }

  static func read<Content: Decodable>(_ name: String, as: Content.Type = Content.self) throws -> Content {
    try JSONDecoder().decode(Content.self, from: Fixtures.data("sampling/\(name).json"))
  }
}

extension Goldens.Settings {
  struct Unknown: Error { var value: String }

  func scheduleSettings() throws -> ScheduleSettings {
    func parse<Value: RawRepresentable<String>>(_ text: String) throws -> Value {
      guard let value = Value(rawValue: text) else { throw Unknown(value: text) }
      return value
    }
    var settings = ScheduleSettings()
    settings.trainTimesteps = num_train_timesteps
    settings.betaStart = beta_start
    settings.betaEnd = beta_end
    settings.betaSchedule = try parse(beta_schedule)
    settings.spacing = try parse(timestep_spacing)
    settings.stepsOffset = steps_offset
    settings.rescaleZeroSNR = rescale_betas_zero_snr
    settings.setAlphaToOne = set_alpha_to_one ?? false
    settings.finalSigma = try parse(final_sigmas_type ?? "zero")
    return settings
  }
}

func largestDifference(_ first: [Float], _ second: [Float]) -> Float {
  guard first.count == second.count else { return .infinity }
  // NaN must not pass as the smaller one.
  return zip(first, second).map { abs($0 - $1) }.reduce(0) { $1 <= $0 ? $0 : ($1.isNaN ? .infinity : $1) }
}

/// The toy network of the goldens, after `Prediction`'s scaling: fills `clean` for 16 values.
func toyDenoise(
  _ prediction: Prediction
) -> (_ x: Latents, _ level: NoiseLevel, _ clean: inout Latents) throws -> Void {
  { x, level, clean in
    let scale = Float(prediction.inputScale(at: level))
    for index in 0..<x.count {
      clean.values[index] =
        0.7 * scale * x.values[index] + 0.1 * sin(Float(index)) + 0.2 * Float(level.timestep) / 1000
    }
    prediction.makeClean(&clean, from: x, at: level)
  }
}

func toyLatents(_ values: [Float], scale: Double) -> Latents {
  var latents = Latents(batch: 1, channels: values.count, height: 1, width: 1, values: values)
  latents.scale(by: scale)
  return latents
}
