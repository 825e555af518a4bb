import Graph
import Testing

/// A row of the op table: a small graph, and how far a backend may be from the reference.
struct OpCase: Sendable, CustomTestStringConvertible {
  let name: String
  /// Largest max |a - b| / max |b| over the output, b being the reference's.
  let tolerance: Double
  let batch: Int
  let record: @Sendable (Recorder) -> Tensor

  init(
    _ name: String, tolerance: Double = 1e-5, batch: Int = 1, record: @escaping @Sendable (Recorder) -> Tensor
  ) {
    self.name = name
    self.tolerance = tolerance
    self.batch = batch
    self.record = record
  }

  var testDescription: String { name }

  /// - Parameters:
  ///   - batch: how many pictures, unless it is the row's own number.
  ///   - firstPicture: the pictures' numbers; a picture has the same inputs in any batch.
  func recorded(batch: Int? = nil, firstPicture: Int = 0) -> Recorder {
    let recorder = Recorder(batch: batch ?? self.batch, firstPicture: firstPicture)
    recorder.graph.output("result", record(recorder))
    recorder.graph.eightBitLayers = LayerNames(["*"])
    return recorder
  }
}

/// Records a graph together with the numbers of its parameters and inputs.
final class Recorder {
  let graph = Graph()
  let batch: Int
  let firstPicture: Int
  let source = MemorySource()
  var inputs: [(name: String, rate: Rate, numbers: [Float])] = []
  private var parameters = 0

  init(batch: Int, firstPicture: Int) {
    self.batch = batch
    self.firstPicture = firstPicture
  }

  /// An input `[batch] + shape` of noise with mean `mean`.
  func input(_ shape: Int..., mean: Float = 0, rate: Rate = .step) -> Tensor {
    let name = "input \(inputs.count)"
    let numbers = (0..<batch).flatMap { picture in
      noise("\(name) of picture \(firstPicture + picture)", count: shape.reduce(1, *)).map { $0 + mean }
    }
    inputs.append((name, rate, numbers))
    return graph.input(name, Shape([batch] + shape), rate: rate)
  }

  /// An input `[1, channels]` for all pictures.
  func sharedVector(_ channels: Int) -> Tensor {
    let name = "input \(inputs.count)"
    inputs.append((name, .step, noise(name, count: channels)))
    return graph.input(name, [1, channels], rate: .step)
  }

  /// An input `[batch, tokens]` of whole numbers below `entries`.
  func ids(_ tokens: Int, below entries: Int) -> Tensor {
    let name = "input \(inputs.count)"
    let numbers = (0..<batch).flatMap { picture in
      noise("\(name) of picture \(firstPicture + picture)", count: tokens, scale: 1e4)
        .map { Float(abs(Int($0)) % entries) }
    }
    inputs.append((name, .step, numbers))
    return graph.input(name, [batch, tokens], rate: .step)
  }

  /// A parameter of noise with mean `mean`.
  func parameter(_ shape: Int..., scale: Float = 1, mean: Float = 0) -> Parameter {
    let name = "parameter \(parameters)"
    parameters += 1
    source.store(noise(name, count: shape.reduce(1, *), scale: scale).map { $0 + mean }, as: name)
    return Parameter(source: source, name: name, shape: Shape(shape))
  }

  /// A matrix that keeps the size of its input: `[outputs, depth]`.
  func weight(_ outputs: Int, _ depth: Int) -> Weight {
    Weight([parameter(outputs, depth, scale: 1 / Float(depth).squareRoot())])
  }

  func affine(_ channels: Int, epsilon: Float = 1e-5) -> Affine {
    Affine(
      weight: parameter(channels, scale: 0.3, mean: 1), bias: parameter(channels, scale: 0.3),
      epsilon: epsilon)
  }

  /// Rounds all inputs and parameters to bfloat16, so that storing them so loses nothing more.
  func roundToBFloat16() {
    func rounded(_ x: Float) -> Float {
      guard x.isFinite else { return x }
      let bits = x.bitPattern
      return Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000)
    }
    for index in inputs.indices { inputs[index].numbers = inputs[index].numbers.map(rounded) }
    source.change(rounded)
  }

  /// The result after one prologue and two steps, which must agree.
  /// - Parameter plan: another than the graph's own.
  func run(on backend: any Backend, fusing: Bool = true, plan: Plan? = nil) throws -> [Float] {
    let program = try backend.prepare(plan ?? Plan(graph, fusing: fusing))
    write(.picture, to: program)
    try program.run(.picture)
    let results = try (step(program), step(program))
    #expect(sameBytes(results.0, results.1), "two steps differ")
    return results.1
  }

  /// What the program makes of these inputs.
  func result(of program: any Program) throws -> [Float] {
    write(.picture, to: program)
    try program.run(.picture)
    return try step(program)
  }

  /// Whether each number of the result is finite, for every input with every poison in it.
  func finiteResults(on backend: any Backend, plan: Plan) throws -> [(poison: Poison, isFinite: [Bool])] {
    let program = try backend.prepare(plan)
    var results: [(poison: Poison, isFinite: [Bool])] = []
    for input in inputs.indices {
      for poison in Poison.all {
        let numbers = inputs[input].numbers
        self.poison(poison, input)
        results.append((poison, try result(of: program).map(\.isFinite)))
        inputs[input].numbers = numbers
      }
    }
    return results
  }

  /// The result of one step after the prologue has run.
  @discardableResult
  func step(_ program: any Program, check: () throws -> Void = {}) throws -> [Float] {
    write(.step, to: program)
    try program.run(.step, check: check)
    return read("result", of: program, count: graph.shapes[graph.outputs[0].value].count)
  }

  func write(_ rate: Rate, to program: any Program) {
    for input in inputs where input.rate == rate {
      input.numbers.withUnsafeBufferPointer { program.write($0, to: input.name) }
    }
  }

  /// Puts numbers that are not finite into an input.
  func poison(_ poison: Poison, _ input: Int) {
    let width = poison.wholeRow ? graph.shapes[graph.inputs[input].value].channels : 1
    let first = poison.atEnd ? inputs[input].numbers.count - width : 0
    for index in first..<(first + width) { inputs[input].numbers[index] = poison.number }
  }
}

/// A number that is not finite, in one place or in a row of an input.
struct Poison {
  var number: Float
  var wholeRow = false
  var atEnd = false

  static let all = [
    Poison(number: .nan, wholeRow: true), Poison(number: .nan, atEnd: true), Poison(number: .infinity),
    Poison(number: -.infinity),
  ]
}

func read(_ output: String, of program: any Program, count: Int) -> [Float] {
  var result = [Float](repeating: 0, count: count)
  result.withUnsafeMutableBufferPointer { program.read(output, into: $0) }
  return result
}

func sameBytes(_ a: [Float], _ b: [Float]) -> Bool { a.map(\.bitPattern) == b.map(\.bitPattern) }

/// max |a - b| / max |b|, where both are numbers; infinite if only one of them is, or the counts differ.
func normalisedError(_ a: [Float], from b: [Float]) -> Double {
  guard a.count == b.count else { return .infinity }
  var error = 0.0, largest = Double(Float.leastNormalMagnitude)
  for (a, b) in zip(a, b) {
    if !a.isFinite && !b.isFinite { continue }
    guard a.isFinite && b.isFinite else { return .infinity }
    error = max(error, abs(Double(a) - Double(b)))
    largest = max(largest, abs(Double(b)))
  }
  return error / largest
}

/// Whether a result shows what is not finite in the reference's, and in no other picture.
/// - Parameters:
///   - expected: whether each of the reference's numbers is finite.
///   - result: the same of a backend's.
func shows(_ expected: [Bool], _ result: [Bool], batch: Int) -> Bool {
  let size = expected.count / batch
  return zip(expected, result).allSatisfy { $0 || !$1 }
    && (0..<batch).allSatisfy { picture in
      let range = (picture * size)..<((picture + 1) * size)
      return expected[range].contains(false) || !result[range].contains(false)
    }
}
