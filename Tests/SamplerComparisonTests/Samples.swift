import SamplerComparison
import Glibc
import Pictures

/// Comparisons made up: errors that fall as a power of the calls, times that grow with them.
enum Samples {
  static let setting = ComparisonSetting(
    engineVersion: "0.3.0", model: "stable-diffusion-v1-5/stable-diffusion-v1-5",
    weights: "9f0c41d2a6b37e58", computes: "avx512, 2 threads",
    precision: "float32", width: 512, height: 512, guidanceScale: 7.5, negativePrompt: "blurry, low quality",
    noise: "one start for all, made by the seed", repeats: 2, referenceCalls: 800)

  struct Method {
    let sampler: String
    let schedule: String
    let order: Double
    /// RMSE at 10 calls.
    let error: Double
    var callsPerStep = 1
    var kind = ComparisonKind.ode
  }

  static let methods: [Method] = [
    ("euler", 1.0, 0.22, 1, ComparisonKind.ode), ("heun", 2.0, 0.12, 2, .ode), ("ddim", 1.0, 0.25, 1, .ode),
    ("dpmpp_2m", 2.0, 0.06, 1, .ode), ("unipc", 2.7, 0.05, 1, .ode), ("dpmpp_2m_sde", 1.4, 0.3, 1, .path),
  ].flatMap { sampler, order, error, calls, kind in
    [("karras", 1.0), ("linspace", 1.5)].map { schedule, factor in
      Method(
        sampler: sampler, schedule: schedule, order: order, error: error * factor, callsPerStep: calls,
        kind: kind)
    }
  }

  /// Six samplers, two schedules, five numbers of steps, two seeds.
  static func results(
    methods: [Method] = methods, steps: [Int] = [4, 8, 16, 32, 64], seeds: [UInt64] = [1, 2],
    prompts: [String] = ["a lighthouse at dusk, oil on canvas"], uncertainty: Double = 0.0004
  ) -> ComparisonResults {
    var cells: [CellRecord] = []
    var references: [ReferenceRecord] = []
    for prompt in prompts.indices {
      for seed in seeds {
        references.append(
          ReferenceRecord(
            prompt: prompt, seed: seed, sampler: "rk4", schedule: "karras", networkCalls: 800, kind: .ode,
            uncertainty: measure(uncertainty), picture: "reference-\(prompt)-\(seed).png"))
        for method in methods {
          if method.kind == .path {
            references.append(pathReference(method, prompt: prompt, seed: seed))
          }
          cells += steps.map { cell(method, steps: $0, seed: seed, prompt: prompt) }
        }
      }
    }
    return ComparisonResults(setting: setting, prompts: prompts, references: references, cells: cells)
  }

  static func cell(_ method: Method, steps: Int, seed: UInt64, prompt: Int = 0) -> CellRecord {
    let calls = method.callsPerStep * steps
    // Seeds differ in how hard they are, not in the order.
    let error = method.error * pow(10 / Double(calls), method.order) * (1 + 0.2 * Double(seed % 3))
    let wobble = 1 + 0.02 * sin(Double(steps * 7 + Int(seed % 100) * 13 + method.sampler.utf8.count * 5))
    let seconds = 0.026 * Double(calls) * wobble
    return CellRecord(
      key: CellKey(
        sampler: method.sampler, schedule: method.schedule, steps: steps, seed: seed, prompt: prompt),
      networkCalls: calls, samplingSeconds: [seconds, seconds * 1.01], decodingSeconds: 0.083,
      measure: method.kind == .none ? nil : measure(error), kind: method.kind, isRepeatable: true,
      picture: "\(method.sampler)-\(method.schedule)-\(steps)-\(prompt)-\(seed).png",
      notices: method.kind == .none ? ["\(method.sampler) draws noise that has no path to refine."] : [])
  }

  static func measure(_ error: Double) -> CellMeasure {
    let psnr = min(100, 12 - 20 * log10(error))
    return CellMeasure(latentRMSE: error, psnr: max(0, psnr), ssim: 1 / (1 + error * error * 4))
  }

  private static func pathReference(_ method: Method, prompt: Int, seed: UInt64) -> ReferenceRecord {
    ReferenceRecord(
      prompt: prompt, seed: seed, sampler: method.sampler, schedule: method.schedule, networkCalls: 1024,
      kind: .path, uncertainty: measure(0.004), picture: "path-\(method.schedule)-\(prompt)-\(seed).png",
      of: SamplingMethod(sampler: method.sampler, schedule: method.schedule))
  }

  /// A picture that blurs into its colours the further it is from its reference.
  static func picture(_ name: String, width: Int = 512, height: Int = 512) -> Picture {
    let hash = name.utf8.reduce(5381) { ($0 &* 33 &+ Int($1)) & 0xFFFF }
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    for y in 0..<height {
      for x in 0..<width {
        let start = 3 * (y * width + x)
        let inside =
          (x - width / 2) * (x - width / 2) + (y - height / 3) * (y - height / 3) < width * width / 25
        pixels[start] = inside ? 250 : UInt8(y * 255 / height)
        pixels[start + 1] = inside ? 220 : UInt8((x * 120 / width + hash % 100))
        pixels[start + 2] = UInt8(200 - y * 150 / height)
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }
}
