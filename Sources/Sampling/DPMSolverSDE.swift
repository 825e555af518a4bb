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
    body: { x, run in try multistep(&x, &run, DPMSolver { $0.isStochastic = true }) })

  /// The same with solver_type heun.
  package static let dpmpp2MSDEHeun = Sampler(
    name: "dpmpp_2m_sde_heun", title: "DPM++ 2M SDE Heun",
    names: [
      .a1111: ["DPM++ 2M SDE Heun", "k_dpmpp_2m_sde_heun"],
      .comfyui: ["dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu"],
    ],
    levels: .solver(spacing: nil, final: nil), webUISchedule: .exponential, limit: .path,
    stepNoise: .brownian, callsPerStep: 1, defaultEta: 1, holdsForFlow: true,
    body: { x, run in try multistep(&x, &run, DPMSolver { ($0.isStochastic, $0.rule) = (true, .heun) }) })

  /// `sample_dpmpp_3m_sde` of k-diffusion.
  package static let dpmpp3MSDE = Sampler(
    name: "dpmpp_3m_sde", title: "DPM++ 3M SDE",
    names: [
      .a1111: ["DPM++ 3M SDE", "k_dpmpp_3m_sde"], .comfyui: ["dpmpp_3m_sde", "dpmpp_3m_sde_gpu"],
    ],
    levels: .sigmas, webUISchedule: .exponential, droppingLastSigma: [.a1111], limit: .path,
    stepNoise: .brownian, callsPerStep: 1, defaultEta: 1, holdsForFlow: true, fewestSteps: 10,
    body: { x, run in
      let solver = DPMSolver {
        ($0.isStochastic, $0.order, $0.isOfKDiffusion) = (true, 3, true)
        ($0.rule, $0.lowersOrderAtEnd) = (.heun, false)
      }
      try multistep(&x, &run, solver)
    })
}
