import Graph
import Testing

/// Wrong calls by our own code stop at the call, not in a kernel.
@Suite struct PreconditionTests {
  enum Mistake: String, CaseIterable, Codable, Sendable {
    case linearDepth, linearBias, convDepth, convBias, groups, heads, keysUnlikeValues, sumOfShapes
    case productOfShapes, vectorChannels, vectorBatch, concatRows, reshapeCount, reshapeOfSlice, sliceRange
    case outputOfSlice, twoGraphs, stackedWidths, parameterRows, positions, channelsFirstRank

    func make() {
      let graph = Graph()
      let x = graph.input("x", [2, 3, 5, 8], rate: .step), y = graph.input("y", [2, 3, 5, 4], rate: .step)
      let attention = AttentionOptions(heads: self == .heads ? 3 : 2, scale: 1, causal: false)
      let window = Window(kernel: 1, stride: 1, padTop: 0, padLeft: 0)
      switch self {
      case .linearDepth: _ = x.linear(Weight([parameter("w", 4, 7)]))
      case .linearBias: _ = x.linear(Weight([parameter("w", 4, 8)]), bias: [parameter("b", 3)])
      case .convDepth:
        _ = x.conv2d(Weight([parameter("w", 4, 4, 1, 1)]), window, height: 3, width: 5, bias: [])
      case .convBias:
        let weight = Weight([parameter("w", 4, 8, 1, 1)])
        _ = x.conv2d(weight, window, height: 3, width: 5, bias: [parameter("b", 8)])
      case .groups: _ = x.groupNorm(groups: 3)
      case .heads: _ = x.asSequence.attention(keys: x.asSequence, values: x.asSequence, attention)
      case .keysUnlikeValues: _ = x.asSequence.attention(keys: x.asSequence, values: y.asSequence, attention)
      case .sumOfShapes: _ = x + y
      case .productOfShapes: _ = x * y
      case .vectorChannels: _ = x.adding(perChannel: graph.input("v", [2, 4], rate: .step))
      case .vectorBatch: _ = x.adding(perChannel: graph.input("v", [3, 8], rate: .step))
      case .concatRows: _ = x.concat(y.asSequence)
      case .reshapeCount: _ = x.reshaped([2, 8])
      case .reshapeOfSlice: _ = x.channels(0..<4).reshaped([2, 3, 20])
      case .sliceRange: _ = x.channels(4..<9)
      case .outputOfSlice: graph.output("o", x.channels(0..<4))
      case .twoGraphs: _ = x + Graph().input("x", [2, 3, 5, 8], rate: .step)
      case .stackedWidths: _ = Weight([parameter("a", 4, 8), parameter("b", 4, 7)])
      case .parameterRows: _ = parameter("w", 4, 8).slice(2..<5)
      case .positions:
        _ = graph.input("ids", [2, 7], rate: .step)
          .embedding(table: parameter("table", 9, 4), positions: parameter("positions", 6, 4))
      case .channelsFirstRank: _ = graph.input("z", [2, 3], rate: .step, layout: .channelsFirst)
      }
    }
  }

  @Test(arguments: Mistake.allCases) func stops(_ mistake: Mistake) async {
    await #expect(processExitsWith: .failure) { [mistake] in mistake.make() }
  }
}
