import CPUBackend
import Graph

/// The processor, and what the UNet was given and answered.
package final class RecordingBackend: Backend {
  package struct Run {
    package let batch: Int
    package let context: [Float]
    package fileprivate(set) var prediction: [Float]
  }

  private let backend: CPUBackend
  package let bytesAvailable: Int?
  package fileprivate(set) var runs: [Run] = []
  package private(set) var drops = 0
  /// Plans that were made.
  package private(set) var planned = 0
  /// The most that was held at once, and the working memory of all that was prepared since `forget`.
  package private(set) var mostHeld = 0
  package private(set) var scratch = 0

  package init(bytesAvailable: Int?) throws {
    backend = try CPUBackend(threads: 2)
    self.bytesAvailable = bytesAvailable
  }

  package var summary: String { backend.summary }
  package var storages: [Storage] { backend.storages }

  package func weightFormats(for values: Storage) -> [WeightFormat] { backend.weightFormats(for: values) }
  package var bytesHeld: Int { backend.bytesHeld }
  package var arenaBytesHeld: Int { backend.arenaBytesHeld }
  package func arenaBytes(_ plan: Plan) -> Int { backend.arenaBytes(plan) }
  package func scratchBytes(_ plan: Plan) -> Int { backend.scratchBytes(plan) }
  package func weightBytes(_ plans: [Plan]) -> Int { backend.weightBytes(plans) }
  package func missingWeightBytes(_ plans: [Plan]) -> Int { backend.missingWeightBytes(plans) }
  package func dropValues() { backend.dropValues() }

  package func plan(_ graph: Graph, values: Storage, weights: WeightFormat?, strips: Strips?) -> Plan {
    planned += 1
    return backend.plan(graph, values: values, weights: weights, strips: strips)
  }

  package func dropParameters(of source: any WeightSource) {
    drops += 1
    backend.dropParameters(of: source)
  }

  package func prepare(_ plan: Plan) throws -> any Program {
    let program = try backend.prepare(plan)
    mostHeld = max(mostHeld, bytesHeld)
    scratch += scratchBytes(plan)
    guard plan.outputs.contains(where: { $0.name == "prediction" }),
      let latents = plan.inputs.first(where: { $0.name == "latents" })
    else { return program }
    return RecordingProgram(self, program, batch: plan.shapes[latents.value][0])
  }
}

private final class RecordingProgram: Program {
  private let recorder: RecordingBackend
  private let program: any Program
  private let batch: Int
  private var context: [Float] = []

  init(_ recorder: RecordingBackend, _ program: any Program, batch: Int) {
    self.recorder = recorder
    self.program = program
    self.batch = batch
  }

  func write(_ values: UnsafeBufferPointer<Float>, to input: String) {
    if input == "context" { context = Array(values) }
    program.write(values, to: input)
  }

  func run(_ rate: Rate, check: () throws -> Void) throws {
    try program.run(rate, check: check)
    if rate == .step {
      recorder.runs.append(RecordingBackend.Run(batch: batch, context: context, prediction: []))
    }
  }

  func read(_ output: String, into values: UnsafeMutableBufferPointer<Float>) {
    program.read(output, into: values)
    recorder.runs[recorder.runs.count - 1].prediction = Array(values)
  }
}
