/// Turns plans into programs on one device.
package protocol Backend: AnyObject {
  /// What computes, for reports: an instruction set, or a device's name.
  var summary: String { get }

  /// How it can store values, the fastest that keeps the picture first.
  var storages: [Storage] { get }

  /// Bytes that can still be had; nil if its memory is the process's own.
  var bytesAvailable: Int? { get }

  /// Whether the device is gone: nothing on it can be used any more.
  var isLost: Bool { get }

  /// Measures the limits of the hardware.
  func measuredLimits() throws -> HardwareLimits

  /// How it can store weights beside values that are stored so, the one that goes best with them first.
  func weightFormats(for values: Storage) -> [WeightFormat]

  /// Plans a graph as this backend runs it.
  /// - Parameters:
  ///   - values: one of `storages`.
  ///   - weights: one of `weightFormats`; nil for the first.
  ///   - strips: how to save memory; nil to have all values as a whole.
  func plan(_ graph: Graph, values: Storage, weights: WeightFormat?, strips: Strips?) -> Plan

  /// Which kernel a node of a plan gets, in words, where there are several for its op; nil otherwise.
  func kernel(of node: Node, in plan: Plan) -> String?

  /// Whether the device can hold each value of a plan in one piece.
  func holds(_ plan: Plan) -> Bool

  /// What packed parameters and the arena take now, in bytes.
  var bytesHeld: Int { get }

  /// What the arena takes of that.
  var arenaBytesHeld: Int { get }

  /// Bytes of the whole arena that a plan needs: its values, and what kernels keep beside them there. Programs share
  /// one arena, so of several plans the largest counts.
  func arenaBytes(_ plan: Plan) -> Int

  /// Bytes that a plan's program has for itself beside the arena and the weights.
  func scratchBytes(_ plan: Plan) -> Int

  /// Bytes of all packed parameters of these plans, each counted once, whether they are packed yet or not.
  func weightBytes(_ plans: [Plan]) -> Int

  /// Bytes of those that are not packed yet.
  func missingWeightBytes(_ plans: [Plan]) -> Int

  /// What the user should know about how it computes, such as kernels that had to be replaced.
  var remarks: [String] { get }

  /// Whether an error says that there was too little memory, so that dropping other networks may help.
  func isShortage(_ error: any Error) -> Bool

  /// Packs the parameters that the plan names, unless they are packed already, and makes a program.
  /// - Throws: what reading a parameter throws, or an error that says how much memory is missing.
  func prepare(_ plan: Plan) throws -> any Program

  /// Lets the system begin to read what `prepare` will need of the disk. Returns at once.
  func readAhead(_ plan: Plan)

  /// Forgets the packed parameters of a source, when its model is unloaded.
  func dropParameters(of source: any WeightSource)

  /// Gives the arena's memory back. Programs that were prepared before must not run any more.
  func dropValues()
}

/// A plan on a device. All programs of a backend share one arena: the caller runs one after the other, and
/// nothing else between the prologue of a program and its last step.
package protocol Program: AnyObject {
  /// Writes an input, floats of its shape in its layout, right before the part of the program that reads it:
  /// a step's input after the prologue has run, and again before each step, since its memory is used again.
  func write(_ values: UnsafeBufferPointer<Float>, to input: String)

  /// Runs the nodes of this rate: the prologue once per picture, then the rest at each step.
  /// - Parameter check: is called between nodes; what it throws ends the run, for cancelling.
  func run(_ rate: Rate, check: () throws -> Void) throws

  /// Runs the nodes of this rate one at a time, for measuring.
  /// - Returns: the seconds of each, without what lies between them; nil if the device has no clock.
  func secondsPerNode(_ rate: Rate) throws -> [Double]?

  /// Copies an output, in its layout, after the part that makes it.
  func read(_ output: String, into values: UnsafeMutableBufferPointer<Float>)

  /// An output of layout `pixels`, rounded to bytes on the device as `Picture.init(decoded:)` does, and the places
  /// of values that are not finite; nil if the device leaves that to the caller, who reads the output's numbers.
  func readPixels(_ output: String) -> (bytes: [UInt8], notFinite: [Int])?
}

/// What a device can do at most, as measured on it.
package struct HardwareLimits: Sendable {
  /// Floating-point operations per second of matrix products in the storage that `auto` takes; nil if unknown.
  package var matrixOperations: Double?
  /// Floating-point operations per second in float32; nil if unknown.
  package var scalarOperations: Double?
  /// Bytes per second read and written; nil if unknown.
  package var bytes: Double?

  package init(matrixOperations: Double? = nil, scalarOperations: Double? = nil, bytes: Double? = nil) {
    self.matrixOperations = matrixOperations
    self.scalarOperations = scalarOperations
    self.bytes = bytes
  }
}

extension Backend {
  package var storages: [Storage] { [.float32] }
  package var bytesAvailable: Int? { nil }
  package var remarks: [String] { [] }
  package func weightFormats(for values: Storage) -> [WeightFormat] { [WeightFormat(matching: values)] }
  package func plan(_ graph: Graph, values: Storage, weights: WeightFormat?, strips: Strips?) -> Plan {
    Plan(graph, values: values, weights: format(weights, for: values), strips: strips)
  }
  package func plan(_ graph: Graph, values: Storage, strips: Strips? = nil) -> Plan {
    plan(graph, values: values, weights: nil, strips: strips)
  }
  /// The format that a plan gets.
  package func format(_ weights: WeightFormat?, for values: Storage) -> WeightFormat {
    let formats = weightFormats(for: values)
    let format = weights ?? formats[0]
    precondition(formats.contains(format), "\(summary) has no \(format) weights beside \(values) values")
    return format
  }
  package func holds(_ plan: Plan) -> Bool { true }
  package func kernel(of node: Node, in plan: Plan) -> String? { nil }
  package var bytesHeld: Int { 0 }
  package var arenaBytesHeld: Int { 0 }

  package func readAhead(_ plan: Plan) {}
  package func dropValues() {}
  package func isShortage(_ error: any Error) -> Bool { false }
  package var isLost: Bool { false }
  package func measuredLimits() throws -> HardwareLimits { HardwareLimits() }
}

extension Program {
  package func run(_ rate: Rate) throws { try run(rate) {} }
  package func secondsPerNode(_ rate: Rate) throws -> [Double]? { nil }
  package func readPixels(_ output: String) -> (bytes: [UInt8], notFinite: [Int])? { nil }
}
