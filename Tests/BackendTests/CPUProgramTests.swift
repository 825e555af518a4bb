import CPUBackend
import Graph
import Reference
import Testing

/// What a backend does around its kernels: layouts, packs, the arena that programs share.
@Suite struct CPUProgramTests {
  let backend: CPUBackend

  init() throws { backend = try CPUBackend(threads: 2) }

  @Test func channelsFirstInAndOut() throws {
    let graph = Graph()
    let (shape, numbers) = (Shape([2, 3, 5, 7]), noise("picture", count: 210))
    let x = graph.input("x", shape, rate: .step, layout: .channelsFirst)
    graph.output("last", x)
    graph.output("first", x.concat(x.channels(0..<2)), layout: .channelsFirst)
    let plan = Plan(graph)
    for name in ["last", "first"] {
      let count = name == "last" ? 210 : 270
      let results = try [backend, ReferenceBackend()].map { (backend: any Backend) in
        let program = try backend.prepare(plan)
        numbers.withUnsafeBufferPointer { program.write($0, to: "x") }
        try program.run(.step)
        return read(name, of: program, count: count)
      }
      #expect(sameBytes(results[0], results[1]))
    }
  }

  @Test func programsShareTheArena() throws {
    let (small, large) = (OpTable.networks[0].recorded(batch: 1), OpTable.networks[1].recorded(batch: 3))
    let first = try small.run(on: backend)
    let other = try large.run(on: backend)
    #expect(sameBytes(try small.run(on: backend), first))
    #expect(sameBytes(try large.run(on: CPUBackend(threads: 1)), other))
  }

  @Test func aProgramOutlivesTheGrowthOfTheArena() throws {
    let recorder = Recorder(batch: 1, firstPicture: 0)
    let x = recorder.input(7, 33)
    recorder.graph.output("result", x.linear(recorder.weight(17, 33)))
    let expected = try recorder.run(on: backend)
    let program = try backend.prepare(Plan(recorder.graph))
    let large = Graph()
    large.output("y", large.input("x", [1 << 24], rate: .step))
    _ = try backend.prepare(Plan(large))
    recorder.inputs[0].numbers.withUnsafeBufferPointer { program.write($0, to: "input 0") }
    try program.run(.step)
    #expect(sameBytes(read("result", of: program, count: expected.count), expected))
  }

  @Test func aMissingTensorThrowsAndHarmsNothing() throws {
    let (graph, source) = (Graph(), MemorySource())
    let weight = Weight([Parameter(source: source, name: "w", shape: [1, 2])])
    graph.output("y", graph.input("x", [1, 2], rate: .step).linear(weight))
    #expect(throws: MemorySource.Missing.self) { try backend.prepare(Plan(graph)) }
    source.store([3, 4], as: "w")
    #expect(try product(graph) == [11])
  }

  @Test func parametersArePackedOnceUntilTheyAreDropped() throws {
    let (graph, source) = (Graph(), MemorySource())
    let weight = Weight([Parameter(source: source, name: "w", shape: [1, 2])])
    graph.output("y", graph.input("x", [1, 2], rate: .step).linear(weight))
    source.store([3, 4], as: "w")
    let plan = Plan(graph)
    let weights = backend.weightBytes([plan, plan])
    #expect(weights > 0 && backend.missingWeightBytes([plan]) == weights)
    #expect(backend.bytesHeld == 0 && backend.arenaBytesHeld == 0)
    #expect(try product(graph) == [11])
    #expect(backend.weightBytes([plan]) == weights && backend.missingWeightBytes([plan]) == 0)
    #expect(backend.arenaBytesHeld == backend.arenaBytes(plan))
    #expect(backend.bytesHeld == weights + backend.arenaBytes(plan))
    source.store([5, 6], as: "w")
    #expect(try product(graph) == [11])
    backend.dropParameters(of: MemorySource())
    #expect(try product(graph) == [11])
    backend.dropParameters(of: source)
    #expect(try product(graph) == [17])
  }

  /// Cancelling between two nodes leaves a program that can run again.
  @Test func whatTheCheckThrowsEndsTheRun() throws {
    struct Cancelled: Error {}
    let recorder = OpTable.networks[0].recorded(batch: 1)
    for backend in [backend, ReferenceBackend()] as [any Backend] {
      let expected = try recorder.run(on: backend)
      let program = try backend.prepare(Plan(recorder.graph))
      var nodes = 0
      #expect(throws: Cancelled.self) {
        try recorder.step(program) {
          nodes += 1
          if nodes == 3 { throw Cancelled() }
        }
      }
      #expect(nodes == 3)
      #expect(sameBytes(try recorder.step(program), expected))
    }
  }

  /// Of x = [1, 2].
  private func product(_ graph: Graph) throws -> [Float] {
    let program = try backend.prepare(Plan(graph))
    [Float]([1, 2]).withUnsafeBufferPointer { program.write($0, to: "x") }
    try program.run(.step)
    return read("y", of: program, count: 1)
  }

  /// The op table compares with the largest number; here every number counts, from the tails to the middle.
  @Test(arguments: Activation.smooth) func activationsAreAccurateEverywhere(_ function: Activation) throws {
    let numbers = (-40_000...40_000).map { Float($0) / 1000 * Float(abs($0) % 7 + 1) }
    let graph = Graph()
    graph.output("y", graph.input("x", [numbers.count], rate: .step).activated(function))
    let results = try [backend, ReferenceBackend()].map { (backend: any Backend) in
      let program = try backend.prepare(Plan(graph))
      numbers.withUnsafeBufferPointer { program.write($0, to: "x") }
      try program.run(.step)
      return read("y", of: program, count: numbers.count)
    }
    let errors = numbers.indices.map { abs(results[0][$0] - results[1][$0]) / max(abs(numbers[$0]), 1e-3) }
    #expect(errors.allSatisfy { $0 <= 3e-7 }, "\(errors.max() ?? 0)")
  }
}
