import CPUBackend
import Glibc
import Graph
import Synchronization
import TestSupport
import Testing

/// Packed weights on the disk: what the next start takes from there, and what it does not.
@Suite struct PackCacheTests {
  private static let best = InstructionSet.best

  @Test(arguments: InstructionSet.available, WeightFormat.ofProcessors)
  func aSecondStartReadsNothing(_ instructions: InstructionSet, _ weights: WeightFormat) throws {
    let folder = try TemporaryFolder()
    let plain = try Start(nil, instructions: instructions, weights: weights)
    let starts = try (0..<2).map { _ in
      try Start(PackCache(folder: folder.path, least: 0), instructions: instructions, weights: weights)
    }
    #expect(starts[0].reads > 0 && starts[1].reads == 0)
    #expect(starts.allSatisfy { sameBytes($0.result, plain.result) && $0.remarks.isEmpty })
    #expect(folder.names.count == 2 && packs(in: folder).count == 1)
  }

  @Test func eachInstructionSetAndFormatHasItsOwn() throws {
    let folder = try TemporaryFolder()
    let cache = PackCache(folder: folder.path, least: 0)
    for instructions in InstructionSet.available {
      for weights in WeightFormat.ofProcessors {
        #expect(try Start(cache, instructions: instructions, weights: weights).reads > 0)
        #expect(try Start(cache, instructions: instructions, weights: weights).reads == 0)
      }
    }
  }

  @Test func anotherVersionOfTheFileIsPackedAnew() throws {
    let folder = try TemporaryFolder()
    let cache = PackCache(folder: folder.path, least: 0)
    let first = try Start(cache)
    let other = try Start(cache, version: 2)
    #expect(other.reads > 0 && other.remarks.isEmpty && !sameBytes(other.result, first.result))
    #expect(sameBytes(other.result, try Start(nil, version: 2).result))
    #expect(try Start(cache).reads == 0)
  }

  /// What is changed while it is read is not kept.
  @Test func aFileThatChangesMeanwhileIsNotKept() throws {
    let folder = try TemporaryFolder()
    _ = try Start(PackCache(folder: folder.path, least: 0), changesAfter: 1)
    #expect(packs(in: folder).isEmpty)
  }

  @Test func whatComesFromNoFileIsNotKept() throws {
    let folder = try TemporaryFolder()
    #expect(try Start(PackCache(folder: folder.path, least: 0), version: nil).reads > 0)
    #expect(folder.names.isEmpty)
  }

  @Test func fewWeightsAreNotKept() throws {
    let folder = try TemporaryFolder()
    _ = try Start(PackCache(folder: folder.path))
    _ = try Start(PackCache(folder: folder.path, least: Start.bytes + 1))
    #expect(folder.names.isEmpty)
    _ = try Start(PackCache(folder: folder.path, least: Start.bytes))
    #expect(packs(in: folder).count == 1)
  }

  /// A network at another size may need some packs more: they come into a second file.
  @Test func onlyWhatIsMissingIsAdded() throws {
    let folder = try TemporaryFolder()
    let cache = PackCache(folder: folder.path, least: 0)
    _ = try Start(cache, layers: 1)
    let more = try Start(cache, layers: 3)
    let sizes = packs(in: folder).map { size("\(folder.path)/\($0)") }
    #expect(more.reads > 0 && sizes.count == 2 && sizes.reduce(0, +) < Start.bytes + 4 * 4096 * 2)
    #expect(try Start(cache, layers: 3).reads == 0)
    #expect(try Start(cache, layers: 2).reads == 0)
  }

  // MARK: Damage

  /// Bytes of the head, the table and each pack.
  @Test func damageIsFound() throws {
    let folder = try TemporaryFolder()
    let expected = try Start(PackCache(folder: folder.path, least: 0))
    let path = "\(folder.path)/\(packs(in: folder)[0])"
    let places =
      Array(stride(from: 0, to: try headBytes(path), by: 7)) + stride(from: 4096, to: 110_000, by: 9973)
    for place in places {
      try change(path, at: place)
      try expectRepair(PackCache(folder: folder.path, least: 0), expected, "byte \(place)")
    }
  }

  @Test func filesThatAreCutOffAreFound() throws {
    let folder = try TemporaryFolder()
    let expected = try Start(PackCache(folder: folder.path, least: 0))
    let path = "\(folder.path)/\(packs(in: folder)[0])"
    let whole = size(path)
    for count in [0, 1, 31, 32, 100, 4095, 4096, 20_000, whole - 4096, whole - 1, whole + 1] {
      truncate(path, count)
      try expectRepair(PackCache(folder: folder.path, least: 0), expected, "\(count) bytes")
    }
  }

  /// A file of other kernels under the name of ours.
  @Test func filesOfOtherKernelsAreFound() throws {
    let folder = try TemporaryFolder()
    let cache = { PackCache(folder: folder.path, least: 0) }
    _ = try Start(cache(), instructions: .portable)
    let other = packs(in: folder)[0]
    let expected = try Start(cache())
    guard let mine = packs(in: folder).first(where: { $0 != other }) else { return }
    rename("\(folder.path)/\(other)", "\(folder.path)/\(mine)")
    try expectRepair(cache(), expected, "portable")
  }

  /// The result is right, the user is told, and the next start finds the file again.
  private func expectRepair(_ cache: PackCache, _ expected: Start, _ what: String) throws {
    let start = try Start(cache)
    #expect(start.reads > 0 && sameBytes(start.result, expected.result), "\(what)")
    #expect(start.remarks.count == 1 && start.remarks[0].contains("packed again"), "\(what)")
    #expect(try Start(cache).reads == 0, "\(what)")
  }

  // MARK: Room

  @Test func theLeastRecentlyUsedGoesFirst() throws {
    let folder = try TemporaryFolder()
    _ = try Start(PackCache(folder: folder.path, least: 0))
    let cache = PackCache(
      folder: folder.path, least: 0, most: size("\(folder.path)/\(packs(in: folder)[0])") * 5 / 2)
    for version in [2, 1, 3] {
      // The system's clock for files ticks so often.
      usleep(20_000)
      _ = try Start(cache, version: version)
    }
    #expect(packs(in: folder).count == 2)
    #expect(try [1, 3, 2].map { try Start(cache, version: $0).reads == 0 } == [true, true, false])
  }

  @Test func whatNeverFitsIsSaid() throws {
    let folder = try TemporaryFolder()
    let start = try Start(PackCache(folder: folder.path, least: 0, most: 10_000))
    #expect(start.remarks.count == 1 && start.remarks[0].contains("are not kept"))
    #expect(packs(in: folder).isEmpty)
  }

  @Test func aFolderThatCannotBeMadeIsSaid() throws {
    let start = try Start(PackCache(folder: "/dev/null/packs", least: 0))
    #expect(sameBytes(start.result, try Start(nil).result))
    #expect(start.remarks.count == 1 && start.remarks[0].contains("/dev/null/packs"))
  }

  @Test func aFullDiskIsSaidAndLeavesNothing() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      var limit = rlimit(rlim_cur: 20_000, rlim_max: 20_000)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      let start = try Start(PackCache(folder: folder.path, least: 0))
      try #require(start.remarks.count == 1 && start.remarks[0].contains("File too large"))
      try #require(folder.names == ["lock"])
    }
  }

  // MARK: Together

  @Test func twoAtOnceShareAFolder() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    let plain = try Start(nil)
    let starts = try await withThrowingTaskGroup(of: Start.self) { group in
      for _ in 0..<4 { group.addTask { try Start(PackCache(folder: path, least: 0)) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(starts.allSatisfy { sameBytes($0.result, plain.result) && $0.remarks.isEmpty })
    #expect(folder.names.count == 2 && packs(in: folder).count == 1)
    #expect(try Start(PackCache(folder: path, least: 0)).reads == 0)
  }

  /// What a short command has packed is written though its backend is gone.
  @Test func whatABackendLeavesIsWritten() throws {
    let folder = try TemporaryFolder()
    let cache = PackCache(folder: folder.path, least: 0)
    try Start.begin(cache, width: 2048) {}
    cache.settle()
    PackCache.finish(within: .seconds(60)) { true }
    #expect(packs(in: folder).count == 1)
  }

  /// A process that ends while it writes leaves nothing half written; a killed one's is removed by the next.
  @Test func whatIsHalfWrittenGoes() async throws {
    let folder = try TemporaryFolder()
    for isKilled in [false, true] {
      let code: ExitTest.Condition = isKilled ? .signal(SIGKILL) : .exitCode(7)
      await #expect(processExitsWith: code) { [path = folder.path as String, isKilled = isKilled as Bool] in
        // Large enough to be at work for a while.
        try Start.begin(PackCache(folder: path, least: 0), width: 4096) {
          while !TemporaryFolder.names(in: path).contains(where: { $0.hasSuffix(".tmp") }) { usleep(100) }
          if isKilled { kill(getpid(), SIGKILL) }
          exit(7)
        }
      }
      #expect(folder.names.contains { $0.hasSuffix(".tmp") } == isKilled)
      #expect(packs(in: folder).isEmpty)
    }
    _ = try Start(PackCache(folder: folder.path, least: 0))
    #expect(folder.names.count == 2 && packs(in: folder).count == 1)
  }
}

extension WeightFormat {
  fileprivate static let ofProcessors: [WeightFormat] = [.float32, .bfloat16]
}

/// A backend that was made, has run a network, and is gone.
private struct Start: Sendable {
  let result: [Float]
  /// How often the model's file was read.
  let reads: Int
  let remarks: [String]

  /// Of all packs in float32.
  static let bytes = 3 * 96 * 96 * 4

  /// - Parameters:
  ///   - version: of the model's file; nil for weights that come from none.
  ///   - changesAfter: so many reads the file changes.
  init(
    _ cache: PackCache?, version: Int? = 1, changesAfter: Int? = nil, instructions: InstructionSet = .best,
    weights: WeightFormat = .float32, layers: Int = 3
  ) throws {
    let source = FileSource(version: version, changesAfter: changesAfter)
    let backend = try CPUBackend(threads: 2, instructions: instructions, packCache: cache)
    let plan = Self.plan(source, weights, width: 96, layers: layers)
    let program = try backend.prepare(plan)
    noise("x", count: 5 * 96).withUnsafeBufferPointer { program.write($0, to: "x") }
    try program.run(.step)
    result = read("y", of: program, count: 5 * 96)
    reads = source.reads
    cache?.settle()
    remarks = backend.remarks
  }

  /// Calls `body` while packs are being written.
  static func begin(_ cache: PackCache, width: Int, _ body: () -> Void) throws {
    let backend = try CPUBackend(threads: 2, packCache: cache)
    let program = try backend.prepare(plan(FileSource(version: 1), .float32, width: width, layers: 1))
    withExtendedLifetime((backend, program)) { body() }
  }

  private static func plan(_ source: FileSource, _ weights: WeightFormat, width: Int, layers: Int) -> Plan {
    let graph = Graph()
    var x = graph.input("x", [5, width], rate: .step)
    for layer in 0..<layers {
      x = x.linear(Weight([Parameter(source: source, name: "layer \(layer)", shape: [width, width])]))
    }
    graph.output("y", x)
    return Plan(graph, values: weights == .bfloat16 ? .bfloat16 : .float32, weights: weights)
  }
}

/// Numbers that stand for those of a file.
private final class FileSource: WeightSource {
  private struct State {
    var version: Int?
    var reads = 0
  }

  private let state: Mutex<State>
  private let changesAfter: Int?

  init(version: Int?, changesAfter: Int? = nil) {
    state = Mutex(State(version: version))
    self.changesAfter = changesAfter
  }

  var reads: Int { state.withLock { $0.reads } }

  func read(_ name: String, elements: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>) throws
  {
    let version = state.withLock { state in
      state.reads += 1
      if state.reads == changesAfter { state.version = 100 }
      return state.version
    }
    let scale = Float(version ?? 1) / 10
    // Of a large network nobody looks at the result.
    guard elements.count < 100_000 else { return destination.update(repeating: scale) }
    for (index, element) in elements.enumerated() { destination[index] = scale * Float(element % 11 - 5) }
  }

  func origin(of name: String) -> WeightOrigin? {
    state.withLock { $0.version }.map { WeightOrigin(file: "version \($0)", tensor: "float32") }
  }
}

private func packs(in folder: borrowing TemporaryFolder) -> [String] {
  folder.names.filter { $0.hasSuffix(".packs") }
}

private func size(_ path: String) -> Int {
  var status = stat()
  return stat(path, &status) == 0 ? status.st_size : -1
}

/// Of the table and what stands before it; what follows fills a page.
private func headBytes(_ path: String) throws -> Int {
  let file = open(path, O_RDONLY)
  defer { close(file) }
  var bytes: UInt64 = 0
  try #require(pread(file, &bytes, 8, 8) == 8)
  return 32 + Int(bytes)
}

/// Inverts some bits of one byte.
private func change(_ path: String, at place: Int) throws {
  let file = open(path, O_RDWR)
  defer { close(file) }
  var byte: UInt8 = 0
  try #require(pread(file, &byte, 1, place) == 1)
  byte ^= 0x5a
  try #require(pwrite(file, &byte, 1, place) == 1)
}
