import Glibc

/// DPM-Solver++ for the stochastic differential equation (Lu et al., 2022, appendix), multistep. Eta scales the noise:
/// 0 is the probability flow, 1 the reverse diffusion of training.
///
/// By diffusers' names (`algorithm_type` sde-dpmsolver++) the noise comes from the generator, by all others from a
/// Brownian path, as in k-diffusion; see `Sampler.stepNoise(in:)`.
extension Sampler {
  /// `sample_dpmpp_2m_sde` of k-diffusion with solver_type midpoint.
  package static let dpmpp2MSDE = Sampler(
    name: "dpmpp_2m_sde", title: "DPM++ 2M SDE",
    names: [.a1111: ["DPM++ 2M SDE", "k_dpmpp_2m_sde"], .comfyui: ["dpmpp_2m_sde", "dpmpp_2m_sde_gpu"]],
    levels: .solver(spacing: nil, final: nil), webUISchedule: .exponential, limit: .path,
    stepNoise: .brownian, callsPerStep: 1, defaultEta: 1, holdsForFlow: true,
    body: { x, run in try multistepSDE(&x, &run, order: 2) { -0.5 * expm1(-$0) } })

  /// The same with solver_type heun.
  package static let dpmpp2MSDEHeun = Sampler(
    name: "dpmpp_2m_sde_heun", title: "DPM++ 2M SDE Heun",
    names: [
      .a1111: ["DPM++ 2M SDE Heun", "k_dpmpp_2m_sde_heun"],
      .comfyui: ["dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu"],
    ],
    levels: .solver(spacing: nil, final: nil), webUISchedule: .exponential, limit: .path,
    stepNoise: .brownian, callsPerStep: 1, defaultEta: 1, holdsForFlow: true,
    body: { x, run in try multistepSDE(&x, &run, order: 2) { expm1(-$0) / $0 + 1 } })

  /// `sample_dpmpp_3m_sde` of k-diffusion.
  package static let dpmpp3MSDE = Sampler(
    name: "dpmpp_3m_sde", title: "DPM++ 3M SDE",
    names: [
      .a1111: ["DPM++ 3M SDE", "k_dpmpp_3m_sde"], .comfyui: ["dpmpp_3m_sde", "dpmpp_3m_sde_gpu"],
    ],
    levels: .sigmas, webUISchedule: .exponential, droppingLastSigma: [.a1111], limit: .path,
    stepNoise: .brownian, callsPerStep: 1, defaultEta: 1, holdsForFlow: true, fewestSteps: 10,
    body: { x, run in try multistepSDE(&x, &run, order: 3) { expm1(-$0) / $0 + 1 } })

  /// - Parameter second: factor of the first difference, for `(1 + eta) h`.
  private static func multistepSDE(
    _ x: inout Latents, _ run: inout SamplingRun, order: Int, second: (Double) -> Double
  ) throws {
    var history = CleanHistory(like: x)
    let eta = run.eta
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try history.estimate(x, at: from, &run)
      let h = to.lambda - from.lambda
      let wide = h * (1 + eta)
      let taken = endsEarly(index, run.steps.count, to, order) ? 1 : min(order, history.count)
      // At the clean picture h is infinite, and all that is left of the formula is the estimate; from pure noise too,
      // but for the noise itself at eta 0.
      let kept = to.sigma == 0 ? 0 : to.sigma / from.sigma * exp(eta > 0 ? -eta * h : 0)
      x.combine(kept, adding: -to.alpha * expm1(-wide), of: history[0])
      if taken == 2 { history.addSecondOrder(to: &x, at: to, h, factor: second(wide)) }
      if taken == 3 {
        let factor = second(wide)
        history.addThirdOrder(to: &x, at: to, h, first: factor, second: -(factor / wide - 0.5))
      }
      if eta > 0 { run.addNoise(to.sigma * (-expm1(-2 * eta * h)).squareRoot(), to: &x, from: from, to: to) }
      try run.finish(&x, at: to, step: index)
    }
  }

  /// diffusers' two-step solvers end with a step of first order, if steps are few; k-diffusion's only at sigma 0.
  private static func endsEarly(_ index: Int, _ count: Int, _ to: NoiseLevel, _ order: Int) -> Bool {
    to.sigma == 0 || (order == 2 && index == count - 1 && count < fewestForFullOrder)
  }
}
