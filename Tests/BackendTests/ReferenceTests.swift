import Graph
import Reference
import Testing

/// The meaning of each op, in numbers that can be checked by hand.
@Suite struct ReferenceTests {
  let graph = Graph()
  let source = MemorySource()

  func parameter(_ name: String, _ shape: Shape, _ numbers: [Float]) -> Parameter {
    source.store(numbers, as: name)
    return Parameter(source: source, name: name, shape: shape)
  }

  func input(_ shape: Shape, layout: Layout = .asIs) -> Tensor {
    graph.input("\(graph.inputs.count)", shape, rate: .step, layout: layout)
  }

  func run(_ inputs: [[Float]], _ result: Tensor, layout: Layout = .asIs) throws -> [Float] {
    graph.output("result", result, layout: layout)
    let program = try ReferenceBackend().prepare(Plan(graph))
    for (index, numbers) in inputs.enumerated() {
      numbers.withUnsafeBufferPointer { program.write($0, to: "\(index)") }
    }
    try program.run(.step)
    return read("result", of: program, count: result.shape.count)
  }

  func near(_ a: [Float], _ b: [Float]) -> Bool { normalisedError(a, from: b) < 1e-6 }

  @Test func linear() throws {
    let weight = Weight([parameter("w", [1, 2], [1, 2]), parameter("v", [1, 2], [3, 4])])
    let result = input([2, 2]).linear(weight, bias: [parameter("b", [2], [100, 200])])
    #expect(try run([[1, 0, 10, 1]], result) == [101, 203, 112, 234])
  }

  @Test func theEpiloguesOrder() throws {
    let weight = Weight([parameter("w", [1, 1], [1])])
    let x = input([1, 1, 1, 1]).linear(weight, bias: [parameter("b", [1], [0.25])])
    let result =
      x.adding(perChannel: input([1, 1])).activated(.silu) * input([1, 1, 1, 1]) + input([1, 1, 1, 1])
    // silu(0.25 + 0.25 + 0.5) = 0.7310586, times 2, plus 3
    #expect(near(try run([[0.25], [0.5], [2], [3]], result), [4.4621172]))
  }

  /// A kernel with a one in a corner moves the picture; zeros come in at the edges.
  @Test func conv2d() throws {
    let corner = Weight([parameter("w", [1, 1, 3, 3], [1, 0, 0, 0, 0, 0, 0, 0, 10])])
    let x = input([1, 2, 3, 1])
    let padded = Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1)
    let result = x.conv2d(corner, padded, height: 2, width: 3, bias: [])
    #expect(try run([[1, 2, 3, 4, 5, 6]], result) == [50, 60, 0, 0, 1, 2])
  }

  @Test func conv2dWithPaddingBelowAndStride() throws {
    let sum = Weight([parameter("w", [1, 1, 3, 3], Array(repeating: 1, count: 9))])
    let window = Window(kernel: 3, stride: 2, padTop: 0, padLeft: 0)
    let result = input([1, 2, 4, 1]).conv2d(sum, window, height: 1, width: 2, bias: [])
    #expect(try run([[1, 2, 3, 4, 10, 20, 30, 40]], result) == [66, 77])
  }

  /// Weights are `[out, in, height, width]`, pictures have their channels last.
  @Test func conv2dOfChannels() throws {
    let weight = Weight([parameter("w", [2, 2, 1, 1], [1, 2, 3, 4])])
    let window = Window(kernel: 1, stride: 1, padTop: 0, padLeft: 0)
    let result = input([1, 1, 2, 2]).conv2d(weight, window, height: 1, width: 2, bias: [])
    #expect(try run([[1, 10, 100, 1000]], result) == [21, 43, 2100, 4300])
  }

  @Test func groupNorm() throws {
    let affine = Affine(
      weight: parameter("w", [4], [1, 1, 2, 2]), bias: parameter("b", [4], [0, 0, 0, 5]), epsilon: 0)
    let result = input([1, 1, 2, 4]).groupNorm(groups: 2, affine)
    // Groups {1, 1, 3, 3} and {0, 10, 0, 10}
    #expect(near(try run([[1, 1, 0, 10, 3, 3, 0, 10]], result), [-1, -1, -2, 7, 1, 1, -2, 7]))
  }

  @Test func layerNorm() throws {
    let affine = Affine(weight: parameter("w", [2], [1, 3]), bias: parameter("b", [2], [0, 1]), epsilon: 3)
    // Deviations ±1, variance 1, plus 3: half of them
    #expect(near(try run([[1, 3, 7, 5]], input([2, 2]).layerNorm(affine)), [-0.5, 2.5, 0.5, -0.5]))
  }

  @Test(
    arguments: [
      (Activation.silu, [0, 0.7310586, -0.2689414]), (.gelu, [0, 0.8413447, -0.1586553]),
      (.quickGelu, [0, 0.8457958, -0.1542042]), (.leakyReLU(slope: 0.25), [0, 1, -0.25]),
      (.scaled(by: 0.25), [0, 0.25, -0.25]),
    ] as [(Activation, [Float])])
  func activations(_ function: Activation, _ expected: [Float]) throws {
    #expect(near(try run([[0, 1, -1]], input([1, 3]).activated(function)), expected))
  }

  /// Scores 0 and ln 3 give the weights 1/4 and 3/4; the second head sees equal keys.
  @Test func attention() throws {
    let (q, k, v) = (input([1, 1, 2]), input([1, 2, 2]), input([1, 2, 2]))
    let result = q.attention(keys: k, values: v, AttentionOptions(heads: 2, scale: 0.5, causal: false))
    #expect(near(try run([[2, 1], [0, 7, 1.0986123, 7], [4, 10, 8, 20]], result), [7, 15]))
  }

  @Test func causalAttention() throws {
    let x = input([1, 3, 1])
    let zero = input([1, 3, 1])
    let result = zero.attention(keys: x, values: x, AttentionOptions(heads: 1, scale: 1, causal: true))
    #expect(near(try run([[3, 5, 1], [0, 0, 0]], result), [3, 4, 3]))
  }

  @Test func concat() throws {
    #expect(try run([[1, 2], [3, 4, 5, 6]], input([2, 1]).concat(input([2, 2]))) == [1, 3, 4, 2, 5, 6])
  }

  @Test(
    arguments: [((1, 3), [1, 1, 2]), ((1, 5), [1, 1, 1, 2, 2]), ((2, 1), [1, 1])] as [((Int, Int), [Float])])
  func upsample(to size: (Int, Int), _ expected: [Float]) throws {
    #expect(try run([[1, 2]], input([1, 1, 2, 1]).upsampled(height: size.0, width: size.1)) == expected)
  }

  @Test func embedding() throws {
    let (table, positions) = (
      parameter("t", [2, 2], [1, 2, 3, 4]), parameter("p", [3, 2], [10, 20, 30, 40, 50, 60])
    )
    let result = try run([[1, 0, 0, 1]], input([2, 2]).embedding(table: table, positions: positions))
    #expect(result == [13, 24, 31, 42, 11, 22, 33, 44])
  }

  @Test func anIdOutsideTheTableIsNotHidden() throws {
    let result = input([1, 4]).embedding(table: parameter("t", [2, 1], [1, 2]), positions: nil)
    let rows = try run([[1, 2, -1, .nan]], result)
    #expect(rows[0] == 2 && rows[1...].allSatisfy { $0.isNaN })
  }

  @Test func vectorsBelongToTheirPicture() throws {
    let result = input([2, 1, 2, 1]).adding(perChannel: input([2, 1]))
    #expect(try run([[1, 2, 3, 4], [10, 20]], result) == [11, 12, 23, 24])
  }

  @Test func channelsFirst() throws {
    let x = input([1, 1, 3, 2], layout: .channelsFirst)
    #expect(try run([[1, 2, 3, 10, 20, 30]], x.concat(x)) == [1, 10, 1, 10, 2, 20, 2, 20, 3, 30, 3, 30])
  }

  @Test func channelsFirstOutput() throws {
    let x = input([2, 1, 2, 1])
    let result = try run(
      [[1, 2, 3, 4], [10, 20, 30, 40]], x.concat(input([2, 1, 2, 1])), layout: .channelsFirst)
    #expect(result == [1, 2, 10, 20, 3, 4, 30, 40])
  }

  @Test func aMissingTensorThrows() {
    let missing = Parameter(source: source, name: "missing", shape: [2, 2])
    graph.output("result", input([1, 2]).linear(Weight([missing])))
    #expect(throws: MemorySource.Missing.self) { try ReferenceBackend().prepare(Plan(graph)) }
  }

  /// Fusion changes where numbers are rounded, and nothing else.
  @Test(arguments: OpTable.rows) func fusedEqualsUnfused(_ row: OpCase) throws {
    let recorder = row.recorded()
    let (fused, unfused) = (
      try recorder.run(on: ReferenceBackend()), try recorder.run(on: ReferenceBackend(), fusing: false)
    )
    #expect(normalisedError(fused, from: unfused) <= 1e-6)
  }
}
