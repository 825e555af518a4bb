import Graph
import Models
import Sampling

/// Asks the UNet for the clean picture: scales the latents, runs both halves of guidance in one batch and combines
/// them, or the conditional half alone in steps that are not guided. All memory is taken at the start; a call
/// allocates nothing but where guidance begins or ends.
final class Denoiser {
  /// Gives the UNet for so many halves of the batch, its context written and prologue run.
  typealias Ready = (_ halves: Int) throws -> any Program

  /// The step that calls belong to, from 0. The caller counts, as samplers differ in their calls a step.
  var step = 0
  private let ready: Ready
  private var program: (any Program)?
  private var halves = 0
  private let guidedSteps: Range<Int>
  private let prediction: Prediction
  private let guidance: Guidance
  private let batch: Int
  private let input: UnsafeMutableBufferPointer<Float>
  private let output: UnsafeMutableBufferPointer<Float>
  private let time: UnsafeMutableBufferPointer<Float>

  /// - Parameter steps: of the pass.
  /// - Throws: what `ready` throws, which is called for the first step.
  init(
    like latents: Latents, timeChannels: Int, prediction: Prediction, guidance: Guidance, steps: Int,
    ready: @escaping Ready
  ) throws {
    self.ready = ready
    self.prediction = prediction
    self.guidance = guidance
    batch = latents.batch
    guidedSteps = guidance.guidedSteps(of: steps)
    let capacity = (guidedSteps.isEmpty ? 1 : 2) * latents.count
    input = .allocate(capacity: capacity)
    output = .allocate(capacity: capacity)
    time = .allocate(capacity: timeChannels)
    _ = try programOfStep()
  }

  deinit {
    input.deallocate()
    output.deallocate()
    time.deallocate()
  }

  /// Programs share one arena, so what the prologue of one has left there is gone once the other has run.
  private func programOfStep() throws -> any Program {
    let needed = guidedSteps.contains(step) ? 2 : 1
    if let program, needed == halves { return program }
    // Where networks take turns in memory, the next must not come before this one has gone.
    program = nil
    let next = try ready(needed)
    (program, halves) = (next, needed)
    return next
  }

  /// Fills `clean` with the estimate of the clean picture in `x`.
  func callAsFunction(_ x: Latents, _ level: NoiseLevel, _ clean: inout Latents) throws {
    let program = try programOfStep()
    let input = UnsafeMutableBufferPointer(rebasing: input[..<(halves * x.count)])
    let output = UnsafeMutableBufferPointer(rebasing: output[..<(halves * x.count)])
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
    prediction.makeClean(
      &clean, output: UnsafeBufferPointer(rebasing: output[..<x.count]), from: x, at: level)
  }
}
