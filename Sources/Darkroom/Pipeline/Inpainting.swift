import Sampling

/// Keeps the part of a picture that is not drawn anew, where each system does it: after the step in diffusers, in the
/// network's answer in A1111, around the network in ComfyUI.
struct Inpainting {
  /// The picture's latents, of each picture of the batch.
  let clean: Latents
  /// The noise that the pictures start with.
  let noise: Latents
  /// Of each latent pixel the share that is drawn anew.
  let mask: [Double]
  let system: NameSystem

  /// What the network sees.
  func input(_ x: Latents, at level: NoiseLevel) -> Latents {
    guard system == .comfyui else { return x }
    var kept = clean
    kept.addNoise(noise, at: level)
    return x.mixed(mask, over: kept)
  }

  /// What the network says.
  func correct(_ estimate: inout Latents) {
    if !system.followsDiffusers { estimate = estimate.mixed(mask, over: clean) }
  }

  /// After a step to a level.
  /// - Parameter isLast: then the kept part is without noise, whatever the level.
  func finish(_ x: inout Latents, at level: NoiseLevel, isLast: Bool) {
    guard isLast || system.followsDiffusers else { return }
    var kept = clean
    if !isLast { kept.addNoise(noise, at: level) }
    x = x.mixed(mask, over: kept)
  }
}

extension Latents {
  /// These latents where a mask is 1, others where it is 0.
  func mixed(_ mask: [Double], over kept: Latents) -> Latents {
    var result = kept
    for index in result.values.indices {
      let share = mask[index % mask.count]
      result.values[index] = share * values[index] + (1 - share) * kept.values[index]
    }
    return result
  }
}
