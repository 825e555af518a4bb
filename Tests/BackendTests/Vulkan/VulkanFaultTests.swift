import Foundation
import Graph
import Reference
import TestSupport
import Testing
import VulkanBackend

/// Small limits, lost devices and wrong kernels, played on the software device.
@Suite struct VulkanFaultTests {
  private static let block = OpTable.networks[1]

  private func run(_ recorder: Recorder, on backend: VulkanBackend, _ storage: Storage = .float32) throws
    -> [Float]
  {
    try recorder.run(on: backend, plan: backend.plan(recorder.graph, values: storage))
  }

  @Test func smallAllocationsGiveTheSameNumbers() async throws {
    let recorder = VulkanFaultTests.block.recorded()
    let expected = try await SoftwareDevice.with { try run(recorder, on: $0) }
    var simulation = Simulation()
    simulation.largestAllocation = 80 << 10
    let backend = try SoftwareDevice.backend(simulating: simulation)
    let plan = backend.plan(recorder.graph, values: .float32)
    #expect(plan.arenaBytes > 80 << 10, "the plan must need more than one allocation")
    #expect(sameBytes(try recorder.run(on: backend, plan: plan), expected))
    SoftwareDevice.expectSilence()
  }

  @Test func aValueLargerThanAnAllocationIsRefused() throws {
    var simulation = Simulation()
    simulation.largestAllocation = 64 << 10
    let backend = try SoftwareDevice.backend(simulating: simulation)
    let graph = Graph()
    graph.output("y", graph.input("x", [100, 1000], rate: .step).activated(.silu))
    #expect { try backend.prepare(backend.plan(graph, values: .float32)) } throws: {
      backend.isShortage($0) && "\($0)".contains("[100, 1000]")
    }
  }

  @Test func fullMemoryIsAnErrorThatNamesSizeAndPurpose() throws {
    var simulation = Simulation()
    simulation.memory = 1 << 20
    let backend = try SoftwareDevice.backend(simulating: simulation)
    let graph = Graph()
    graph.output("y", graph.input("x", [1000, 1000], rate: .step).activated(.silu))
    #expect { try backend.prepare(backend.plan(graph, values: .float32)) } throws: {
      backend.isShortage($0) && "\($0)".contains("MiB") && "\($0)".contains("values")
    }
    // What fits still runs.
    let recorder = OpTable.rows[0].recorded()
    _ = try run(recorder, on: backend)
    SoftwareDevice.expectSilence()
  }

  @Test func memoryComesBack() throws {
    let backend = try SoftwareDevice.backend()
    let recorder = VulkanFaultTests.block.recorded()
    let before = backend.bytesAvailable
    try autoreleased {
      _ = try run(recorder, on: backend)
      #expect((backend.bytesAvailable ?? 0) < before ?? 0)
    }
    backend.dropParameters(of: recorder.source)
    #expect(backend.missingWeightBytes([backend.plan(recorder.graph, values: .float32)]) > 0)
  }

  private func autoreleased(_ body: () throws -> Void) throws { try body() }

  @Test func aLostDeviceIsAnErrorAndStaysOne() throws {
    let recorder = VulkanFaultTests.block.recorded()
    var simulation = Simulation()
    simulation.submissionsUntilLoss = 12
    let backend = try SoftwareDevice.backend(simulating: simulation)
    var losses = 0
    for _ in 0..<20 {
      do {
        _ = try run(recorder, on: backend)
        #expect(losses == 0, "a lost device does not come back")
      } catch VulkanError.deviceLost {
        losses += 1
      }
    }
    #expect(losses > 0)
    SoftwareDevice.expectSilence()
  }

  @Test func cancellingLeavesAProgramThatCanRunAgain() async throws {
    struct Cancelled: Error {}
    let recorder = VulkanFaultTests.block.recorded()
    try await SoftwareDevice.with { backend in
      let expected = try run(recorder, on: backend)
      let program = try backend.prepare(backend.plan(recorder.graph, values: .float32))
      recorder.write(.picture, to: program)
      try program.run(.picture)
      #expect(throws: Cancelled.self) { try recorder.step(program) { throw Cancelled() } }
      #expect(sameBytes(try recorder.step(program), expected))
    }
  }

  @Test func anotherProgramInBetweenDoesNotMatter() throws {
    let recorder = VulkanFaultTests.block.recorded()
    let backend = try SoftwareDevice.backend()
    let program = try backend.prepare(backend.plan(recorder.graph, values: .float32))
    func result() throws -> [Float] {
      recorder.write(.picture, to: program)
      try program.run(.picture)
      return try recorder.step(program)
    }
    let first = try result()
    // A larger one moves the arena.
    let large = Graph()
    large.output("y", large.input("x", [700, 700], rate: .step).activated(.silu))
    _ = try backend.prepare(backend.plan(large, values: .float32))
    #expect(sameBytes(try result(), first))
    SoftwareDevice.expectSilence()
  }

  @Test func allKernelsAreRightHere() throws {
    let backend = try SoftwareDevice.backend(testCache: KernelTestCache(file: nil))
    #expect(try backend.examineAll().isEmpty)
    SoftwareDevice.expectSilence()
  }

  /// As if the driver compiled one kernel into another.
  @Test(arguments: [
    ("group_norm_measure", "group_norm_merge"), ("product", "product_plain"),
  ])
  func aWrongKernelIsReplacedAndNamed(kernel: String, by other: String) throws {
    let recorder = VulkanFaultTests.block.recorded()
    let norm = OpTable.networks[0].recorded()
    let expected = try [recorder, norm].map { try $0.run(on: ReferenceBackend()) }
    var modules = ShaderModules()
    modules.replace(kernel, by: other)
    let backend = try SoftwareDevice.backend(modules, testCache: KernelTestCache(file: nil))
    let results = try [recorder, norm].map { try run($0, on: backend) }
    #expect(
      !backend.distrusted.isEmpty
        && backend.distrusted.allSatisfy { $0.verdict == .wrong && "\($0.kernel)".hasPrefix(kernel) },
      "\(backend.distrusted)")
    for (result, expected) in zip(results, expected) {
      #expect(normalisedError(result, from: expected) <= 1e-5)
    }
    // The same fault unexamined.
    let trusting = try SoftwareDevice.backend(modules)
    let wrong = try [recorder, norm].map { recorder in
      let program = try trusting.prepare(trusting.plan(recorder.graph, values: .float32))
      recorder.write(.picture, to: program)
      try program.run(.picture)
      return try recorder.step(program)
    }
    #expect(zip(wrong, expected).contains { normalisedError($0, from: $1) > 1e-3 }, "the fault must show")
  }

  @Test func resultsAreKeptInAFile() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("a/vulkan-kernels.json")
    var modules = ShaderModules()
    modules.replace("group_norm_measure", by: "group_norm_merge")
    let recorder = OpTable.networks[0].recorded()
    let broken = try SoftwareDevice.backend(modules, testCache: KernelTestCache(file: file))
    _ = try run(recorder, on: broken)
    #expect(
      broken.distrusted.map(\.description) == [0, 1].map { "group_norm_measure \($0) computes wrongly" })
    // The next run believes the file.
    let next = try SoftwareDevice.backend(modules, testCache: KernelTestCache(file: file))
    _ = try run(recorder, on: next)
    #expect(next.distrusted == broken.distrusted)
    try Data("{".utf8).write(to: file)
    // Other kernels, or a file that says nothing, are tested anew.
    let fresh = try SoftwareDevice.backend(testCache: KernelTestCache(file: file))
    _ = try run(recorder, on: fresh)
    #expect(fresh.distrusted.isEmpty)
  }

  /// Files of a folder replace kernels: a driver that refuses one, and one that never ends.
  @Test(arguments: [("nameless", "does not compile"), ("endless", "does not end")])
  func aKernelThatFailsIsReplacedByASlowerOne(shader: String, verdict: String) throws {
    let folder = try shaders(["layer_norm_half": shader])
    defer { try? FileManager.default.removeItem(at: folder) }
    var simulation = Simulation()
    simulation.patience = 2
    let instance = try Instance()
    let software = try #require(VulkanBackend.devices(of: instance).first { $0.isSoftware })
    let file = folder.appendingPathComponent("verdicts.json")
    func backend() throws -> VulkanBackend {
      try VulkanBackend(
        instance, device: software.index, modules: ShaderModules(folder: folder.path),
        testCache: KernelTestCache(file: file), simulating: simulation)
    }
    let recorder = Recorder(batch: 2, firstPicture: 0)
    recorder.graph.output("result", recorder.input(9, 40).layerNorm(recorder.affine(40)))
    let expected = try recorder.run(on: ReferenceBackend())
    let failing = try backend()
    #expect(normalisedError(try run(recorder, on: failing, .float16), from: expected) <= 5e-3)
    #expect(failing.distrusted.map(\.description) == ["layer_norm_half \(verdict)"])
    #expect(failing.remarks.count == 1 && failing.remarks[0].contains("layer_norm_half \(verdict)"))
    #expect(!failing.isLost)
    // The next start knows it, and does not fail again.
    let next = try backend()
    _ = try run(recorder, on: next, .float16)
    #expect(next.distrusted == failing.distrusted)
  }

  @Test func withoutASlowerKernelTheDeviceIsRefused() throws {
    let folder = try shaders(["layer_norm": "nameless", "layer_norm_plain": "nameless"])
    defer { try? FileManager.default.removeItem(at: folder) }
    let instance = try Instance()
    let software = try #require(VulkanBackend.devices(of: instance).first { $0.isSoftware })
    let backend = try VulkanBackend(
      instance, device: software.index, modules: ShaderModules(folder: folder.path),
      testCache: KernelTestCache(file: nil))
    let recorder = OpTable.networks[1].recorded()
    #expect { try run(recorder, on: backend) } throws: {
      "\($0)".contains("layer_norm_plain does not compile, and there is no slower one")
    }
  }

  /// A test that took its process along leaves its mark.
  @Test func aTestThatDidNotSurviveIsNotTriedAgain() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("vulkan-kernels.json")
    let recorder = OpTable.networks[0].recorded()
    let first = try SoftwareDevice.backend(testCache: KernelTestCache(file: file))
    _ = try run(recorder, on: first)
    // No process has this number.
    let text = try String(contentsOf: file, encoding: .utf8).replacingOccurrences(
      of: "\"group_norm_measure 1\" : \"right\"",
      with: "\"group_norm_measure 1\" : \"in its test by process 2147483646\"")
    try text.write(to: file, atomically: true, encoding: .utf8)
    let next = try SoftwareDevice.backend(testCache: KernelTestCache(file: file))
    _ = try run(recorder, on: next)
    #expect(next.distrusted.map(\.description) == ["group_norm_measure 1 did not survive its test"])
  }

  @Test func aFolderOfShadersIsChecked() throws {
    let folder = try shaders(["layer_nrom": "endless"])
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect { try ShaderModules(folder: folder.path) } throws: {
      "\($0)".contains("layer_nrom") && "\($0)".contains("layer_norm_plain")
    }
    try Data("no shader".utf8).write(to: folder.appendingPathComponent("layer_nrom.spv"))
    try FileManager.default.moveItem(
      at: folder.appendingPathComponent("layer_nrom.spv"), to: folder.appendingPathComponent("rows.spv"))
    #expect { try ShaderModules(folder: folder.path) } throws: { "\($0)".contains("expected SPIR-V") }
    #expect { try ShaderModules(folder: folder.path + "/none") } throws: { "\($0)".contains("none") }
  }

  /// A folder with shaders of Tests/Fixtures under the names of kernels.
  private func shaders(_ names: [String: String]) throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (kernel, shader) in names {
      try FileManager.default.copyItem(
        at: Fixtures.url("shaders/\(shader).spv"),
        to: folder.appendingPathComponent("\(kernel).spv"))
    }
    return folder
  }

  @Test func plainKernelsAreTheReference() throws {
    let rows = OpTable.rows.filter { row in
      ["linear 33 to", "conv2d 3x3/2", "groupNorm 33", "layerNorm 49", "attention 8x40", "attention 8x8"]
        .contains { row.name.hasPrefix($0) }
    }
    #expect(rows.count >= 10)
    let backend = try SoftwareDevice.backend()
    backend.usePlainestKernels()
    for row in rows {
      let recorder = row.recorded()
      let expected = try recorder.run(on: ReferenceBackend())
      #expect(normalisedError(try run(recorder, on: backend), from: expected) <= 1e-5, "\(row.name)")
      #expect(
        normalisedError(try run(recorder, on: backend, .float16), from: expected) <= 5e-3, "\(row.name)")
    }
    SoftwareDevice.expectSilence()
  }
}
