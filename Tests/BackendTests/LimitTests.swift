import CPUBackend
import CPUKernels
import Graph
import Testing

/// The limits that ops are measured by. How large they are is this machine's business, but not everything goes.
@Suite(.serialized) struct LimitTests {
  @Test(arguments: InstructionSet.available) func limitsHaveSaneUnits(_ instructions: InstructionSet) throws {
    let limits = try CPUBackend(threads: 2, instructions: instructions).measuredLimits()
    let matrix = try #require(limits.matrixOperations)
    let scalar = try #require(limits.scalarOperations)
    let bytes = try #require(limits.bytes)
    #expect([matrix, scalar, bytes].allSatisfy { $0.isFinite && $0 > 1e7 && $0 < 1e15 }, "\(limits)")
    if instructions.storages[0] == .float32 { #expect(matrix == scalar) }
  }

  @Test func aCoreHasASpeed() {
    let speeds = (0..<5).map { _ in CPUBackend.coreSpeed() }
    #expect(speeds.allSatisfy { $0.isFinite && $0 > 1e7 && $0 < 1e13 }, "\(speeds)")
  }

  /// What is counted as work is done: with factors of one every product adds one to a sum, or a pair of products two.
  @Test(arguments: InstructionSet.available, [Storage.float32, .bfloat16])
  func asManyProductsAsAreCounted(_ instructions: InstructionSet, _ storage: Storage) {
    let isa = dk_isa(UInt32(InstructionSet.allCases.firstIndex(of: instructions) ?? 0))
    let limit = dk_limit_of(isa, storage == .bfloat16 ? dk_bfloat16 : dk_float32)
    // Tiles multiply numbers of their own.
    guard limit != dk_limit_tiles else { return }
    let before = dk_current_isa()
    dk_use_isa(isa)
    defer { dk_use_isa(before) }
    var result: Float = 0
    withUnsafeMutablePointer(to: &result) { result in
      withUnsafePointer(to: dk_products(limit: limit, factor: 1, summand: 1, results: result)) {
        dk_products_item($0, 0)
      }
    }
    // The sums begin at a few.
    let counted = dk_products_operations(limit) / 2
    #expect(counted > 1e5 && abs(Double(result) / counted - 1) < 1e-2, "\(result) of \(counted)")
  }
}
