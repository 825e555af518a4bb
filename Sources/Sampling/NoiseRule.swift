/// Where the noise of a request's pictures comes from: the same seed means different pictures in different programs.
public struct NoiseRule: Sendable, Equatable {
  /// The random numbers.
  public enum Generator: String, Codable, Sendable, CaseIterable {
    /// torch's CPU generator: diffusers with a CPU generator, ComfyUI, A1111 with "CPU".
    case torchCPU = "torch-cpu"
    /// CUDA's numbers: A1111 with "GPU" or "NV", stable-diffusion.cpp.
    case nvidia

    func source(_ seed: UInt64) -> any NoiseSource {
      switch self {
      case .torchCPU: TorchNoise(seed: seed)
      case .nvidia: PhiloxNoise(seed: seed)
      }
    }
  }

  /// How the pictures of a batch share them.
  public enum Batch: String, Codable, Sendable, CaseIterable {
    /// Picture k draws from its own generator with seed + k: A1111, stable-diffusion.cpp, diffusers with a list of
    /// generators. A picture does not depend on its batch.
    case perPicture = "per-picture"
    /// One generator draws all pictures as one tensor, now and at every step: diffusers with one generator.
    case oneTensor = "one-tensor"
    /// The same, with the noise of the steps from a second generator with seed + 1: ComfyUI on the CPU.
    case comfyUI = "comfyui"
  }

  package var generator: Generator
  package var batch: Batch
  package var steps: Sampler.StepNoise

  package init(
    generator: Generator = .torchCPU, batch: Batch = .perPicture, steps: Sampler.StepNoise = .generator
  ) {
    (self.generator, self.batch, self.steps) = (generator, batch, steps)
  }

  /// One picture's noise with a variation.
  package func source(
    seed: UInt64, varied variation: NoiseVariation, shape: (channels: Int, height: Int, width: Int),
    path: ClosedRange<Double>
  ) -> any NoiseSource {
    VariationNoise(
      source(seed: seed, pictures: 0..<1, of: 1, path: path), variation,
      other: generator.source(variation.seed), shape: shape)
  }

  /// The noise of some of a request's pictures, which are sampled together.
  ///
  /// - Parameters:
  ///   - seed: of the request.
  ///   - pictures: which of the request's pictures.
  ///   - count: pictures of the request.
  ///   - path: where a Brownian path begins and ends (`LevelScale.pathTime`).
  package func source(
    seed: UInt64, pictures: Range<Int>, of count: Int, path: ClosedRange<Double>
  ) -> any NoiseSource {
    func source(_ seed: UInt64) -> any NoiseSource {
      let numbers = generator.source(seed)
      guard steps == .brownian, path.lowerBound < path.upperBound else { return numbers }
      return BrownianNoise(
        seed: seed, smallest: path.lowerBound, largest: path.upperBound, start: numbers)
    }
    switch batch {
    case .perPicture:
      return BatchNoise(pictures.map { source(seed &+ UInt64($0)) })
    case .oneTensor:
      return TensorNoise(source(seed), keeping: pictures, of: count)
    case .comfyUI:
      // ComfyUI's Brownian path has the seed itself; only its plain step noise has the next one.
      let steps = self.steps == .brownian ? nil : generator.source(seed &+ 1)
      return TensorNoise(source(seed), steps: steps, keeping: pictures, of: count)
    }
  }
}

extension StepList {
  /// The noise levels above zero that the steps begin and end at: where k-diffusion's Brownian paths begin and end.
  package var noisyRange: ClosedRange<Double> {
    let times = steps.flatMap { [$0.from, $0.to] }.map(levels.pathTime(of:)).filter { $0 > 0 && $0.isFinite }
    return (times.min() ?? 0)...(times.max() ?? 0)
  }
}
