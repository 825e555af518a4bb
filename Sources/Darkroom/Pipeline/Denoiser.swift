import Families
import Graph
import Sampling

/// Asks the network for the clean picture: scales the latents, runs all predictions of guidance in one batch and
/// combines them, or the last alone in steps that are not guided. All memory is taken at the start; a call allocates
/// nothing but where guidance begins or ends.
final class Denoiser {
  /// Gives the network for so many predictions, its conditioning written and prologue run.
  typealias Ready = (_ predictions: Int) throws -> any Program

  /// The step that calls belong to, from 0. The caller counts, as samplers differ in their calls a step.
  var step = 0
  private let ready: Ready
  private var program: (any Program)?
  private var predictions = 0
  /// Of guided steps.
  private let guidedPredictions: Int
  private let guidedSteps: Range<Int>
  private let prediction: Prediction
  private let guidance: Guidance
  private let batch: Int
  private let input: UnsafeMutableBufferPointer<Float>
  private let output: UnsafeMutableBufferPointer<Float>
  private let stepInputs: [(input: StepInput, values: UnsafeMutableBufferPointer<Float>)]

  /// - Parameters:
  ///   - predictions: that guided steps combine.
  ///   - steps: of the pass.
  /// - Throws: what `ready` throws, which is called for the first step.
  init(
    like latents: Latents, _ model: any DiffusionModel, _ prediction: Prediction, guidance: Guidance,
    predictions: Int, steps: Int,
    ready: @escaping Ready
  ) throws {
    self.ready = ready
    self.guidance = guidance
    self.prediction = prediction
    batch = latents.batch
    guidedSteps = guidance.guidedSteps(of: steps)
    guidedPredictions = predictions
    let capacity = (guidedSteps.isEmpty ? 1 : predictions) * latents.count
    input = .allocate(capacity: capacity)
    output = .allocate(capacity: capacity)
    stepInputs = model.stepInputs.map { ($0, .allocate(capacity: $0.count)) }
    _ = try programOfStep()
  }

  deinit {
    input.deallocate()
    output.deallocate()
    for (_, values) in stepInputs { values.deallocate() }
  }

  /// Programs share one arena, so what the prologue of one has left there is gone once the other has run.
  private func programOfStep() throws -> any Program {
    let needed = guidedSteps.contains(step) ? guidedPredictions : 1
    if let program, needed == predictions { return program }
    // Where networks take turns in memory, the next must not come before this one has gone.
    program = nil
    let next = try ready(needed)
    (program, predictions) = (next, needed)
    return next
  }

  /// Fills `clean` with the estimate of the clean picture in `x`.
  func callAsFunction(_ x: Latents, _ level: NoiseLevel, _ clean: inout Latents) throws {
    let program = try programOfStep()
    let input = UnsafeMutableBufferPointer(rebasing: input[..<(predictions * x.count)])
    let output = UnsafeMutableBufferPointer(rebasing: output[..<(predictions * x.count)])
    x.values.withUnsafeBufferPointer { values in
      for row in 0..<predictions {
        let part = UnsafeMutableBufferPointer(
          rebasing: input[row * values.count..<(row + 1) * values.count])
        prediction.scaleInput(values, into: part, at: level)
      }
    }
    program.write(UnsafeBufferPointer(input), to: "latents")
    for (input, values) in stepInputs {
      input.write(level, values)
      program.write(UnsafeBufferPointer(values), to: input.name)
    }
    try program.run(.step) { try Task.checkCancellation() }
    program.read("prediction", into: output)
    if predictions > 1 { guidance.combine(output, batch: batch) }
    prediction.makeClean(
      &clean, output: UnsafeBufferPointer(rebasing: output[..<x.count]), from: x, at: level)
  }
}
