/// The steps of one picture, and the factor of the standard normal noise it starts from.
package struct StepList: Sendable {
  package var steps: [Step]
  /// Latents start as `initialScale * noise` when there is no picture to start from.
  package var initialScale: Double
  /// The levels between and beyond the listed ones.
  package var levels: LevelScale

  package init(steps: [Step], initialScale: Double, levels: LevelScale) {
    self.steps = steps
    self.initialScale = initialScale
    self.levels = levels
  }

  /// The last steps, those that image-to-image runs: `min(floor(N * strength), N)` of N as diffusers counts,
  /// `floor(min(strength, 0.999) * N) + 1` by A1111's rules. (ComfyUI keeps N of `floor(N / strength)`.)
  /// The picture then starts at the first kept step's `from` (`Latents.addNoise`).
  ///
  /// - Parameter strength: 0...1; 1 keeps all.
  /// - Throws: `SamplingError` if it is outside, or so small that no step is left.
  package func kept(strength: Double, in system: NameSystem = .diffusers) throws -> StepList {
    guard strength >= 0, strength <= 1 else {
      throw SamplingError.setting(name: "strength", value: "\(strength)", expected: "0 to 1")
    }
    let count = Double(steps.count)
    let kept =
      system == .a1111
      ? Int((count * min(strength, 0.999)).rounded(.down)) + 1 : Int((count * strength).rounded(.down))
    guard kept > 0 else { throw SamplingError.nothingKept(steps: steps.count, strength: strength) }
    return last(min(kept, steps.count))
  }

  /// The last so many steps.
  package func last(_ count: Int) -> StepList {
    var list = self
    list.steps = Array(steps.suffix(count))
    return list
  }
}
