import Graph
import Testing

/// Reshapes and slices are views: they record nothing and keep the value.
@Suite struct TensorTests {
  let graph = Graph()
  var picture: Tensor { graph.input("x", [2, 3, 5, 8], rate: .step) }

  @Test func viewsRecordNothing() {
    let x = picture
    let views = [x.asSequence, x.reshaped([2, 120]), x.channels(2..<6), x.channels(2..<6).asSequence]
    #expect(graph.nodes.isEmpty && graph.shapes.count == 1)
    #expect(views.allSatisfy { $0.operand.value == x.operand.value })
  }

  @Test func aReshapedValueIsStillWhole() {
    let sequence = picture.asSequence
    #expect(sequence.shape == [2, 15, 8] && sequence.operand.isWhole)
    let flat = picture.reshaped([240])
    #expect(flat.operand.isWhole && flat.operand.rowStride == 240)
  }

  @Test func aSliceKnowsItsRowsInTheValue() {
    let slice = picture.channels(2..<6)
    #expect(slice.shape == [2, 3, 5, 4] && !slice.operand.isWhole)
    #expect(slice.operand.offset == 2 && slice.operand.rowStride == 8)
    let inner = slice.asSequence.channels(1..<3)
    #expect(inner.shape == [2, 15, 2] && inner.operand.offset == 3 && inner.operand.rowStride == 8)
  }

  @Test func aSliceOfAllChannelsIsWhole() {
    #expect(picture.channels(0..<8).operand.isWhole)
    #expect(!picture.channels(0..<7).operand.isWhole)
    #expect(!picture.channels(1..<8).operand.isWhole)
  }

  @Test func slicesOfReshapedValues() {
    let slice = picture.reshaped([2, 15, 2, 4]).channels(1..<2)
    #expect(slice.operand.offset == 1 && slice.operand.rowStride == 4)
  }

  @Test func shapesOfResults() {
    let x = picture
    #expect(x.linear(to: 7).shape == [2, 3, 5, 7])
    #expect(x.conv2d(to: 7).shape == [2, 3, 5, 7])
    #expect(x.concat(x.channels(0..<3)).shape == [2, 3, 5, 11])
    #expect(x.upsampled(height: 7, width: 4).shape == [2, 7, 4, 8])
    #expect(x.adding(perChannel: graph.input("v", [1, 8], rate: .step)).shape == x.shape)
    let ids = graph.input("ids", [2, 7], rate: .step)
    #expect(ids.embedding(table: parameter("table", 9, 4), positions: nil).shape == [2, 7, 4])
    let options = AttentionOptions(heads: 2, scale: 1, causal: false)
    let keys = graph.input("keys", [2, 6, 8], rate: .step)
    #expect(x.asSequence.attention(keys: keys, values: keys, options).shape == [2, 15, 8])
  }

  @Test func shapeCounts() {
    let shape: Shape = [2, 3, 5, 8]
    #expect(shape.count == 240 && shape.rows == 30 && shape.channels == 8 && shape.rank == 4)
    let scalar: Shape = []
    #expect(scalar.count == 1 && scalar.rows == 1 && scalar.channels == 1)
  }
}

/// Stacked and sliced parameters.
@Suite struct ParameterTests {
  @Test func slicesAreNumberedWithinTheSlice() {
    let rows = parameter("qkv", 12, 3, 2).slice(4..<10).slice(1..<3)
    #expect(rows.rows == 5..<7 && rows.rowCount == 6 && rows.count == 12)
    #expect(rows == parameter("qkv", 12, 3, 2).slice(5..<7))
    #expect(rows != parameter("qkv", 12, 3, 2).slice(5..<8))
    #expect(rows != parameter("other", 12, 3, 2).slice(5..<7))
  }

  @Test func aParameterOfAnotherSourceIsAnother() {
    let other = Parameter(source: NoNumbers(), name: "weight", shape: [2, 3])
    #expect(other != parameter("weight", 2, 3))
  }

  @Test func stackedRows() {
    let weight = Weight([parameter("q", 4, 6), parameter("k", 3, 6), parameter("v", 8, 6).slice(2..<7)])
    #expect(weight.outputs == 12 && weight.depth == 6)
  }

  @Test func aReadCoversTheSlicesElements() throws {
    final class Recorder: WeightSource, @unchecked Sendable {
      var ranges: [Range<Int>] = []
      func read(_ name: String, elements: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>) {
        ranges.append(elements)
      }
    }
    let source = Recorder()
    let whole = Parameter(source: source, name: "w", shape: [4, 5])
    var numbers = [Float](repeating: 0, count: 20)
    try numbers.withUnsafeMutableBufferPointer { try whole.read(into: $0) }
    try numbers.withUnsafeMutableBufferPointer {
      try whole.slice(1..<3).read(into: UnsafeMutableBufferPointer(rebasing: $0[..<10]))
    }
    #expect(source.ranges == [0..<20, 5..<15])
  }
}
