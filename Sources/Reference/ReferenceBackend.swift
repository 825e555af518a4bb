import Graph

/// Computes every op in plain loops: the meaning of the ops, with which other backends are compared.
///
/// Sums run in Double; each value is rounded to Float once, when its node is done. Every value has memory of
/// its own: the plan's places are ignored, so a comparison with another backend also checks them.
package final class ReferenceBackend: Backend {
  package init() {}

  package var summary: String { "reference" }

  /// Values, none of which shares memory.
  package func arenaBytes(_ plan: Plan) -> Int {
    plan.shapes.reduce(0) { $0 + $1.count * MemoryLayout<Float>.stride }
  }

  package func scratchBytes(_ plan: Plan) -> Int { 0 }

  package func weightBytes(_ plans: [Plan]) -> Int {
    Set(plans.flatMap { $0.nodes.flatMap(\.parameters) })
      .reduce(0) { $0 + $1.count * MemoryLayout<Float>.stride }
  }

  /// All: each program reads its parameters itself.
  package func missingWeightBytes(_ plans: [Plan]) -> Int { weightBytes(plans) }

  /// Reads the parameters that the plan names.
  /// - Throws: what reading a parameter throws.
  package func prepare(_ plan: Plan) throws -> any Program {
    var parameters: [Parameter: [Float]] = [:]
    for parameter in plan.nodes.flatMap(\.parameters) where parameters[parameter] == nil {
      parameters[parameter] = try parameter.values()
    }
    return ReferenceProgram(plan, parameters)
  }

  /// Does nothing: programs own their parameters.
  package func dropParameters(of source: any WeightSource) {}
}

extension Parameter {
  fileprivate func values() throws -> [Float] {
    try [Float](unsafeUninitializedCapacity: count) { buffer, written in
      try read(into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      written = count
    }
  }
}

extension Node {
  fileprivate var parameters: [Parameter] { parameterUses.flatMap(\.parameters) }
}
