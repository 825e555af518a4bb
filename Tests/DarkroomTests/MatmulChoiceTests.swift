import CPUBackend
import Darkroom
import Testing

/// DARKROOM_MATMUL in the environment.
@Suite struct MatmulChoiceTests {
  private func choice(
    _ name: String?, _ instructions: InstructionSet, isAvailable: Bool = true
  ) throws -> Matmul {
    try Engine.matmul(name.map { ["DARKROOM_MATMUL": $0] } ?? [:], instructions) { _ in isAvailable }
  }

  @Test func namesAreTaken() throws {
    #expect(try choice("own", .portable) == .own)
    #expect(try choice("openblas", .avx2) == .openblas)
  }

  @Test func theTableDecidesByDefault() throws {
    #expect(try choice(nil, .avx2) == .own)
    #expect(try choice(nil, .portable) == (Matmul.openblas.isAvailable ? .openblas : .own))
  }

  @Test func otherNamesAndAMissingLibraryAreErrors() {
    let wrong = #expect(throws: DarkroomError.self) { try choice("blas", .portable) }
    #expect(wrong?.kind == .request)
    #expect(
      wrong?.description == "DARKROOM_MATMUL: \"blas\" is not possible here; expected one of own, openblas")
    let missing = #expect(throws: DarkroomError.self) {
      try choice("openblas", .portable, isAvailable: false)
    }
    #expect(missing?.kind == .request && missing?.description.contains("libopenblas.so.0") == true)
  }
}
