import CPUBackend
import Graph
import Reference
import TestSupport
import Testing
import VulkanBackend

/// Plans in strips against plans with whole values, on random networks of pictures.
@Suite struct StripsTests {
  /// Ways to cut: what is kept, and how high strips are.
  static func plans(_ recorder: Recorder, seed: UInt64, plan: (Strips?) -> Plan) -> [Plan] {
    let kept = plan(Strips(count: 3))
    var random = SeededGenerator(seed: seed)
    let some = Set(kept.optional.filter { _ in Bool.random(using: &random) })
    return [
      kept, plan(Strips(count: 100)), plan(Strips(count: 2, recomputed: some)),
      plan(Strips(count: 100, recomputed: Set(kept.optional))),
    ]
  }

  @Test func theReferenceIsTheSameInStrips() throws {
    var passes = 0
    for seed in UInt64(0)..<60 {
      let recorder = RandomNetwork(seed: seed).recorder
      let whole = try recorder.run(on: ReferenceBackend())
      for plan in StripsTests.plans(recorder, seed: seed, plan: { Plan(recorder.graph, strips: $0) }) {
        let result = try recorder.run(on: ReferenceBackend(), plan: plan)
        #expect(
          normalisedError(result, from: whole) <= 2e-6, "seed \(seed), \(String(describing: plan.strips))")
        passes += plan.nodes.filter { $0.part != nil }.count
      }
    }
    #expect(passes > 1000, "the random networks must have something to cut")
  }

  @Test(arguments: InstructionSet.available)
  func theProcessorIsTheSameInStrips(_ instructions: InstructionSet) throws {
    for storage in instructions.storages {
      for seed in UInt64(0)..<30 {
        let recorder = RandomNetwork(seed: seed).recorder
        let backend = try CPUBackend(threads: 2, instructions: instructions)
        let whole = try recorder.run(on: backend, plan: backend.plan(recorder.graph, values: storage))
        let plans = StripsTests.plans(recorder, seed: seed) {
          backend.plan(recorder.graph, values: storage, strips: $0)
        }
        for plan in plans {
          let result = try recorder.run(on: backend, plan: plan)
          // Another last bit of the statistics may round a number of 8 bits the other way.
          let tolerance = storage == .float32 ? 1e-4 : 2e-2
          #expect(
            normalisedError(result, from: whole) <= tolerance,
            "\(storage), seed \(seed), \(String(describing: plan.strips))")
        }
      }
    }
  }

  @Test(arguments: [Storage.float32, .float16]) func vulkanIsTheSameInStrips(_ storage: Storage) async throws
  {
    for seed in UInt64(0)..<12 {
      let recorder = RandomNetwork(seed: seed).recorder
      try await SoftwareDevice.with { backend in
        let whole = try recorder.run(on: backend, plan: backend.plan(recorder.graph, values: storage))
        let plans = StripsTests.plans(recorder, seed: seed) {
          backend.plan(recorder.graph, values: storage, strips: $0)
        }
        for plan in plans {
          try backend.poisonArena(for: plan)
          let result = try recorder.run(on: backend, plan: plan)
          #expect(
            normalisedError(result, from: whole) <= (storage == .float32 ? 1e-4 : 5e-3),
            "seed \(seed), \(String(describing: plan.strips))")
        }
      }
    }
  }
}

/// Blocks as in autoencoders, in random order: norms, convolutions, halving, doubling, sums, slices, attention.
private struct RandomNetwork {
  let recorder = Recorder(batch: 1, firstPicture: 0)
  private var random: SeededGenerator
  private var made: [Tensor] = []

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed &* 77 &+ 5)
    let rate: Rate = seed % 2 == 0 ? .picture : .step
    var x = recorder.input(number(5...14), number(3...9), 4 * number(1...4), rate: rate)
    for _ in 0..<number(2...7) {
      made.append(x)
      x = extend(x)
      if number(0...4) == 0 { x = x.wideRange }
    }
    recorder.graph.output("result", conv(norm(x), to: 3))
  }

  private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  private mutating func extend(_ x: Tensor) -> Tensor {
    switch number(0...9) {
    case 0, 1, 2:
      // A residual block, which may change its channels.
      let channels = number(0...1) == 0 ? x.shape.channels : 4 * number(1...4)
      let h = conv(norm(conv(norm(x), to: channels)), to: channels)
      return h + (channels == x.shape.channels ? x : conv(x, to: channels, kernel: 1))
    case 3:
      let factor = number(2...3)
      guard x.shape.rows < 300 else { return conv(x, to: 8) }
      return conv(x.upsampled(height: factor * x.shape[1], width: 2 * x.shape[2]), to: x.shape.channels)
    case 4:
      // Zeros below and on the right alone.
      guard x.shape[1] > 4, x.shape[2] > 4 else { return norm(x) }
      return conv(x, to: x.shape.channels, stride: 2)
    case 5:
      let tokens = norm(x).asSequence
      let options = AttentionOptions(heads: 1, scale: 0.5, causal: false)
      return tokens.attention(keys: tokens, values: tokens, options).reshaped(x.shape) + x
    case 6:
      let vector = recorder.input(x.shape.channels, rate: .picture)
      return conv(norm(x), to: x.shape.channels).adding(perChannel: vector) * x
    case 7:
      let half = x.shape.channels / 2
      return x.channels(0..<half).groupNorm(groups: 1, recorder.affine(half))
        .concat(x.channels(half..<2 * half))
    case 8:
      let earlier = made.filter { $0.shape == x.shape }
      return earlier.isEmpty ? x.activated(.gelu) : x + earlier[number(0...(earlier.count - 1))]
    default: return x.linear(recorder.weight(12, x.shape.channels))
    }
  }

  private mutating func norm(_ x: Tensor) -> Tensor {
    let groups = x.shape.channels % 4 == 0 ? number(1...2) * 2 : 1
    return x.groupNorm(groups: groups, recorder.affine(x.shape.channels)).activated(.silu)
  }

  private func conv(_ x: Tensor, to outputs: Int, kernel: Int = 3, stride: Int = 1) -> Tensor {
    let depth = x.shape.channels * kernel * kernel
    let weight = recorder.parameter(
      outputs, x.shape.channels, kernel, kernel, scale: 1.7 / Float(depth).squareRoot())
    let padding = stride == 1 ? kernel / 2 : 0
    return x.conv2d(
      Weight([weight]), Window(kernel: kernel, stride: stride, padTop: padding, padLeft: padding),
      height: stride == 1 ? x.shape[1] : x.shape[1] / 2, width: stride == 1 ? x.shape[2] : x.shape[2] / 2,
      bias: [recorder.parameter(outputs)])
  }
}

/// The two halves of a group norm by themselves: far from zero, of a slice, in strips of odd sizes.
@Suite struct NormInStripsTests {
  private static func recorder() -> Recorder {
    let r = Recorder(batch: 1, firstPicture: 0)
    let x = r.input(13, 7, 40, mean: 30).channels(3..<36)
    r.graph.output("result", x.groupNorm(groups: 3, r.affine(33)).activated(.silu))
    return r
  }

  private static let strips = [2, 3, 100].map { Strips(count: $0) }

  @Test(arguments: InstructionSet.available) func theProcessorIsTheReference(_ instructions: InstructionSet)
    throws
  {
    let recorder = Self.recorder()
    recorder.roundToBFloat16()
    let expected = try recorder.run(on: ReferenceBackend())
    let backend = try CPUBackend(threads: 2, instructions: instructions)
    for storage in instructions.storages {
      for strips in Self.strips {
        let plan = backend.plan(recorder.graph, values: storage, strips: strips)
        let result = try recorder.run(on: backend, plan: plan)
        #expect(normalisedError(result, from: expected) <= (storage == .float32 ? 1e-5 : 4e-3), "\(storage)")
      }
    }
  }

  @Test(arguments: [false, true]) func vulkanIsTheReference(plainest: Bool) throws {
    let recorder = Self.recorder()
    let expected = try recorder.run(on: ReferenceBackend())
    let backend = try SoftwareDevice.backend()
    if plainest { backend.usePlainestKernels() }
    for storage in backend.storages {
      for strips in Self.strips {
        let plan = backend.plan(recorder.graph, values: storage, strips: strips)
        try backend.poisonArena(for: plan)
        let result = try recorder.run(on: backend, plan: plan)
        // float16 rounds numbers about 30, whose deviation is 1, to 1/64.
        #expect(normalisedError(result, from: expected) <= (storage == .float32 ? 1e-5 : 2e-2), "\(storage)")
      }
    }
    SoftwareDevice.expectSilence()
  }

  /// What is no number in one strip is none in any: they share their statistics.
  @Test func nonFiniteNumbersReachAllStrips() async throws {
    let recorder = Self.recorder()
    recorder.poison(Poison.all[0], 0)
    let expected = try recorder.run(on: ReferenceBackend()).map(\.isFinite)
    #expect(expected.contains(false))
    let cpu = try CPUBackend(threads: 2)
    let plan = cpu.plan(recorder.graph, values: .float32, strips: Strips(count: 3))
    let result = try recorder.run(on: cpu, plan: plan).map(\.isFinite)
    #expect(shows(expected, result, batch: 1))
    try await SoftwareDevice.with { backend in
      let plan = backend.plan(recorder.graph, values: .float32, strips: Strips(count: 3))
      let result = try recorder.run(on: backend, plan: plan).map(\.isFinite)
      #expect(shows(expected, result, batch: 1))
    }
  }
}
