import Graph
import Testing

/// What folds into a producer, and in which order.
@Suite struct FusionTests {
  let graph = Graph()
  let slopes = parameter("slopes", 4)

  func picture(_ name: String = "x", rate: Rate = .step) -> Tensor {
    graph.input(name, [2, 3, 5, 4], rate: rate)
  }
  func vector(_ batch: Int = 2) -> Tensor { graph.input("vector", [batch, 4], rate: .step) }

  /// The nodes that are left when `tensors` are the graph's outputs.
  func nodes(_ tensors: Tensor...) -> [Node] {
    for (index, tensor) in tensors.enumerated() { graph.output("\(index)", tensor) }
    return Plan(graph).nodes
  }

  @Test func everythingInOrderBecomesOneNode() {
    let (x, gate, first, second) = (picture(), picture("gate"), picture("first"), picture("second"))
    let v = vector()
    let result = x.conv2d(to: 4).adding(perChannel: v).activated(.silu) * gate + first + second
    let nodes = nodes(result)
    #expect(nodes.map(\.name) == ["conv2d"])
    #expect(nodes[0].output == result.operand.value)
    #expect(nodes[0].inputs == [x.operand])
    #expect(nodes[0].epilogue.bias.map(\.name) == ["bias"])
    #expect(nodes[0].epilogue.vector == v.operand)
    #expect(nodes[0].epilogue.activation == .silu)
    #expect(nodes[0].epilogue.gate == gate.operand)
    #expect(nodes[0].epilogue.residuals == [first.operand, second.operand])
  }

  @Test func linearTakesTheSame() {
    let result = picture().linear(to: 4).adding(perChannel: vector(1)).activated(.gelu) * picture("gate")
    #expect(nodes(result + picture("first") + picture("second")).map(\.name) == ["linear"])
  }

  @Test func withoutFusingEveryOpStays() {
    graph.output("y", picture().linear(to: 4).activated(.silu) + picture("residual"))
    #expect(Plan(graph, fusing: false).nodes.map(\.name) == ["linear", "activation", "add"])
  }

  @Test(arguments: Activation.smooth) func normsTakeOneActivation(_ function: Activation) {
    let group = picture("a").groupNorm(groups: 2).activated(function)
    let layer = picture("b").layerNorm().activated(function).activated(.silu)
    let nodes = nodes(group, layer)
    #expect(nodes.map(\.name) == ["groupNorm", "layerNorm", "activation"])
    #expect(nodes[0].epilogue.activation == function && nodes[1].epilogue.activation == function)
    #expect(nodes[2].op == .activation(.silu))
  }

  @Test(arguments: [Activation.leakyReLU(slope: 0.2), .scaled(by: 0.2)])
  func normsTakeNoActivationWithNumbers(_ function: Activation) {
    let nodes = nodes(picture().groupNorm(groups: 2).activated(function))
    #expect(nodes.map(\.name) == ["groupNorm", "activation"])
  }

  @Test func productsTakeActivationsWithNumbers() {
    let x = picture().conv2d(to: 4).activated(.scaled(by: 0.2)) + picture("residual")
    let nodes = nodes(
      x.conv2d(to: 4).activated(.prelu(slopes: slopes)), x.linear(to: 4).activated(.leakyReLU(slope: 0.2)))
    #expect(nodes.map(\.name) == ["conv2d", "conv2d", "linear"])
    #expect(nodes[1].epilogue.activation == .prelu(slopes: slopes))
  }

  /// A backend has room for slopes or for a vector.
  @Test func slopesDoNotStandBesideAVector() {
    let x = picture().conv2d(to: 4).adding(perChannel: vector()).activated(.prelu(slopes: slopes))
    #expect(nodes(x).map(\.name) == ["conv2d", "activation"])
  }

  @Test func normsTakeNothingElse() {
    let sum = picture("a").groupNorm(groups: 2) + picture("b")
    let product = picture("c").layerNorm() * picture("d")
    let shifted = picture("e").layerNorm().adding(perChannel: vector())
    #expect(
      nodes(sum, product, shifted).map(\.name) == [
        "groupNorm", "add", "layerNorm", "multiply", "layerNorm", "add",
      ])
  }

  @Test func otherOpsTakeNothing() {
    let sequence = picture().asSequence
    let attention = sequence.attention(
      keys: sequence, values: sequence, AttentionOptions(heads: 2, scale: 1, causal: false))
    let concat = picture("a").concat(picture("b")).activated(.silu)
    let upsampled =
      picture("c").upsampled(height: 6, width: 10) + graph.input("d", [2, 6, 10, 4], rate: .step)
    let embedded = graph.input("ids", [2, 7], rate: .step)
      .embedding(table: parameter("table", 9, 4), positions: nil).activated(.silu)
    #expect(
      nodes(attention + sequence, concat, upsampled, embedded).map(\.name) == [
        "attention", "concat", "activation", "upsample", "add", "embedding", "activation", "add",
      ])
  }

  @Test func elementwiseOpsDoNotJoinEachOther() {
    #expect(nodes(picture().activated(.silu).activated(.gelu)).map(\.name) == ["activation", "activation"])
  }

  @Test func aValueWithTwoReadersStays() {
    let made = picture().linear(to: 4)
    #expect(
      nodes(made.activated(.silu), made.activated(.gelu)).map(\.name) == [
        "linear", "activation", "activation",
      ])
  }

  @Test func aValueThatIsReadTwiceByOneNodeStays() {
    let made = picture().linear(to: 4)
    #expect(nodes(made + made).map(\.name) == ["linear", "add"])
  }

  @Test func aGraphOutputStays() {
    let made = picture().linear(to: 4)
    let nodes = nodes(made, made.activated(.silu))
    #expect(nodes.map(\.name) == ["linear", "activation"])
    #expect(nodes[0].output == made.operand.value)
  }

  @Test func aSliceIsNotTheWholeValue() {
    let made = picture().linear(to: 8)
    #expect(nodes(made.channels(0..<4).activated(.silu)).map(\.name) == ["linear", "activation"])
  }

  /// The same width as the value, but every other row of it.
  @Test func aSliceOfAReshapedValueIsNotTheWholeValue() {
    let made = graph.input("x", [2, 6, 4], rate: .step).linear(to: 4)
    let slice = made.reshaped([2, 3, 8]).channels(0..<4)
    #expect(nodes(slice.activated(.silu)).map(\.name) == ["linear", "activation"])
  }

  @Test func aGatedProductKeepsItsHalves() {
    let halves = picture().linear(to: 8)
    let nodes = nodes(halves.channels(0..<4) * halves.channels(4..<8).activated(.gelu))
    #expect(nodes.map(\.name) == ["linear", "activation", "multiply"])
  }

  @Test func theGateOfAFoldedProductMayBeASlice() {
    let halves = graph.input("halves", [2, 3, 5, 8], rate: .step)
    let nodes = nodes(picture().linear(to: 4) * halves.channels(4..<8))
    #expect(nodes.map(\.name) == ["linear"])
    #expect(nodes[0].epilogue.gate == halves.channels(4..<8).operand)
  }

  @Test func theOtherFactorOrSummandMayComeFirst() {
    let product = picture("a") * picture("b").linear(to: 4)
    let sum = picture("c") + picture("d").linear(to: 4)
    let nodes = nodes(product, sum)
    #expect(nodes.map(\.name) == ["linear", "linear"])
    #expect(nodes[0].epilogue.gate == graph.nodes[1].inputs[0])
    #expect(nodes[1].epilogue.residuals == [graph.nodes[3].inputs[0]])
  }

  @Test func ofTwoProducersTheFirstTakesTheSum() {
    let (left, right) = (picture("a").linear(to: 4), picture("b").conv2d(to: 4))
    let nodes = nodes(left + right)
    #expect(nodes.map(\.name) == ["conv2d", "linear"], "the linear moves behind the value that it adds")
    #expect(nodes[1].epilogue.residuals == [right.operand])
  }

  @Test func aVectorsProducerDoesNotTakeThePicture() {
    let vector = graph.input("time", [2, 4], rate: .step).linear(to: 4)
    let nodes = nodes(picture().groupNorm(groups: 2).adding(perChannel: vector))
    #expect(nodes.map(\.name) == ["linear", "groupNorm", "add"])
  }

  @Test func differentRatesStayApart() {
    let made = picture(rate: .picture).linear(to: 4)
    let nodes = nodes(made + picture("step"))
    #expect(nodes.map(\.name) == ["linear", "add"])
    #expect(nodes.map(\.rate) == [.picture, .step])
  }

  @Test func aStepTakesWhatChangesPerPicture() {
    let nodes = nodes(picture().linear(to: 4) + picture("conditioning", rate: .picture).activated(.silu))
    #expect(nodes.map(\.name) == ["activation", "linear"])
  }
}

/// Elementwise ops that come too late for the order of an epilogue stay nodes of their own.
@Suite struct EpilogueOrderTests {
  enum Part: String, CaseIterable {
    case vector, activation, gate, residual

    func apply(to x: Tensor, _ graph: Graph) -> Tensor {
      let name = "\(rawValue) \(graph.inputs.count)"
      switch self {
      case .vector: return x.adding(perChannel: graph.input(name, [1, 4], rate: .step))
      case .activation: return x.activated(.silu)
      case .gate: return x * graph.input(name, x.shape, rate: .step)
      case .residual: return x + graph.input(name, x.shape, rate: .step)
      }
    }
  }

  /// How many nodes a linear with these parts behind it becomes.
  func count(_ parts: [Part]) -> Int {
    let graph = Graph()
    let x = graph.input("x", [1, 2, 2, 4], rate: .step).linear(to: 4)
    graph.output("y", parts.reduce(x) { $1.apply(to: $0, graph) })
    return Plan(graph).nodes.count
  }

  /// Any two parts: one node if the second may follow the first.
  @Test func pairs() {
    for first in Part.allCases {
      for second in Part.allCases {
        let inOrder: Bool
        switch (first, second) {
        case (.vector, .vector), (.activation, .activation), (.gate, .gate): inOrder = false
        case (.residual, .residual): inOrder = true
        default:
          inOrder = Part.allCases.firstIndex(of: first) ?? 0 < Part.allCases.firstIndex(of: second) ?? 0
        }
        #expect(count([first, second]) == (inOrder ? 1 : 2), "\(first) then \(second)")
      }
    }
  }

  @Test func aThirdResidualStays() { #expect(count([.residual, .residual, .residual]) == 2) }

  @Test func whatFollowsARejectedPartIsNotPulledForward() {
    #expect(count([.residual, .activation, .residual]) == 3)
  }
}

/// A producer whose value is reshaped on the way to the elementwise op.
@Suite struct ReshapedFusionTests {
  let graph = Graph()
  let slopes = parameter("slopes", 4)

  @Test func aLinearDoesNotCareAboutItsRows() {
    let x = graph.input("x", [2, 15, 4], rate: .step)
    let residual = graph.input("residual", [2, 3, 5, 4], rate: .step)
    graph.output("y", x.linear(to: 4).reshaped([2, 3, 5, 4]) + residual)
    #expect(Plan(graph).nodes.map(\.name) == ["linear"])
  }

  @Test func aConvolutionKeepsItsPixels() {
    let x = graph.input("x", [2, 3, 5, 4], rate: .step)
    let residual = graph.input("residual", [2, 15, 4], rate: .step)
    graph.output("y", x.conv2d(to: 4).asSequence + residual)
    #expect(Plan(graph).nodes.map(\.name) == ["conv2d", "add"])
  }

  @Test func biasKeepsItsChannels() {
    let x = graph.input("x", [2, 3, 5, 4], rate: .step)
    graph.output("y", x.linear(to: 4).reshaped([2, 3, 20]).activated(.silu))
    #expect(Plan(graph).nodes.map(\.name) == ["linear", "activation"])
  }

  @Test func vectorsKeepTheirPictures() {
    let x = graph.input("x", [1, 30, 4], rate: .step)
    let vector = graph.input("vector", [2, 4], rate: .step)
    graph.output("y", x.linear(to: 4).reshaped([2, 3, 5, 4]).adding(perChannel: vector))
    #expect(Plan(graph).nodes.map(\.name) == ["linear", "add"])
  }
}
