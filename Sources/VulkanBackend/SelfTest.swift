import Graph
import Reference

/// Compares kernels with the reference on a small random problem each: drivers have been seen to compile wrongly.
struct SelfTest {
  let context: Context

  /// The variants that a plan would use.
  static func variants(of plan: Plan, _ choices: KernelChoices) -> Set<KernelVariant> {
    Set(plan.nodes.map { KernelVariant(KernelFamily($0.op), choices.method($0, plan), plan.storage) })
  }

  /// Whether a kernel computes what it should.
  /// - Throws: only if the device fails altogether.
  func passes(_ variant: KernelVariant) throws -> Bool {
    var choices = context.choices
    choices.forced = [variant.family: variant.method]
    let trial = Context(context, choices: choices)
    return try SelfTest.problems(variant).allSatisfy { problem in
      let expected = try problem.run(ReferenceBackend().prepare(Plan(problem.graph)))
      let plan = Plan(problem.graph, values: variant.storage, segment: trial.arena.segment)
      let result = try problem.run(VulkanBackend.program(plan, in: trial))
      return SelfTest.agree(result, expected, tolerance: variant.storage == .float32 ? 1e-4 : 1e-2)
    }
  }

  private static func agree(_ a: [Float], _ b: [Float], tolerance: Float) -> Bool {
    let largest = b.reduce(0) { max($0, abs($1)) }
    return zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * largest }
  }

  /// Sizes that fill tiles and leave rests.
  private static func problems(_ variant: KernelVariant) -> [Problem] {
    switch variant.family {
    case .product:
      let window = Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1)
      return [
        Problem { p in
          let x = p.input([2, 9, 11, 36])
          let weight = Weight([p.parameter([72, 36, 3, 3], scale: 0.05)])
          return x.conv2d(weight, window, height: 9, width: 11, bias: [p.parameter([72])])
            .adding(perChannel: p.input([2, 72])).activated(.silu)
        },
        Problem { p in
          let x = p.input([2, 70, 1100]).linear(Weight([p.parameter([136, 1100], scale: 0.03)]))
          return x + p.input([2, 70, 136])
        },
      ]
    case .attention:
      return [40, 64, 256].map { head in
        Problem { p in
          let options = AttentionOptions(heads: 2, scale: 0.15, causal: head == 64)
          return p.input([2, 80, 2 * head]).attention(
            keys: p.input([2, 77, 2 * head]), values: p.input([2, 77, 2 * head]), options)
        }
      }
    case .groupNorm:
      return [Problem { p in p.input([2, 19, 17, 80]).groupNorm(groups: 8, p.affine(80)).activated(.silu) }]
    case .layerNorm: return [Problem { p in p.input([2, 9, 100]).layerNorm(p.affine(100)) }]
    case .rows:
      return [
        Problem { p in
          let (a, b) = (p.input([2, 9, 33]), p.input([2, 9, 33]))
          return (a.activated(.gelu) * b).concat(a + b)
        }
      ]
    case .upsample: return [Problem { p in p.input([2, 5, 7, 9]).upsampled(height: 10, width: 14) }]
    case .embedding:
      return [
        Problem { p in
          p.input([2, 7], wholeBelow: 50).embedding(
            table: p.parameter([50, 24]), positions: p.parameter([9, 24]))
        }
      ]
    }
  }
}

/// A small graph with numbers.
private final class Problem {
  let graph = Graph()
  private let source = Numbers()
  private var inputs: [(name: String, numbers: [Float])] = []
  private var count = 0

  init(_ record: (Problem) -> Tensor) {
    let result = record(self)
    count = result.shape.count
    graph.output("result", result)
  }

  func input(_ shape: Shape, wholeBelow limit: Int? = nil) -> Tensor {
    let name = "input \(inputs.count)"
    var numbers = Numbers.random(name, shape.count, scale: 1)
    if let limit { numbers = numbers.indices.map { Float($0 * 7 % limit) } }
    inputs.append((name, numbers))
    return graph.input(name, shape, rate: .step)
  }

  func parameter(_ shape: Shape, scale: Float = 1) -> Parameter {
    Parameter(source: source, name: "\(scale)", shape: shape)
  }

  func affine(_ channels: Int) -> Affine {
    Affine(weight: parameter([channels]), bias: parameter([channels], scale: 0.5), epsilon: 1e-5)
  }

  func run(_ program: any Program) throws -> [Float] {
    for input in inputs { input.numbers.withUnsafeBufferPointer { program.write($0, to: input.name) } }
    try program.run(.step)
    var result = [Float](repeating: 0, count: count)
    result.withUnsafeMutableBufferPointer { program.read("result", into: $0) }
    return result
  }
}

/// Parameters of noise; a parameter's name is its size.
private final class Numbers: WeightSource {
  func read(_ name: String, elements: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>) {
    let numbers = Numbers.random(name, elements.upperBound, scale: Float(name) ?? 1)
    for (index, element) in elements.enumerated() { destination[index] = numbers[element] }
  }

  /// Numbers in -scale ... scale, the same for the same name (a linear congruential generator).
  static func random(_ name: String, _ count: Int, scale: Float) -> [Float] {
    var state = name.utf8.reduce(UInt64(88_172_645_463_325_252)) { $0 &* 31 &+ UInt64($1) }
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return scale * (Float(state >> 40) / Float(1 << 23) - 1)
    }
  }
}
