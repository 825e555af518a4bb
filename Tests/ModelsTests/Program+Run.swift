import Graph

extension Program {
  /// Runs both parts once and returns an output of `count` numbers.
  func run(_ once: [String: [Float]], _ step: [String: [Float]], output: String, count: Int) throws -> [Float]
  {
    for (name, values) in once { values.withUnsafeBufferPointer { write($0, to: name) } }
    try run(.picture)
    for (name, values) in step { values.withUnsafeBufferPointer { write($0, to: name) } }
    if !step.isEmpty { try run(.step) }
    var result = [Float](repeating: 0, count: count)
    result.withUnsafeMutableBufferPointer { read(output, into: $0) }
    return result
  }
}

/// `[batch, height, width, channels]` in torch's order; `shape` is torch's.
func channelsFirst(_ values: [Float], _ shape: Shape) -> [Float] {
  let (channels, pixels) = (shape[1], shape[2] * shape[3])
  return (0..<shape.count).map { index in
    let (rest, pixel) = (index / pixels, index % pixels)
    return values[(rest / channels * pixels + pixel) * channels + rest % channels]
  }
}

/// The other way round.
func channelsLast(_ values: [Float], _ shape: Shape) -> [Float] {
  let (channels, pixels) = (shape[1], shape[2] * shape[3])
  return (0..<shape.count).map { index in
    let (rest, channel) = (index / channels, index % channels)
    return values[(rest / pixels * channels + channel) * pixels + rest % pixels]
  }
}
