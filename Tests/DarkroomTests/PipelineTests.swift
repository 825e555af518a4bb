import Darkroom
import Foundation
import TestSupport
import Testing

@Suite struct Smoke {
  @Test func generates() async throws {
    let engine = try Engine(threads: 2)
    let s = try await engine.load(ModelSource(path: ProcessInfo.processInfo.environment["M"] ?? Fixtures.url("sd1_tiny").path))
    print(s)
    var r = GenerationRequest(prompt: "a photo of a Cat, café (8k)")
    r.negativePrompt = "blurry, low quality"
    r.sampler = "ddim"; r.steps = Int(ProcessInfo.processInfo.environment["STEPS"] ?? "8")!; r.guidanceScale = 7.5; r.seed = 42
    if let z = ProcessInfo.processInfo.environment["SIZE"] { r.width = Int(z); r.height = Int(z) } else { r.width = 64; r.height = 64 }
    print(try await engine.estimate(r))
    try await engine.generate(r, progress: { print($0) }, notice: { print($0) }) { try $0.write(to: "/tmp/out.png") }
  }
}
