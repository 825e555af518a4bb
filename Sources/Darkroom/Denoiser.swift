import Graph
import Models
import Sampling

/// Asks the UNet for the clean picture: scales the latents, runs both halves of guidance in one batch,
/// combines them. All memory is taken at the start; a call allocates nothing.
final class Denoiser {
  private let program: any Program
  private let prediction: Prediction
  private let guidance: Guidance
  private let batch: Int
  private let halves: Int
  private let input: UnsafeMutableBufferPointer<Float>
  private let output: UnsafeMutableBufferPointer<Float>
  private let time: UnsafeMutableBufferPointer<Float>

  /// - Parameter program: the UNet for `halves` times the batch of `latents`, its context written and prologue run.
  init(
    _ program: any Program, like latents: Latents, timeChannels: Int, prediction: Prediction,
    guidance: Guidance
  ) {
    self.program = program
    self.prediction = prediction
    self.guidance = guidance
    batch = latents.batch
    halves = guidance.usesUnconditional ? 2 : 1
    input = .allocate(capacity: halves * latents.count)
    output = .allocate(capacity: halves * latents.count)
    time = .allocate(capacity: timeChannels)
  }

  deinit {
    input.deallocate()
    output.deallocate()
    time.deallocate()
  }

  /// Fills `clean` with the estimate of the clean picture in `x`.
  func callAsFunction(_ x: Latents, _ level: NoiseLevel, _ clean: inout Latents) throws {
    x.values.withUnsafeBufferPointer { values in
      for half in 0..<halves {
        let part = UnsafeMutableBufferPointer(
          rebasing: input[half * values.count..<(half + 1) * values.count])
        prediction.scaleInput(values, into: part, at: level)
      }
    }
    UNet.writeTime(level.timestep, into: time)
    program.write(UnsafeBufferPointer(input), to: "latents")
    program.write(UnsafeBufferPointer(time), to: "time")
    try program.run(.step) { try Task.checkCancellation() }
    program.read("prediction", into: output)
    if halves == 2 { guidance.combine(output, batch: batch) }
    clean.values.withUnsafeMutableBufferPointer { clean in
      for index in clean.indices { clean[index] = output[index] }
    }
    prediction.makeClean(&clean, from: x, at: level)
  }
}
