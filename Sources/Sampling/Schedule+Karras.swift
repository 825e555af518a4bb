import Glibc

extension Schedule {
  /// Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models" (2022), equation 5, with
  /// rho = 7. As in diffusers' Euler, the range is that of the timesteps which the model's own spacing chooses,
  /// and the network is told the timesteps that belong to the sigmas.
  package static let karras = Schedule(
    name: "karras", aliases: ["use_karras_sigmas"], system: .diffusers, spacing: nil
  ) { sigmas in
    guard let first = sigmas.first, let last = sigmas.last, sigmas.count > 1 else { return sigmas }
    let rho = 7.0
    let (start, end) = (pow(first, 1 / rho), pow(last, 1 / rho))
    return sigmas.indices.map { pow(start + Double($0) / Double(sigmas.count - 1) * (end - start), rho) }
  }
}
