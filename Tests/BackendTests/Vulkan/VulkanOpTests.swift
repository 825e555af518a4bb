import Foundation
import Graph
import Reference
import Testing
import VulkanBackend

/// The op table on a Vulkan device.
@Suite struct VulkanOpTests {
  /// scripts/test-matrices asks for them; what they compute is compared by the tests below.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["DARKROOM_EXPECTS_MATRICES"] != nil))
  func theDeviceMultipliesMatrices() async throws {
    try await SoftwareDevice.with { #expect($0.device.matrixShapes.isEmpty == false) }
  }

  @Test(arguments: OpTable.rows) func float32IsTheReference(_ row: OpCase) async throws {
    let recorder = row.recorded()
    let expected = try recorder.run(on: ReferenceBackend())
    try await SoftwareDevice.with { backend in
      for fusing in [true, false] {
        let plan = backend.plan(recorder.graph, values: .float32, fusing: fusing)
        try backend.poisonArena(for: plan)
        let error = normalisedError(try recorder.run(on: backend, plan: plan), from: expected)
        #expect(error <= max(row.tolerance, 1e-6), "\(row.name), fusing \(fusing)")
      }
    }
  }

  /// Inputs, weights and values between ops are rounded to 11 bits; sums are not.
  @Test(arguments: OpTable.rows) func float16IsNearTheReference(_ row: OpCase) async throws {
    let recorder = row.recorded()
    let expected = try recorder.run(on: ReferenceBackend())
    try await SoftwareDevice.with { backend in
      let plan = backend.plan(recorder.graph, values: .float16)
      try backend.poisonArena(for: plan)
      #expect(
        normalisedError(try recorder.run(on: backend, plan: plan), from: expected) <= 5e-3, "\(row.name)")
    }
  }

  /// Kernels of both storages are made of one source, so every other row is enough for each.
  @Test(arguments: OpTable.rows.indices) func aPictureDoesNotDependOnItsBatch(_ index: Int) async throws {
    let row = OpTable.rows[index]
    let storage = index % 2 == 0 ? Storage.float32 : .float16
    try await SoftwareDevice.with { backend in
      let all = row.recorded(batch: 2)
      let together = try all.run(on: backend, plan: backend.plan(all.graph, values: storage))
      let first = row.recorded(batch: 1)
      let program = try backend.prepare(backend.plan(first.graph, values: storage))
      let size = together.count / 2
      for picture in 0..<2 {
        let alone = try row.recorded(batch: 1, firstPicture: picture).result(of: program)
        #expect(
          sameBytes(Array(together[(picture * size)..<((picture + 1) * size)]), alone),
          "\(row.name), \(picture)")
      }
    }
  }

  @Test(arguments: OpTable.rows) func whatIsNoNumberStaysNone(_ row: OpCase) async throws {
    let recorder = row.recorded()
    let expected = try recorder.finiteResults(on: ReferenceBackend(), plan: Plan(recorder.graph))
    let results = try await SoftwareDevice.with { backend in
      try recorder.finiteResults(on: backend, plan: backend.plan(recorder.graph, values: .float32))
    }
    for (expected, result) in zip(expected, results) {
      #expect(
        shows(expected.isFinite, result.isFinite, batch: recorder.batch), "\(row.name), \(result.poison)")
    }
  }
}
