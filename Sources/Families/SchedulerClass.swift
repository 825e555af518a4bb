import Models
import Sampling
import SystemFiles
import Weights

/// A scheduler class of diffusers (0.42): which fields of `scheduler_config.json` it knows, what they are where a file does
/// not say, and which sampler it is.
struct SchedulerClass: Sendable {
  let name: String
  /// All fields with the class's defaults.
  let fields: [String: JSONValue]
  /// Fields of which only some values are followed here, or known to the class.
  let followed: [String: [JSONValue]]
  let sampler: @Sendable (ConfigurationFile) throws -> Sampler

  private init(
    _ name: String, _ groups: [[String: JSONValue]], followed: [String: [JSONValue]] = [:],
    _ sampler: @escaping @Sendable (ConfigurationFile) throws -> Sampler
  ) {
    self.name = name
    fields = groups.reduce(into: [:]) { $0.merge($1) { $1 } }
    self.followed = Self.followed.merging(followed) { $1 }.filter { [fields] in fields[$0.key] != nil }
    self.sampler = sampler
  }

  static func named(_ name: String) -> SchedulerClass? { all.first { $0.name == name } }

  // MARK: Fields that several classes have

  private static let table: [String: JSONValue] = [
    "num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear",
    "trained_betas": nil, "prediction_type": "epsilon",
  ]
  /// The classes from k-diffusion have other betas.
  private static let sensible: [String: JSONValue] = ["beta_start": 0.00085, "beta_end": 0.012]
  private static let latent = sensible.merging(["beta_schedule": "scaled_linear"]) { $1 }
  private static let clip: [String: JSONValue] = ["clip_sample": true, "clip_sample_range": 1]
  private static let threshold: [String: JSONValue] = [
    "thresholding": false, "dynamic_thresholding_ratio": 0.995, "sample_max_value": 1,
  ]
  private static let leading: [String: JSONValue] = ["timestep_spacing": "leading", "steps_offset": 0]
  private static let linspace: [String: JSONValue] = ["timestep_spacing": "linspace", "steps_offset": 0]
  private static let zeroSNR: [String: JSONValue] = ["rescale_betas_zero_snr": false]
  private static let sigmas: [String: JSONValue] = [
    "use_karras_sigmas": false, "use_exponential_sigmas": false, "use_beta_sigmas": false,
  ]
  private static let range: [String: JSONValue] = ["sigma_min": nil, "sigma_max": nil]
  private static let final: [String: JSONValue] = ["final_sigmas_type": "zero"]
  private static let flow: [String: JSONValue] = [
    "use_flow_sigmas": false, "flow_shift": 1, "use_dynamic_shifting": false,
    "time_shift_type": "exponential",
  ]
  private static let solver: [String: JSONValue] = [
    "solver_order": 2, "algorithm_type": "dpmsolver++", "solver_type": "midpoint", "lower_order_final": true,
    "lambda_min_clipped": .number(-.infinity), "variance_type": nil,
  ]
  private static let distilled: [String: JSONValue] = [
    "original_inference_steps": 50, "timestep_scaling": 10, "clip_sample": false, "set_alpha_to_one": true,
  ]

  // MARK: Values that are followed

  private static let predictions: [JSONValue] = ["epsilon", "v_prediction", "sample"]
  private static let epsilonOrVelocity: [String: [JSONValue]] = [
    "prediction_type": ["epsilon", "v_prediction"]
  ]
  private static let betaSchedules: [JSONValue] = ["linear", "scaled_linear", "squaredcos_cap_v2"]
  private static let spacings: [JSONValue] = ["leading", "trailing", "linspace"]

  private static let followed: [String: [JSONValue]] = [
    "beta_schedule": betaSchedules, "prediction_type": predictions, "timestep_spacing": spacings,
    "final_sigmas_type": ["zero", "sigma_min"], "clip_sample": [false], "use_flow_sigmas": [false],
    "use_dynamic_shifting": [false], "variance_type": [nil], "solver_p": [nil], "shift_terminal": [nil],
    "interpolation_type": ["linear", "log_linear"], "timestep_type": ["discrete", "continuous"],
    "noise_sampler_seed": [nil], "solver_order": [1, 2, 3],
  ]
  private static let ofDDPM: [String: [JSONValue]] = [
    "variance_type": ["fixed_small", "fixed_small_log", "fixed_large"],
    "beta_schedule": betaSchedules + ["sigmoid", "laplace"],
  ]
  private static let ofEuler: [String: [JSONValue]] = ["prediction_type": predictions + ["original_sample"]]
  private static let ofHeun: [String: [JSONValue]] = ["beta_schedule": betaSchedules + ["exp"]]
  private static let multistep: [String: [JSONValue]] = [
    "algorithm_type": ["dpmsolver++", "sde-dpmsolver++", "dpmsolver", "sde-dpmsolver", "deis"],
    "solver_type": ["midpoint", "heun", "logrho", "bh1", "bh2"],
  ]
  private static let singlestep = multistep.merging([
    "algorithm_type": ["dpmsolver++", "sde-dpmsolver++", "dpmsolver", "deis"]
  ]) { $1 }
  private static let ofDEIS: [String: [JSONValue]] = [
    "algorithm_type": ["deis", "dpmsolver", "dpmsolver++"],
    "solver_type": ["logrho", "midpoint", "heun", "bh1", "bh2"],
  ]
  private static let ofUniPC: [String: [JSONValue]] = [
    "solver_type": ["bh1", "bh2", "midpoint", "heun", "logrho"]
  ]

  // MARK: Classes

  private static let ddimFields = [
    table, clip, threshold, leading, zeroSNR, ["set_alpha_to_one": true],
  ]
  private static let ddpmFields = [
    table, clip, threshold, leading, zeroSNR, ["variance_type": "fixed_small"],
  ]

  static let all: [SchedulerClass] = [
    SchedulerClass("DDIMScheduler", ddimFields) { try $0.limited(.ddim) },
    SchedulerClass("DDIMParallelScheduler", ddimFields) { try $0.limited(.ddim) },
    SchedulerClass("DDPMScheduler", ddpmFields, followed: ofDDPM) { try $0.ddpm() },
    SchedulerClass("DDPMParallelScheduler", ddpmFields, followed: ofDDPM) { try $0.ddpm() },
    SchedulerClass(
      "PNDMScheduler", [table, leading, ["skip_prk_steps": false, "set_alpha_to_one": false]],
      followed: epsilonOrVelocity
    ) { try $0.pndm() },
    SchedulerClass(
      "EulerDiscreteScheduler",
      [
        table, sigmas, range, linspace, zeroSNR, final,
        ["interpolation_type": "linear", "timestep_type": "discrete"],
      ], followed: ofEuler
    ) { _ in .euler },
    SchedulerClass(
      "EulerAncestralDiscreteScheduler", [table, linspace, zeroSNR], followed: epsilonOrVelocity
    ) { _ in .eulerAncestral },
    SchedulerClass(
      "HeunDiscreteScheduler", [table, sensible, sigmas, linspace, clip, ["clip_sample": false]],
      followed: ofHeun
    ) { _ in .heun },
    SchedulerClass(
      "KDPM2DiscreteScheduler", [table, sensible, sigmas, linspace], followed: epsilonOrVelocity
    ) { _ in .dpm2 },
    SchedulerClass(
      "KDPM2AncestralDiscreteScheduler", [table, sensible, sigmas, linspace], followed: epsilonOrVelocity
    ) { _ in .dpm2Ancestral },
    SchedulerClass("LMSDiscreteScheduler", [table, sigmas, linspace]) { _ in .lms },
    SchedulerClass(
      "DPMSolverMultistepScheduler",
      [
        table, threshold, sigmas, linspace, zeroSNR, final, flow, solver,
        ["euler_at_final": false, "use_lu_lambdas": false],
      ], followed: multistep
    ) { file in try file.limited(.multistep(file.dpmSolver())) },
    SchedulerClass(
      "DPMSolverSinglestepScheduler",
      [table, threshold, sigmas, final, flow, solver, ["lower_order_final": false]], followed: singlestep
    ) { file in try file.limited(.singlestep(file.dpmSolver())) },
    SchedulerClass(
      "DPMSolverSDEScheduler", [table, sensible, sigmas, linspace, ["noise_sampler_seed": nil]],
      followed: epsilonOrVelocity
    ) { _ in .dpmppSDE },
    SchedulerClass(
      "UniPCMultistepScheduler",
      [
        table, threshold, sigmas, range, linspace, zeroSNR, final, flow,
        ["solver_order": 2, "predict_x0": true, "solver_type": "bh2", "lower_order_final": true],
        ["disable_corrector": [], "solver_p": nil, "shift_terminal": nil],
      ], followed: ofUniPC
    ) { try $0.unipc() },
    SchedulerClass(
      "DEISMultistepScheduler",
      [
        table, threshold, sigmas, linspace, flow, ["solver_order": 2, "lower_order_final": true],
        ["algorithm_type": "deis", "solver_type": "logrho"],
      ], followed: ofDEIS
    ) { file in
      var solver = DPMSolver()
      try file.readOrder(&solver)
      return try file.limited(.deis(solver))
    },
    SchedulerClass("LCMScheduler", [table, latent, leading, clip, threshold, zeroSNR, distilled]) { file in
      try file.limited(.lcm(timestepScaling: file.number("timestep_scaling", 0...1e6)))
    },
    // Neither the threshold nor the scaling is used by its step.
    SchedulerClass("TCDScheduler", [table, latent, leading, clip, threshold, zeroSNR, distilled]) { _ in .tcd
    },
  ]
}
