import Graph
import Testing

/// Layers are named by patterns, and a plan marks those that may have 8 bits.
@Suite struct LayerNamesTests {
  @Test func aStarStandsForAnyLetters() {
    let names = LayerNames(["unet.*.attn1.*", "*.ff.net.2.weight", "whole"], except: ["*.to_v.*"])
    for name in [
      "unet.a.0.attn1.to_q.weight", "unet..attn1.", "x.ff.net.2.weight", ".ff.net.2.weight", "whole",
    ] {
      #expect(names.contains(name), "\(name)")
    }
    for name in [
      "unet.attn1.to_q", "vae.a.attn1.b", "unet.a.attn1.to_v.weight", "x.ff.net.2.weights", "wholes", "",
    ] {
      #expect(!names.contains(name), "\(name)")
    }
    #expect(LayerNames(["*"]).contains("") && LayerNames(["a*b*c"]).contains("abbcbc"))
    #expect(!LayerNames([""]).contains("a") && LayerNames([""]).contains("") && !LayerNames([]).contains("a"))
    // Stars that could take all that follows cost no more than the length.
    #expect(
      !LayerNames([String(repeating: "*a", count: 30)]).contains(String(repeating: "a", count: 2000) + "b"))
  }

  /// Linear layers and kernels of one pixel are products of rows; a node of several matrices needs all names.
  @Test func aPlanMarksWhatMayHaveEightBits() throws {
    let source = NoWeights()
    func parameter(_ name: String, _ shape: Shape) -> Parameter {
      Parameter(source: source, name: name, shape: shape)
    }
    let point = Window(kernel: 1, stride: 1, padTop: 0, padLeft: 0)
    let half = Window(kernel: 1, stride: 2, padTop: 0, padLeft: 0)
    let graph = Graph()
    let x = graph.input("x", [1, 4, 4, 64], rate: .step)
    let both = Weight([parameter("a.one", [64, 64]), parameter("a.two", [64, 64])])
    graph.output("both", x.linear(both, bias: []))
    graph.output(
      "other", x.linear(Weight([parameter("a.one", [64, 64]), parameter("b", [64, 64])]), bias: []))
    let kernel = Weight([parameter("a.kernel", [64, 64, 1, 1])])
    graph.output("pixel", x.conv2d(kernel, point, height: 4, width: 4, bias: []))
    graph.output("half", x.conv2d(kernel, half, height: 2, width: 2, bias: []))
    graph.output("more", x.conv2d(kernel, point, height: 5, width: 4, bias: []))
    graph.eightBitLayers = LayerNames(["a.*"])
    let plan = Plan(graph, values: .bfloat16, weights: .int8)
    #expect(plan.nodes.map(\.isInt8) == [true, false, true, false, false])
    let node = plan.nodes[0]
    #expect(plan.bytes(of: node) == 2 * 16 * (64 + 128) + 64 * 128)
    #expect(Plan(graph, values: .bfloat16).nodes.allSatisfy { !$0.isInt8 })
  }
}

private final class NoWeights: WeightSource {
  func read(_ name: String, elements: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>) {}
}
