/// Where the numbers of parameters come from: a checkpoint on disk or in memory, possibly with
/// adapters applied. A program may draw from several sources.
package protocol WeightSource: AnyObject, Sendable {
  /// Writes the elements of tensor `name` in row-major order as float32 into `destination`.
  /// - Parameters:
  ///   - elements: the range of elements to read, within the tensor.
  ///   - destination: exactly `elements.count` floats.
  /// - Throws: an error that names the file and the tensor if it cannot be read.
  func read(
    _ name: String, elements: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>)
    throws

  /// Where the numbers of tensor `name` come from, for what is kept of them on disk from run to run; nil if they come
  /// from no file, from files that may just be changing, or are made by more than reading.
  func origin(of name: String) -> WeightOrigin?

  /// Lets the system begin to read a tensor from the disk, and waits while it has much to do.
  func readAhead(_ name: String)
}

extension WeightSource {
  package func origin(of name: String) -> WeightOrigin? { nil }
  package func readAhead(_ name: String) {}
}

/// Texts that are equal only if the numbers are.
package struct WeightOrigin: Hashable, Sendable {
  /// Another one whenever the file is another or has been changed.
  package let file: String
  /// What of the file it is, and how that is read.
  package let tensor: String

  package init(file: String, tensor: String) { (self.file, self.tensor) = (file, tensor) }
}

/// A tensor of a checkpoint, known by name and shape. Its numbers are read when a backend packs it.
package struct Parameter: Sendable, Hashable {
  package let source: any WeightSource
  package let name: String
  /// Shape in the checkpoint: `[out, in]` for a linear, `[out, in, height, width]` for a convolution.
  package let shape: Shape
  /// The rows of the first axis that are used; all of them unless the parameter was sliced.
  package let rows: Range<Int>

  package init(source: any WeightSource, name: String, shape: Shape) {
    self.init(source: source, name: name, shape: shape, rows: 0..<(shape.rank > 0 ? shape[0] : 1))
  }

  private init(source: any WeightSource, name: String, shape: Shape, rows: Range<Int>) {
    self.source = source
    self.name = name
    self.shape = shape
    self.rows = rows
  }

  /// The given rows of the first axis, as a parameter of its own. They are numbered within `self`.
  package func slice(_ range: Range<Int>) -> Parameter {
    precondition(range.upperBound <= rows.count, "rows \(range) of \(name) \(shape)")
    let first = rows.lowerBound
    return Parameter(
      source: source, name: name, shape: shape,
      rows: (first + range.lowerBound)..<(first + range.upperBound))
  }

  /// A vector as a table of one row.
  package var asRow: Parameter {
    precondition(shape.rank == 1 && rows.count == shape[0], "\(name) \(shape) as a row")
    return Parameter(source: source, name: name, shape: [1, shape[0]])
  }

  /// Elements of one row of the first axis.
  package var rowCount: Int { shape.dimensions.dropFirst().reduce(1, *) }
  package var count: Int { rows.count * rowCount }

  /// Reads the used rows as float32.
  package func read(into destination: UnsafeMutableBufferPointer<Float>) throws {
    let start = rows.lowerBound * rowCount
    try source.read(name, elements: start..<(start + count), into: destination)
  }

  package static func == (a: Parameter, b: Parameter) -> Bool {
    a.source === b.source && a.name == b.name && a.rows == b.rows
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(source))
    hasher.combine(name)
    hasher.combine(rows)
  }
}
