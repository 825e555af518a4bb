import CPUBackend
import Foundation
import Graph
import Models
import Reference
import TestSupport
import Testing
import Weights

/// Networks that enlarge pictures against PyTorch, with every way that files name and store their tensors.
@Suite struct UpscalerTests {
  static let cases: [(name: String, scale: Int)] = [
    ("srvgg_x4", 4), ("srvgg_x2", 2), ("srvgg_x1", 1), ("rrdb_x4", 4), ("rrdb_x2", 2), ("rrdb_x1", 1),
    ("rrdb_x4_sequential", 4), ("rrdb_x1_sequential", 1), ("rrdb_x2_first", 2), ("built_in", 4),
  ]

  @Test(arguments: ["cpu", "reference"], cases)
  func isPyTorchs(backend: String, network: (name: String, scale: Int)) throws {
    let trial = try Trial(network.name)
    #expect(trial.network.scale == network.scale)
    let made = try trial.result(of: Plan(trial.graph), on: make(backend))
    #expect(largestDifference(made, trial.expected) < 1e-4)
  }

  /// Values between blocks are kept, so that strips compute little twice; without them, each strip makes all it needs.
  @Test(arguments: [("rrdb_x4", 2), ("rrdb_x2_first", 1)])
  func stripsAreTheWhole(_ name: String, blocks: Int) throws {
    let trial = try Trial(name)
    let whole = try trial.result(of: Plan(trial.graph), on: make("cpu"))
    let kept = Plan(trial.graph, strips: Strips(count: 8))
    #expect(kept.optional.count == 2 + blocks)
    #expect(try trial.result(of: kept, on: make("cpu")) == whole)
    let tightest = Plan(trial.graph, strips: Strips(count: 8, recomputed: Set(kept.optional)))
    #expect(tightest.operations > kept.operations)
    #expect(try trial.result(of: tightest, on: make("cpu")) == whole)
  }

  /// A place that is no number spoils the places around it, as far as the network says that it looks, and no others.
  @Test(arguments: cases) func reachIsExact(_ network: (name: String, scale: Int)) throws {
    let network = try Trial(network.name).network
    let (reach, side) = (network.reach, network.inputCell)
    let width = reach + 3
    var numbers = [Float](repeating: 0.5, count: width * 3 * side * side)
    for channel in 0..<3 * side * side { numbers[channel] = .nan }
    let made = try make("cpu").prepare(Plan(network.graph(height: 1, width: width))).run(
      ["picture": numbers], [:], output: "picture", count: numbers.count * network.scale * network.scale)
    // Rows of the result that belong to one row of places.
    let factor = side * network.scale / network.outputCell
    let row = made.count / factor
    for place in 0..<width {
      let part = row / width
      let isSpoiled = (0..<factor).contains { line in
        made[(line * row + place * part)..<(line * row + (place + 1) * part)].contains(where: \.isNaN)
      }
      #expect(isSpoiled == (place <= reach), "\(place) of \(reach)")
    }
  }

  /// All activations and sums are parts of convolutions, but for one scaled value a block.
  @Test func activationsAreFused() throws {
    let block = 3 * (5 + 4) + 1
    #expect(Plan(try Trial("rrdb_x4").graph).nodes.count == 1 + 2 * block + 1 + 2 * 2 + 2)
    #expect(Plan(try Trial("srvgg_x4").graph).nodes.count == 5)
  }

  private func make(_ name: String) throws -> any Backend {
    name == "cpu" ? try CPUBackend(threads: 2) : ReferenceBackend()
  }
}

/// A network, a picture and what PyTorch makes of it.
private struct Trial {
  let network: any UpscalingNetwork
  let expected: [Float]
  let graph: Graph
  private let input: [Float]
  private let size: Shape
  private let cells: (height: Int, width: Int)

  init(_ name: String) throws {
    let file =
      name == "built_in"
      ? "../../Sources/BuiltInModel/upscaler/realesr-animevideov3.safetensors"
      : "upscaling/\(name).safetensors"
    let checkpoint = try Checkpoint(upscaler: ByteSource(path: Fixtures.url(file).path))
    network = name.hasPrefix("rrdb") ? try RRDBNet(checkpoint.upscaler) : try SRVGGNet(checkpoint.upscaler)
    try checkpoint.verify()
    #expect(checkpoint.unusedNames().isEmpty)
    let io = try Golden("upscaling/io.safetensors")
    (input, size) = try io.tensor("\(name).input")
    expected = try io.tensor("\(name).output").0
    let cell = network.inputCell
    cells = ((size[2] + cell - 1) / cell, (size[3] + cell - 1) / cell)
    graph = network.graph(height: cells.height, width: cells.width)
  }

  /// The picture in PyTorch's order, out of the cells that the network makes.
  func result(of plan: Plan, on backend: any Backend) throws -> [Float] {
    let (height, width) = (size[2], size[3])
    let (cell, out, scale) = (network.inputCell, network.outputCell, network.scale)
    var numbers: [Float] = []
    for row in 0..<cells.height {
      for column in 0..<cells.width {
        for colour in 0..<3 {
          for i in 0..<cell * cell {
            let (y, x) = (row * cell + i / cell, column * cell + i % cell)
            let inside = (y < height ? y : 2 * height - 2 - y, x < width ? x : 2 * width - 2 - x)
            numbers.append(input[(colour * height + inside.0) * width + inside.1])
          }
        }
      }
    }
    let places = cells.width * cell * scale / out
    let made = try backend.prepare(plan).run(
      ["picture": numbers], [:], output: "picture", count: numbers.count * scale * scale)
    var picture: [Float] = []
    for colour in 0..<3 {
      for y in 0..<height * scale {
        for x in 0..<width * scale {
          let place = y / out * places + x / out
          let below = network.addsPicture ? input[(colour * height + y / scale) * width + x / scale] : 0
          picture.append(below + made[(place * out * out + y % out * out + x % out) * 3 + colour])
        }
      }
    }
    return picture
  }
}
