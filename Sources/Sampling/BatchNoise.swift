/// One source a picture: picture k of a batch gets the noise that it would get alone. The buffers it fills hold whole
/// pictures, one after the other.
package struct BatchNoise: NoiseSource {
  private var sources: [any NoiseSource]

  package init(_ sources: [any NoiseSource]) {
    precondition(!sources.isEmpty, "noise for no picture")
    self.sources = sources
  }

  /// torch's generators with the seeds `seed`, `seed + 1`, …; beyond 2^64 they go on from 0.
  package init(seed: UInt64, batch: Int) {
    self.init((0..<batch).map { TorchNoise(seed: seed &+ UInt64($0)) })
  }

  package mutating func fill(_ values: UnsafeMutableBufferPointer<Float>) {
    each(values) { $0.fill($1) }
  }

  package mutating func fill(_ values: UnsafeMutableBufferPointer<Float>, from: Double, to: Double) {
    each(values) { $0.fill($1, from: from, to: to) }
  }

  package mutating func fillAlike(_ values: UnsafeMutableBufferPointer<Float>) {
    each(values) { $0.fillAlike($1) }
  }

  private mutating func each(
    _ values: UnsafeMutableBufferPointer<Float>,
    _ draw: (inout any NoiseSource, UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    let (count, rest) = values.count.quotientAndRemainder(dividingBy: sources.count)
    precondition(rest == 0, "\(values.count) values for \(sources.count) pictures")
    for index in sources.indices {
      draw(&sources[index], UnsafeMutableBufferPointer(rebasing: values[index * count..<(index + 1) * count]))
    }
  }
}

/// One source for all pictures of a request as one tensor, of which some pictures are kept: what a picture gets
/// depends on its place in the batch.
struct TensorNoise: NoiseSource {
  private var start: any NoiseSource
  private var steps: (any NoiseSource)?
  private let kept: Range<Int>
  private let total: Int

  /// - Parameter steps: what the noise on the way comes from; nil if from where the start came, too.
  init(_ start: any NoiseSource, steps: (any NoiseSource)? = nil, keeping kept: Range<Int>, of total: Int) {
    precondition(!kept.isEmpty && kept.upperBound <= total, "pictures \(kept) of \(total)")
    (self.start, self.steps, self.kept, self.total) = (start, steps, kept, total)
  }

  mutating func fill(_ values: UnsafeMutableBufferPointer<Float>) {
    keep(values) { $0.start.fill($1) }
  }

  mutating func fill(_ values: UnsafeMutableBufferPointer<Float>, from: Double, to: Double) {
    keep(values) { noise, all in
      if noise.steps == nil {
        noise.start.fill(all, from: from, to: to)
      } else {
        noise.steps?.fill(all, from: from, to: to)
      }
    }
  }

  mutating func fillAlike(_ values: UnsafeMutableBufferPointer<Float>) {
    let each = values.count / kept.count
    start.fill(UnsafeMutableBufferPointer(rebasing: values[..<each]))
    for index in each..<values.count { values[index] = values[index - each] }
  }

  private mutating func keep(
    _ values: UnsafeMutableBufferPointer<Float>,
    _ draw: (inout TensorNoise, UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    let each = values.count / kept.count
    withUnsafeTemporaryAllocation(of: Float.self, capacity: each * total) { all in
      all.initialize(repeating: 0)
      draw(&self, all)
      for index in values.indices { values[index] = all[kept.lowerBound * each + index] }
    }
  }
}
