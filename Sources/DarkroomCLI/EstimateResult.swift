import Darkroom

/// What `--dry-run` shows, in bytes.
struct EstimateResult: Encodable, Sendable {
  /// The row of `--from`, from 1.
  var row: Int?
  let weights: Int
  let arena: Int
  let scratch: Int
  let peak: Int
  let least: Int
  let available: Int
  let batch: Int
  /// Whether networks are read one at a time.
  let turns: Bool
  /// Into how many the autoencoder cuts pictures; absent if they are whole.
  let strips: Int?
  /// The share of operations that strips add to the autoencoder's.
  let extra: Double?

  init(_ estimate: MemoryEstimate, row: Int? = nil) {
    self.row = row
    weights = estimate.weights
    arena = estimate.arena
    scratch = estimate.scratch
    peak = estimate.peak
    least = estimate.least
    available = estimate.available
    batch = estimate.batch
    turns = estimate.takesTurns
    strips = estimate.strips
    extra = estimate.extraOperations
  }

  /// - Throws: `DarkroomError` of kind `output`.
  func show(on console: Console, json: Bool) throws {
    if json { try console.result(json: self) } else { try console.result(text) }
  }

  private var fit: String {
    if peak > available { return ", does not fit; \(readableBytes(least)) is the least" }
    return turns ? ", with one network at a time" : ""
  }

  private var text: String {
    let head = row.map { [["row", "\($0), which needs most"]] } ?? []
    let cut =
      strips.map { strips in
        [
          [
            "strips",
            "\(strips) in the autoencoder, \(fixed(100 * (extra ?? 0), places: 1)) % more operations",
          ]
        ]
      } ?? []
    return table(
      head + [
        ["weights", readableBytes(weights)], ["arena", readableBytes(arena)],
        ["scratch", readableBytes(scratch)],
        ["peak", readableBytes(peak) + fit],
        ["available", readableBytes(available)],
        ["together", batch == 1 ? "1 picture" : "\(batch) pictures"],
      ] + cut)
  }
}
