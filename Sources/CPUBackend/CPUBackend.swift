import CPUKernels
import Graph
import SystemFiles

/// Runs plans on the processor's cores, with values and weights stored in float32 or bfloat16.
///
/// Results depend on the shapes and the instruction set alone: not on the number of threads, nor on how
/// many pictures share a batch. Not to be used from two threads at once.
package final class CPUBackend: Backend {
  package let instructions: InstructionSet
  let matmul: Matmul
  private let firstRemarks: [String]
  private let packCache: PackCache?
  let pool: ThreadPool
  let arena = Arena()
  private var packed: [PackKey: Buffer] = [:]

  /// - Parameters:
  ///   - threads: how many threads compute, the caller's among them.
  ///   - instructions: one of `InstructionSet.available`.
  ///   - matmul: one that is available.
  ///   - remarks: why it and not another device computes, for the user.
  ///   - packCache: where packed weights are kept from run to run.
  /// - Throws: `OutOfResources`.
  package init(
    threads: Int = CPUBackend.availableCores, instructions: InstructionSet = .best,
    matmul: Matmul = .own, remarks: [String] = [], packCache: PackCache? = nil
  ) throws {
    precondition(dk_may_use_isa(instructions.kernel) != 0, "this machine has no \(instructions)")
    precondition(matmul.isAvailable, "this machine has no \(matmul)")
    (self.instructions, self.matmul, firstRemarks) = (instructions, matmul, remarks)
    self.packCache = packCache
    pool = try ThreadPool(threads: max(1, threads), instructions)
  }

  deinit { packCache?.hold(packed.values) }

  /// Cores that this process may use, and as many of them as its control group may keep busy.
  package static var availableCores: Int {
    let cores = dk_available_cores()
    return min(cores, ControlGroups.own.cores ?? cores)
  }

  package var summary: String { instructions.rawValue }

  package var remarks: [String] { firstRemarks + (packCache?.remarks ?? []) }

  package var storages: [Storage] { instructions.storages }

  package func weightFormats(for values: Storage) -> [WeightFormat] {
    [WeightFormat(matching: values), .int8]
  }

  package func plan(_ graph: Graph, values: Storage, weights: WeightFormat?, strips: Strips?) -> Plan {
    Plan(
      graph, values: values, weights: format(weights, for: values), strips: strips,
      convolutionRows: CPUBackend.convolutionRows)
  }

  package func kernel(of node: Node, in plan: Plan) -> String? {
    switch node.op {
    case .conv2d, .linear: instructions.packing(of: node, in: plan, by: matmul).words
    default: nil
    }
  }

  /// Rows of Winograd's largest tiles.
  private static let convolutionRows = 4

  package var bytesHeld: Int { packed.keys.reduce(arena.bytes) { $0 + $1.bytes } }

  package var arenaBytesHeld: Int { arena.bytes }

  package func arenaBytes(_ plan: Plan) -> Int { plan.arenaBytes }

  package func scratchBytes(_ plan: Plan) -> Int {
    Lowering.scratchBytes(plan, instructions, matmul, threads: pool.threads)
  }

  package func weightBytes(_ plans: [Plan]) -> Int {
    Set(plans.flatMap(packs)).reduce(0) { $0 + $1.bytes }
  }

  package func missingWeightBytes(_ plans: [Plan]) -> Int {
    Set(plans.flatMap(packs)).reduce(0) { $0 + (packed[$1] == nil ? $1.bytes : 0) }
  }

  package func prepare(_ plan: Plan) throws -> any Program {
    try packParameters(of: plan)
    try arena.grow(to: plan.arenaBytes)
    // The program holds what it reads and no more, so that dropped parameters go when their programs go.
    let keys = Set(packs(plan))
    let lowering = try Lowering(
      plan, packs: packed.filter { keys.contains($0.key) }, arena: arena, instructions, matmul,
      threads: pool.threads)
    return CPUProgram(plan, lowering, pool, arena)
  }

  package func readAhead(_ plan: Plan) {
    let missing = missingPacks(plan)
    guard missing.reduce(0, { $0 + $1.bytes }) >= PackCache.usualLeast else { return }
    let (packCache, named) = (packCache, names(missing))
    let parts = missing.flatMap(\.parts)
    _ = startQuietThread {
      if let packCache, let named, packCache.readAhead(named) { return }
      for part in parts { part.source.readAhead(part.name) }
    }
  }

  package func dropParameters(of source: any WeightSource) {
    packed = packed.filter { key, _ in !key.parts.contains { $0.source === source } }
  }

  package func dropValues() { arena.release() }

  package func isShortage(_ error: any Error) -> Bool { error is OutOfResources }

  private func packs(_ plan: Plan) -> [PackKey] {
    plan.nodes.flatMap { $0.packs(plan, instructions, matmul) }
  }

  /// The largest first.
  private func missingPacks(_ plan: Plan) -> [PackKey] {
    Set(packs(plan)).filter { packed[$0] == nil }.sorted { $0.bytes > $1.bytes }
  }

  /// What packs are called in the cache; nil if they are not worth it, or there is none.
  private func names(_ packs: [PackKey]) -> PackNames? {
    guard let packCache, packCache.isWorthwhile(packs) else { return nil }
    return PackNames(packs, instructions)
  }

  /// Takes what is missing from the cache, and packs the rest, on all threads, largest first.
  private func packParameters(of plan: Plan) throws {
    let missing = missingPacks(plan)
    guard !missing.isEmpty else { return }
    let named = names(missing)
    if let packCache, let named { packed.merge(packCache.packs(named, pool)) { first, _ in first } }
    let rest = missing.filter { packed[$0] == nil }
    let results = UnsafeMutableBufferPointer<Buffer?>.allocate(capacity: rest.count)
    results.initialize(repeating: nil)
    defer {
      results.deinitialize()
      results.deallocate()
    }
    try pool.forEach(rest.count) { results[$0] = try rest[$0].pack() }
    let made = zip(rest, results).compactMap { key, buffer in buffer.map { (key, $0) } }
    for (key, buffer) in made { packed[key] = buffer }
    // A file that was changed while it was read has other names now.
    if let packCache, let named, !made.isEmpty, names(missing) == named { packCache.keep(made, named) }
  }
}
