import CPUBackend
import Foundation
import Graph
import Models
import Reference
import TestSupport
import Testing
import Weights

@Suite struct UNetTests {
  @Test(arguments: ["8x8", "10x6", "9x7"]) func matchesDiffusers(size: String) throws {
    try expectDiffusers("sd1_tiny", x: "unet_x_\(size)", out: "unet_out_\(size)")
  }

  /// Stable Diffusion 2's: linear projections, and another number of heads on each level.
  @Test func headsOfLevelsMatchDiffusers() throws {
    try expectDiffusers("sd2_tiny", x: "unet_x", out: "unet_out")
  }

  private func expectDiffusers(_ model: String, x: String, out: String) throws {
    let io = try Golden("\(model).io.safetensors")
    let checkpoint = try Checkpoint(ModelFiles(Fixtures.url(model).path))
    let file = try configurationFile("\(model)/unet/config.json")
    let unet = UNet(checkpoint[.unet], try UNetConfiguration(file))
    try checkpoint.verify()
    let (x, shape) = try io.tensor(x)
    let (context, contextShape) = try io.tensor("unet_context")
    let (timesteps, _) = try io.tensor("unet_t")
    let (expected, _) = try io.tensor(out)

    let plan = Plan(
      unet.graph(
        batch: shape[0], height: shape[2], width: shape[3], tokens: contextShape[1], timesteps: shape[0]))
    let channels = unet.configuration.blockChannels[0]
    var time = [Float](repeating: 0, count: shape[0] * channels)
    time.withUnsafeMutableBufferPointer { time in
      for (index, timestep) in timesteps.enumerated() {
        unet.writeTime(
          Double(timestep),
          into: UnsafeMutableBufferPointer(rebasing: time[index * channels..<(index + 1) * channels]))
      }
    }
    let program = try CPUBackend(threads: 2).prepare(plan)
    let result = try program.run(
      ["context": context], ["latents": x, "time": time], output: "prediction", count: expected.count)
    #expect(largestDifference(result, expected) < 1e-4)
  }
}
