import Graph
import TestSupport

/// A graph of random ops on small pictures, with inputs of both rates, slices, reshapes and values that are
/// read again much later.
struct RandomGraph {
  let graph = Graph()
  private var random: SeededGenerator
  private var pictures: [Tensor] = []
  private let batch: Int

  init(seed: UInt64, nodes: Int) {
    random = SeededGenerator(seed: seed)
    batch = Int.random(in: 1...3, using: &random)
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      pictures.append(input([batch, number(1...6), number(1...6), number(1...5)]))
    }
    while graph.nodes.count < nodes { pictures.append(extend(choose())) }
    for index in 0..<number(1...3) { graph.output("output \(index)", choose()) }
    graph.output("last", pictures[pictures.count - 1])
  }

  private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  /// Mostly what was made last, so that chains grow which can be fused.
  private mutating func choose() -> Tensor {
    let recent = number(0...2) > 0
    return recent ? pictures[pictures.count - 1] : pictures[number(0...(pictures.count - 1))]
  }

  private mutating func input(_ shape: Shape) -> Tensor {
    let rate: Rate = number(0...1) == 0 ? .picture : .step
    return graph.input("input \(graph.inputs.count)", shape, rate: rate)
  }

  /// A value of this shape, made before if there is one.
  private mutating func partner(of x: Tensor) -> Tensor {
    let others = pictures.filter { $0.shape == x.shape }
    return others.isEmpty || number(0...3) == 0 ? input(x.shape) : others[number(0...(others.count - 1))]
  }

  private mutating func extend(_ x: Tensor) -> Tensor {
    switch number(0...11) {
    case 0, 1: return x.linear(to: number(1...20))
    case 2: return x.conv2d(to: number(1...20))
    case 3: return x.groupNorm(groups: 1)
    case 4: return x.layerNorm()
    case 5, 6: return x.activated(Activation.smooth[number(0...2)])
    case 7: return x + partner(of: x)
    case 8: return x * partner(of: x)
    case 9: return x.adding(perChannel: input([number(0...1) == 0 ? 1 : batch, x.shape.channels]))
    case 10: return x.concat(partner(of: x))
    default: return reshape(x)
    }
  }

  private mutating func reshape(_ x: Tensor) -> Tensor {
    switch number(0...2) {
    case 0: return x.upsampled(height: number(1...9), width: number(1...9))
    case 1:
      let options = AttentionOptions(heads: 1, scale: 1, causal: false)
      return x.asSequence.attention(keys: x.asSequence, values: x.asSequence, options).reshaped(x.shape)
    default:
      let half = (x.shape.channels + 1) / 2
      return x.channels(0..<half) + x.channels((x.shape.channels - half)..<x.shape.channels)
    }
  }
}
