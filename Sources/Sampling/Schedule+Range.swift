import Glibc

/// Schedules that need no more than the range of sigmas.
extension Schedule {
  /// Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models" (2022), equation 5, with
  /// rho = 7. In diffusers' Euler, the range is that of the timesteps which the model's own spacing chooses; elsewhere
  /// it is the model's whole range. The network is told the timesteps that belong to the sigmas.
  package static let karras = Schedule(
    name: "karras",
    names: [
      .diffusers: ["use_karras_sigmas"], .a1111: ["Karras"], .comfyui: ["karras"],
    ],
    rule: .reshaped(rounds: true) { karras(from: $0, to: $1, $2) }, webUIRule: overRange(karras))

  /// Evenly spaced in ln sigma.
  package static let exponential = Schedule(
    name: "exponential",
    names: [
      .diffusers: ["use_exponential_sigmas"], .a1111: ["Exponential"], .comfyui: ["exponential"],
    ],
    rule: .reshaped(rounds: false) { exponential(from: $0, to: $1, $2, .double) },
    webUIRule: overRange(exponential))

  /// The same sigmas, with whole timesteps: `use_lu_lambdas` of diffusers, after Lu et al., "DPM-Solver" (2022).
  package static let luLambdas = Schedule(
    name: "lu_lambdas", names: [.diffusers: ["use_lu_lambdas"]],
    rule: .reshaped(rounds: true) { exponential(from: $0, to: $1, $2, .double) },
    webUIRule: overRange(exponential))

  /// k-diffusion's `get_sigmas_polyexponential`; with its default rho of 1 the same as exponential.
  package static let polyexponential = Schedule(
    name: "polyexponential", names: [.a1111: ["Polyexponential"]],
    rule: overRange { from, to, count, precision in
      let (start, width) = (precision(log(to)), precision(log(from) - log(to)))
      return precision.spaced(from: 1, to: 0, count).map {
        precision(exp(precision(precision($0 * width) + start)))
      }
    })

  /// Lee et al., "Beta Sampling is All You Need" (2024): quantiles of Beta(0.6, 0.6), over sigma in diffusers and
  /// A1111, over timesteps in ComfyUI.
  package static let beta = Schedule(
    name: "beta",
    names: [.diffusers: ["use_beta_sigmas"], .a1111: ["Beta"], .comfyui: ["beta"]],
    rule: .reshaped(rounds: false, beta),
    webUIRule: overRange { from, to, count, _ in beta(from, to, count) },
    comfyRule: .list(betaTimesteps))

  /// Evenly spaced in the arc tangent of sigma: Sabour, Fidler and Kreis, "Align Your Steps" (2024), theorem 3.1.
  /// A1111's list has one more, and ends at the smallest sigma instead of at 0.
  package static let klOptimal = Schedule(
    name: "kl_optimal", names: [.a1111: ["KL Optimal"], .comfyui: ["kl_optimal"]],
    rule: overRange(arcTangent),
    webUIRule: overRange(isOpen: true) { from, to, count, precision in
      arcTangent(from, to, count + 1, precision)
    },
    comfyRule: overRange(arcTangent))

  static func karras(
    from: Double, to: Double, _ count: Int, _ precision: Precision = .double
  ) -> [Double] {
    let rho = 7.0
    let start = precision(pow(from, 1 / rho))
    let width = precision(pow(to, 1 / rho) - pow(from, 1 / rho))
    return precision.spaced(from: 0, to: 1, count).map {
      precision(pow(precision(start + precision($0 * width)), rho))
    }
  }

  private static func exponential(
    from: Double, to: Double, _ count: Int, _ precision: Precision
  ) -> [Double] {
    precision.spaced(from: log(from), to: log(to), count).map { precision(exp($0)) }
  }

  private static func beta(_ from: Double, _ to: Double, _ count: Int) -> [Double] {
    Precision.double.spaced(from: 0, to: 1, count).map {
      to + symmetricBetaQuantile(1 - $0, shape: 0.6) * (from - to)
    }
  }

  private static func arcTangent(
    _ from: Double, _ to: Double, _ count: Int, _ precision: Precision
  ) -> [Double] {
    let (start, end) = (precision(atan(from)), precision(atan(to)))
    return (0..<count).map {
      let share = count > 1 ? precision(Double($0) / Double(count - 1)) : 0
      return precision(tan(precision(precision(share * end) + precision(precision(1 - share) * start))))
    }
  }

  private static func betaTimesteps(_ count: Int, _ training: TrainingNoise) -> [Double] {
    let last = training.sigmas.count - 1
    let places = (0..<count).map { index in
      let share = 1 - Double(index) / Double(count)
      return Int((symmetricBetaQuantile(share, shape: 0.6) * Double(last)).rounded(.toNearestOrEven))
    }
    // A timestep is visited once.
    return places.indices.filter { $0 == 0 || places[$0] != places[$0 - 1] }.map {
      training.sigmas[places[$0]]
    }
  }

  /// A rule that needs the model's largest and smallest sigma alone.
  private static func overRange(
    isOpen: Bool = false,
    _ reshape: @escaping @Sendable (_ from: Double, _ to: Double, _ count: Int, Precision) -> [Double]
  ) -> Rule {
    .list(isOpen: isOpen) { count, training in
      reshape(
        training.largest, training.smallest, count, training.precision)
    }
  }
}
