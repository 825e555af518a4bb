import CPUKernels
import Graph

extension Lowering {
  /// Bytes of scratch memory that the plan's hungriest node needs.
  static func scratchBytes(
    _ plan: Plan, _ instructions: InstructionSet, _ matmul: Matmul, threads: Int
  ) -> Int {
    plan.nodes.map { node in
      switch node.op {
      case .attention(let options):
        withUnsafePointer(to: attentionShape(node, options, instructions, plan.storage)) {
          dk_attention_packed_bytes($0) + dk_attention_scratch($0) * threads
        }
      case .groupNorm(let groups, _), .groupNormStatistics(let groups), .groupNormApply(let groups, _, _):
        withUnsafePointer(to: groupNormShape(node, groups)) { dk_group_norm_scratch($0) }
          * MemoryLayout<Float>.stride
      case .conv2d, .linear:
        withUnsafePointer(to: productShape(node, plan, instructions, matmul, threads: threads)) {
          dk_convolution_scratch($0) * threads + dk_convolution_shared($0)
        }
      default: 0
      }
    }.max() ?? 0
  }
}
