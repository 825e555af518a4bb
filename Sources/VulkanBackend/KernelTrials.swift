import Graph
import Reference

/// What a kernel is tested with: small, and with sizes that fill tiles and leave rests.
enum TrialKind: Hashable {
  case convolution(quads: Bool)
  /// Of values that are stored in float32 whatever the storage of others.
  case wideConvolution(quads: Bool)
  /// Deep enough to be cut into slices.
  case linear(quads: Bool)
  case attention(head: Int, pictures: Int, queries: Int, causal: Bool)
  case groupNorm(quads: Bool)
  case layerNorm
  case rows(quads: Bool)
  case upsample(quads: Bool)
  case embedding
  case layouts
  case pixels

  /// What shows whether a kernel is right.
  static func of(_ kernel: KernelKey) -> [TrialKind] {
    let constants = kernel.constants.map { Int($0) }
    let stem = ["product", "attention"].first { kernel.name.hasPrefix($0) } ?? kernel.name
    switch stem {
    case "product":
      // Matrix kernels for wide values are others, and not all take slices, which the linear layer has.
      if kernel.subgroupSize != nil {
        return constants[7] == 1
          ? [.wideConvolution(quads: true)] : [.linear(quads: true), .convolution(quads: true)]
      }
      let quads = kernel.name != "product" || constants[5] == 1
      return [.convolution(quads: quads), .wideConvolution(quads: quads), .linear(quads: quads)]
    case "pack": return [.linear(quads: true)]
    case "reduce": return [.linear(quads: constants == [1])]
    case "attention":
      // One result a thread takes long, and has no tiles to fill.
      let isPlain = kernel.name == "attention_plain"
      return [false, true].map {
        .attention(
          head: constants[isPlain ? 0 : 1], pictures: isPlain ? constants[1] : 2, queries: isPlain ? 5 : 80,
          causal: $0)
      }
    case "group_norm_apply", "group_norm_measure": return [.groupNorm(quads: constants == [1])]
    case "group_norm_merge", "group_norm_plain": return [.groupNorm(quads: true)]
    case "layer_norm", "layer_norm_plain": return [.layerNorm]
    case "rows": return [.rows(quads: constants == [1])]
    case "upsample": return [.upsample(quads: constants == [1])]
    case "embedding": return [.embedding]
    case "transfer": return [.layouts]
    case "pixels": return [.pixels]
    default: preconditionFailure("there is no test of \(kernel)")
    }
  }

  /// Some of everything that networks do.
  static let all: [TrialKind] =
    [.layouts]
    + [true, false].flatMap {
      [
        .convolution(quads: $0), .wideConvolution(quads: $0), .linear(quads: $0), .groupNorm(quads: $0),
        .rows(quads: $0), .upsample(quads: $0),
      ]
    }
    // Heads of text encoders, denoisers and autoencoders.
    + [40, 64, 80, 160, 512].map { .attention(head: $0, pictures: 2, queries: 80, causal: false) }
    + [.layerNorm, .embedding, .pixels]

  fileprivate func record(_ p: Problem) -> Tensor {
    switch self {
    case .convolution(let quads): return TrialKind.convolution(p, p.input([2, 9, 11, quads ? 40 : 35]))
    case .wideConvolution(let quads):
      return TrialKind.convolution(p, p.input([2, 9, 11, quads ? 40 : 35]).wideRange)
    case .linear(let quads):
      let (channels, outputs) = quads ? (1112, 136) : (1101, 135)
      let x = p.input([2, 70, channels]).linear(Weight([p.parameter([outputs, channels], scale: 0.03)]))
      return x + p.input([2, 70, outputs])
    case .attention(let head, let pictures, let queries, let causal):
      let options = AttentionOptions(heads: 2, scale: 0.15, causal: causal)
      let shape: Shape = [pictures, queries - 3, 2 * head]
      let (keys, values) = (p.input(shape), p.input(shape))
      return p.input([pictures, queries, 2 * head]).attention(keys: keys, values: values, options)
    case .groupNorm(let quads):
      let channels = quads ? 80 : 78
      return p.input([2, 19, 17, channels]).groupNorm(groups: quads ? 8 : 6, p.affine(channels)).activated(
        .silu)
    case .layerNorm: return p.input([2, 9, 100]).layerNorm(p.affine(100))
    case .rows(let quads):
      let shape: Shape = [2, 9, quads ? 36 : 33]
      let (a, b) = (p.input(shape), p.input(shape))
      return (a.activated(.gelu) * b).concat(a + b)
    case .upsample(let quads): return p.input([2, 5, 7, quads ? 12 : 9]).upsampled(height: 10, width: 14)
    case .embedding:
      return p.input([2, 7], wholeBelow: 50)
        .embedding(table: p.parameter([50, 24]), positions: p.parameter([9, 24]))
    case .layouts: return p.input([2, 5, 7, 3], layout: .channelsFirst)
    case .pixels: return p.input([1, 5, 7, 3])
    }
  }

  private static func convolution(_ p: Problem, _ x: Tensor) -> Tensor {
    let weight = Weight([p.parameter([136, x.shape.channels, 3, 3], scale: 0.05)])
    let window = Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1)
    return x.conv2d(weight, window, height: 9, width: 11, bias: [p.parameter([136])])
      .adding(perChannel: p.input([2, 136])).activated(.silu)
  }

  fileprivate var outputLayout: Layout { self == .pixels ? .pixels : .asIs }
}

/// Compares kernels with the reference on small problems: drivers have been seen to compile wrongly.
final class KernelTrials {
  private var problems: [TrialKind: Problem] = [:]

  private func problem(_ kind: TrialKind) -> Problem {
    let problem = problems[kind] ?? Problem(kind)
    problems[kind] = problem
    return problem
  }

  /// Whether a kernel computes what it should.
  /// - Parameter choices: what is known of the others.
  /// - Throws: what compiling and running it throws.
  func passes(_ kernel: KernelKey, _ choices: KernelChoices, on context: Context) throws -> Bool {
    var choices = choices
    choices.tried = kernel
    let trial = Context(context, choices: choices)
    // The modules for matrices are of float16 alone.
    let storage: Storage = kernel.half || kernel.subgroupSize != nil ? .float16 : .float32
    return try TrialKind.of(kernel).allSatisfy { kind in
      let problem = problem(kind)
      let plan = Plan(problem.graph, values: storage, segment: trial.arena.segment)
      guard Lowering.kernels(of: plan, choices).contains(kernel) || kind != TrialKind.of(kernel).last else {
        return false
      }
      try KernelTrials.poison(Lowering.arenaBytes(plan, trial), in: trial)
      let result = try problem.run(VulkanBackend.program(plan, in: trial))
      let expected = try problem.expected()
      // Pixels are rounded to whole numbers.
      let tolerance: Float = kind == .pixels ? 0.6 / 255 : storage == .float32 ? 1e-4 : 1e-2
      return KernelTrials.agree(result, expected, tolerance: tolerance)
    }
  }

  /// Fills the arena with what is no number. What a kernel leaves out would otherwise be what the one before it wrote there,
  /// and right.
  private static func poison(_ bytes: Int, in context: Context) throws {
    let (graph, count) = (Graph(), bytes / MemoryLayout<Float>.stride)
    graph.output("x", graph.input("x", [count], rate: .step))
    let program = try VulkanBackend.program(Plan(graph, segment: context.arena.segment), in: context)
    [Float](repeating: .nan, count: count).withUnsafeBufferPointer { program.write($0, to: "x") }
    try program.run(.step)
  }

  private static func agree(_ a: [Float], _ b: [Float], tolerance: Float) -> Bool {
    let largest = b.reduce(0) { max($0, abs($1)) }
    return zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * largest }
  }

  /// The plainest kernel for each kind of work.
  func plainest(_ storage: Storage, _ choices: KernelChoices) -> [KernelKey] {
    var choices = choices
    choices.usesPlainest = true
    return kernels(TrialKind.all, storage, choices)
  }

  /// The kernels for all kinds of work, those that would take their place, and so on.
  func common(_ storages: [Storage], _ choices: KernelChoices) -> [KernelKey] {
    storages.flatMap { storage in
      var (found, choices) = ([KernelKey](), choices)
      choices.verdicts = [:]
      while true {
        let next = kernels(TrialKind.all, storage, choices).filter { choices.verdicts[$0] == nil }
        if next.isEmpty { return found }
        for kernel in next { choices.verdicts[kernel] = .wrong }
        found += next
      }
    }
  }

  private func kernels(_ kinds: [TrialKind], _ storage: Storage, _ choices: KernelChoices) -> [KernelKey] {
    var seen: Set<KernelKey> = []
    return kinds.flatMap { Lowering.kernels(of: Plan(problem($0).graph, values: storage), choices) }
      .filter { seen.insert($0).inserted }
  }
}

/// A small graph with numbers.
private final class Problem {
  let graph = Graph()
  private let source = Numbers()
  private var inputs: [(name: String, numbers: [Float])] = []
  private var count = 0
  private var reference: [Float]?

  init(_ kind: TrialKind) {
    let result = kind.record(self)
    count = result.shape.count
    graph.output("result", result, layout: kind.outputLayout)
  }

  /// The reference's numbers.
  func expected() throws -> [Float] {
    let numbers = try reference ?? run(ReferenceBackend().prepare(Plan(graph)))
    reference = numbers
    return graph.outputs[0].layout == .pixels ? numbers.map { max(0, min(255, $0 * 127.5 + 127.5)) } : numbers
  }

  func input(_ shape: Shape, layout: Layout = .asIs, wholeBelow limit: Int? = nil) -> Tensor {
    let name = "input \(inputs.count)"
    var numbers = Numbers.random(name, shape.count, scale: 1)
    if let limit { numbers = numbers.indices.map { Float($0 * 7 % limit) } }
    inputs.append((name, numbers))
    return graph.input(name, shape, rate: .step, layout: layout)
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
    if let pixels = program.readPixels("result") { return pixels.bytes.map(Float.init) }
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
