import Models
import Sampling

/// Samplers by the fields of diffusers' scheduler classes, whose defaults the file has been filled with.
extension ConfigurationFile {
  /// With `thresholding`, if the file asks for it.
  func limited(_ sampler: Sampler) throws -> Sampler {
    guard try flag("thresholding") else { return sampler }
    var threshold = DynamicThreshold()
    threshold.share = try number("dynamic_thresholding_ratio", 0...1)
    threshold.largest = try number("sample_max_value", 1e-6...1e6)
    var sampler = sampler
    sampler.threshold = threshold
    return sampler
  }

  func ddpm() throws -> Sampler {
    try limited(string("variance_type") == "fixed_large" ? .ddpmWide : .ddpm)
  }

  func pndm() throws -> Sampler {
    var method = PseudoNumericalMethod()
    method.startsWithRungeKutta = try !flag("skip_prk_steps")
    method.mixesVelocity = try string("prediction_type") == Prediction.velocity.rawValue
    return .pndm(method)
  }

  func unipc() throws -> Sampler {
    var solver = UniPCSolver()
    solver.order = try integer("solver_order", 1...3)
    solver.width = UniPCSolver.Width(rawValue: try string("solver_type") ?? "") ?? .exponential
    solver.integratesNoise = try !flag("predict_x0")
    solver.lowersOrderAtEnd = try flag("lower_order_final")
    solver.uncorrectedSteps = Set(try integers("disable_corrector", 0...1_000_000))
    if solver.integratesNoise { try requireNoiseAtEnd("predict_x0 false") }
    return solver.integratesNoise ? .unipc(solver) : try limited(.unipc(solver))
  }

  func readOrder(_ solver: inout DPMSolver) throws {
    solver.order = try integer("solver_order", 1...3)
    solver.lowersOrderAtEnd = try flag("lower_order_final")
  }

  func dpmSolver() throws -> DPMSolver {
    var solver = DPMSolver()
    try readOrder(&solver)
    let algorithm = try string("algorithm_type") ?? ""
    solver.isStochastic = algorithm.hasPrefix("sde-")
    solver.integratesNoise = algorithm.hasSuffix("dpmsolver")
    solver.rule = DPMSolver.Rule(rawValue: try string("solver_type") ?? "") ?? .midpoint
    solver.endsWithEuler = try flag("euler_at_final")
    if !algorithm.hasSuffix("++") { try requireNoiseAtEnd("algorithm_type \(algorithm)") }
    if solver.integratesNoise, solver.isStochastic, solver.order == 3 {
      throw error(
        "solver_order", "3 is not known to diffusers with algorithm_type \(algorithm); expected 1 or 2")
    }
    return solver
  }

  /// Integrals over the noise have no end at the clean picture.
  private func requireNoiseAtEnd(_ cause: String) throws {
    guard try string("final_sigmas_type") == "zero" else { return }
    throw error(
      "final_sigmas_type",
      "\"zero\" has no picture with \(cause), in diffusers either; expected \"sigma_min\"")
  }
}
