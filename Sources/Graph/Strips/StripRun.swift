/// A run of nodes that work in strips.
struct StripRun {
  /// A picture that a group norm looks at.
  struct Look: Hashable {
    let operand: Operand
    let groups: Int
  }

  let nodes: ArraySlice<Node>
  /// Values that later nodes or the caller read.
  private let leaving: Set<Int>
  /// Values that had better exist as a whole, since what comes after them depends on many of their rows.
  private let marked: Set<Int>
  private let strips: Strips
  /// By value, each once.
  let looks: [Int: [Look]]
  /// Looked at, but not made here.
  private(set) var given: [Operand] = []
  /// Made here and never there as a whole: each strip has its rows of them for itself.
  private let passing: Set<Int>
  private var statistics: [Look: (value: Int, cut: Cut)] = [:]

  init(_ nodes: ArraySlice<Node>, leaving: Set<Int>, marked: Set<Int>, _ strips: Strips) {
    self.nodes = nodes
    self.marked = marked
    self.leaving = leaving
    self.strips = strips
    let made = Set(nodes.map(\.output))
    var looks: [Int: [Look]] = [:]
    for node in nodes {
      guard case .groupNorm(let groups, _) = node.op else { continue }
      let look = Look(operand: node.inputs[0], groups: groups)
      guard !looks[look.operand.value, default: []].contains(look) else { continue }
      looks[look.operand.value, default: []].append(look)
      if !made.contains(look.operand.value), !given.contains(look.operand) { given.append(look.operand) }
    }
    self.looks = looks
    passing = made.filter { value in
      !leaving.contains(value)
        && (looks[value] == nil && !marked.contains(value) || strips.recomputed.contains(value))
    }
  }

  /// Values of which the plan may choose whether they are kept.
  var optional: [Int] {
    nodes.map(\.output).filter { (looks[$0] != nil || marked.contains($0)) && !leaving.contains($0) }
  }

  /// Whether a value exists as a whole from its pass on.
  func isKept(_ value: Int) -> Bool { !passing.contains(value) }

  // MARK: Passes

  /// Takes the statistics of a picture that exists.
  mutating func measure(_ operand: Operand, in builder: inout PlanBuilder) {
    let looks = (looks[operand.value] ?? []).filter { $0.operand == operand }
    pass(height: operand.shape[1], multipleOf: 1, looks, rate: nodes.first?.rate ?? .picture, in: &builder) {
      rows, run, _ in
      StripPart(rows: rows, run: run, target: nil)
    }
  }

  /// Makes the value of the node at `index`, and takes its statistics.
  mutating func make(_ index: Int, in builder: inout PlanBuilder) {
    let node = nodes[index]
    let looks = looks[node.output] ?? []
    let makers = makers(index)
    let factor = node.rowsTogether(builder.shapes, tile: builder.convolutionRows)
    var values: [Int: Int] = [:]
    pass(height: builder.shapes[node.output][1], multipleOf: factor, looks, rate: node.rate, in: &builder) {
      rows, run, builder in
      var part = StripPart(rows: rows, run: run, target: node.output, values: values)
      part.make(makers, in: &builder)
      values = part.values
      return part
    }
  }

  /// The nodes that make a node's value out of what is kept, in order, that node the last. Strips of a pass run these
  /// alone: they are few of all nodes, and there are many strips.
  private func makers(_ index: Int) -> [Node] {
    var needed: Set<Int> = [nodes[index].output]
    var makers: [Int] = []
    for at in (nodes.startIndex...index).reversed() where needed.contains(nodes[at].output) {
      makers.append(at)
      for operand in nodes[at].operands where isPassing(operand.value) { needed.insert(operand.value) }
    }
    return makers.reversed().map { nodes[$0] }
  }

  private mutating func pass(
    height: Int, multipleOf factor: Int, _ looks: [Look], rate: Rate, in builder: inout PlanBuilder,
    _ strip: (Range<Int>, StripRun, inout PlanBuilder) -> StripPart
  ) {
    let step = strips.rows(height: height, multipleOf: factor)
    for look in looks {
      let width = look.operand.shape[2]
      let cut = Cut(pixels: height * width, stripPixels: step * width)
      let value = builder.addValue([cut.strips, 2 * look.groups], rate, .float32, isPassing: false)
      statistics[look] = (value, cut)
    }
    let (first, start) = (builder.nodes.count, builder.time)
    for (index, row) in stride(from: 0, to: height, by: step).enumerated() {
      let rows = row..<min(row + step, height)
      builder.time = start
      let part = strip(rows, self, &builder)
      for look in looks {
        guard let (value, _) = statistics[look] else { continue }
        let row = Operand(value: value, shape: [1, 2 * look.groups], offset: index * 2 * look.groups)
        builder.append(
          Node(
            op: .groupNormStatistics(groups: look.groups), inputs: [part.rows(rows, of: look.operand)],
            epilogue: Epilogue(), output: value, rate: rate, part: row))
      }
    }
    builder.close(passFrom: first, at: start)
  }

  /// The statistics that an earlier pass has taken.
  func statistics(_ operand: Operand, groups: Int) -> (operand: Operand, cut: Cut) {
    guard let (value, cut) = statistics[Look(operand: operand, groups: groups)] else {
      preconditionFailure("a group norm comes before its statistics")
    }
    return (Operand(value: value, shape: [cut.strips, 2 * groups]), cut)
  }

  func isPassing(_ value: Int) -> Bool { passing.contains(value) }
}

/// One strip of a pass.
struct StripPart {
  private let run: StripRun
  private let target: Int?
  /// The values that stand for those of the run: as large as the largest strip needs.
  private(set) var values: [Int: Int]
  /// Rows of the values that this strip makes.
  private var needed: [Int: Range<Int>] = [:]

  init(rows: Range<Int>, run: StripRun, target: Int?, values: [Int: Int] = [:]) {
    self.run = run
    self.target = target
    self.values = values
    if let target { needed[target] = rows }
  }

  /// Makes the target with the nodes that it takes, in order.
  mutating func make(_ nodes: [Node], in builder: inout PlanBuilder) {
    for index in nodes.indices.reversed() { need(nodes[index], builder) }
    for node in nodes {
      if let rows = needed[node.output] { append(node, rows, in: &builder) }
    }
  }

  /// Notes what a node reads, if it is needed itself.
  private mutating func need(_ node: Node, _ builder: PlanBuilder) {
    guard var rows = needed[node.output] else { return }
    let together = node.rowsTogether(builder.shapes, tile: builder.convolutionRows)
    if together > 1 {
      let end = (rows.upperBound + together - 1) / together * together
      rows = rows.lowerBound / together * together..<min(end, builder.shapes[node.output][1])
      needed[node.output] = rows
    }
    let source = node.sourceRows(rows, builder.shapes)
    for (index, operand) in node.operands.enumerated() where run.isPassing(operand.value) {
      let read = index == 0 ? source : rows
      let others = needed[operand.value] ?? read
      needed[operand.value] =
        min(others.lowerBound, read.lowerBound)..<max(others.upperBound, read.upperBound)
    }
  }

  private mutating func append(_ node: Node, _ rows: Range<Int>, in builder: inout PlanBuilder) {
    let source = node.sourceRows(rows, builder.shapes)
    var inputs = node.inputs.enumerated().map { self.rows($0 == 0 ? source : rows, of: $1) }
    var op = node.op.making(
      rows, of: builder.shapes[node.output].rank == 4 ? builder.shapes[node.output][1] : 1)
    if case .groupNorm(let groups, let affine) = node.op {
      let (statistics, cut) = run.statistics(node.inputs[0], groups: groups)
      inputs.append(statistics)
      op = .groupNormApply(groups: groups, affine, cut)
    }
    var epilogue = node.epilogue
    epilogue.gate = epilogue.gate.map { self.rows(rows, of: $0) }
    epilogue.residuals = epilogue.residuals.map { self.rows(rows, of: $0) }
    let part = result(of: node, rows, in: &builder)
    builder.append(
      Node(op: op, inputs: inputs, epilogue: epilogue, output: part.value, rate: node.rate, part: part))
  }

  /// Where rows of a node's result go.
  private mutating func result(of node: Node, _ rows: Range<Int>, in builder: inout PlanBuilder) -> Operand {
    let value = node.output
    let whole = builder.shapes[value]
    let shape: Shape = [1, rows.count, whole[2], whole[3]]
    guard !run.isKept(value) else {
      return Operand(value: value, shape: shape, offset: rows.lowerBound * whole[2] * whole[3])
    }
    let own =
      values[value]
      ?? builder.addValue(shape, builder.rates[value], builder.storages[value], isPassing: true)
    values[value] = own
    if builder.shapes[own].count < shape.count { builder.shapes[own] = shape }
    return Operand(value: own, shape: shape)
  }

  /// Rows of a picture, where this strip finds them. What is no picture stays.
  func rows(_ rows: Range<Int>, of operand: Operand) -> Operand {
    guard operand.shape.rank == 4 else { return operand }
    let first = run.isPassing(operand.value) ? needed[operand.value]?.lowerBound ?? 0 : 0
    let width = operand.shape[2]
    return Operand(
      value: values[operand.value] ?? operand.value,
      shape: [1, rows.count, width, operand.shape.channels],
      offset: operand.offset + (rows.lowerBound - first) * width * operand.rowStride,
      rowStride: operand.rowStride)
  }
}
