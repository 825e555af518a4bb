/// What a plan runs and when, before its values have places.
struct PlanBuilder {
  /// When a node runs. The strips of a pass do the same one after the other, and count as running at the same time:
  /// what one has made for itself makes room for what the next makes for itself.
  struct Moment {
    let time: Int
    /// The whole pass of which the node is part.
    var pass: ClosedRange<Int>
  }

  private(set) var nodes: [Node] = []
  private(set) var moments: [Moment] = []
  /// How many nodes run once per picture: they come first.
  private(set) var prologue = 0
  /// By value, as are rates, storages and what follows.
  var shapes: [Shape]
  private(set) var rates: [Rate]
  private(set) var storages: [Storage]
  /// Whether the value is made by a strip for itself.
  private(set) var isPassing: [Bool]
  /// Values of which a plan may choose whether they are kept or made again.
  var optional: [Int] = []
  /// When the next node runs.
  var time = 0

  /// Rows that a tile of a convolution's result has: strips have whole tiles, so that they get the same numbers.
  let convolutionRows: Int

  init(shapes: [Shape], rates: [Rate], storages: [Storage], convolutionRows: Int) {
    self.convolutionRows = convolutionRows
    self.shapes = shapes
    self.rates = rates
    self.storages = storages
    isPassing = shapes.map { _ in false }
  }

  mutating func append(_ node: Node) {
    nodes.append(node)
    if node.rate == .picture { prologue = nodes.count }
    moments.append(Moment(time: time, pass: time...time))
    time += 1
  }

  /// The nodes from `first` on become one pass.
  mutating func close(passFrom first: Int, at start: Int) {
    for index in first..<nodes.count { moments[index].pass = start...(time - 1) }
  }

  mutating func addValue(_ shape: Shape, _ rate: Rate, _ storage: Storage, isPassing: Bool) -> Int {
    shapes.append(shape)
    rates.append(rate)
    storages.append(storage)
    self.isPassing.append(isPassing)
    return shapes.count - 1
  }

  /// When each value is alive. Inputs are written before their part runs; outputs, and values that cross from the
  /// prologue into the steps, stay to the end.
  func lives(inputs: [Input], outputs: [Output]) -> [ClosedRange<Int>?] {
    var lives = [ClosedRange<Int>?](repeating: nil, count: shapes.count)
    let prologue = prologue
    for input in inputs {
      let start = input.rate == .picture ? 0 : prologue < nodes.count ? moments[prologue].time : time
      lives[input.value] = start...start
    }
    // By index, so that nodes are not copied.
    for index in nodes.indices {
      let moment = moments[index]
      for operand in nodes[index].operands {
        guard let life = lives[operand.value] else {
          preconditionFailure("a value is read before it is made")
        }
        let crosses = rates[operand.value] == .picture && index >= prologue
        let last = crosses ? time : isPassing[operand.value] ? moment.time : moment.pass.upperBound
        lives[operand.value] = life.lowerBound...max(life.upperBound, last)
      }
      let value = nodes[index].output
      let made = isPassing[value] ? moment.time...moment.time : moment.pass
      let life = lives[value] ?? made
      lives[value] =
        min(life.lowerBound, made.lowerBound)...max(life.upperBound, made.upperBound)
    }
    for output in outputs {
      if let life = lives[output.value] { lives[output.value] = life.lowerBound...time }
    }
    return lives
  }
}
