import Families
import Graph
import Pictures
import Weights

/// Enlarges pictures by a network, tile by tile: the result is number for number that of the whole picture.
package final class Upscaler {
  package let source: UpscalerSource
  package let model: UpscalingModel
  /// SHA-256 of the network's file.
  package let fingerprint: ModelFingerprint
  /// The most pixels of a tile's side; nil for what its reach suggests.
  package var tileSide: Int?

  /// - Throws: an error that names the file and the tensor that does not fit.
  package init(_ source: UpscalerSource) throws {
    self.source = source
    model = try UpscalingModel(source.open())
    fingerprint = try source.fingerprint()
  }

  /// A picture at another size: the network enlarges it as often as that takes, and Lanczos' filter makes what is too
  /// large smaller.
  /// - Parameters:
  ///   - residents: the device. Networks that are on it make room where memory is short.
  ///   - storage: how values are stored; nil for the fastest that keeps the picture.
  ///   - progress: is told the share that is done.
  /// - Throws: `DarkroomError` of kind `resources` with what it takes at least; `CancellationError` within an operation
  ///   of the network.
  package func enlarged(
    _ picture: Picture, width: Int, height: Int, on residents: ResidentModels,
    storing storage: Storage? = nil,
    notice: (Notice) -> Void = { _ in }, progress: (Double) -> Void = { _ in }
  ) throws -> Picture {
    let sizes = passes(from: (picture.width, picture.height), to: (width, height))
    let areas = sizes.map { Double($0.width) * Double($0.height) }
    let total = areas.reduce(0, +)
    var (result, done) = (picture, 0.0)
    for (index, area) in areas.enumerated() {
      let next = index + 1 < sizes.count ? sizes[index + 1] : (width, height)
      result = try fallingBack(storage ?? Upscaler.storage(on: residents.backend), notice) {
        try pass(result, to: next, on: residents, storing: $0) { progress((done + area * $0) / total) }
      }
      done += area
    }
    return result
  }

  /// How values are stored where nobody says: the device's fastest way but bfloat16, whose few digits show in levels.
  package static func storage(on backend: any Backend) -> Storage {
    backend.storages.first { $0 != .bfloat16 } ?? .float32
  }

  /// The sizes from which the network enlarges.
  package func passes(
    from size: (width: Int, height: Int), to wanted: (width: Int, height: Int)
  ) -> [(width: Int, height: Int)] {
    var sizes = [size]
    while model.scale > 1, let last = sizes.last,
      last.width * model.scale < wanted.width || last.height * model.scale < wanted.height
    {
      sizes.append((last.width * model.scale, last.height * model.scale))
    }
    return sizes
  }

  /// Runs a pass, and again in float32 if 16 bits gave numbers that are not finite.
  private func fallingBack(
    _ storage: Storage, _ notice: (Notice) -> Void,
    _ pass: (Storage) throws -> Picture
  ) throws -> Picture {
    do {
      return try pass(storage)
    } catch let error as DarkroomError where error.kind == .nonFinite {
      // Numbers of the file that are none would only come back in float32.
      if let fault = try model.checkpoint.firstNonFinite() { throw fault }
      guard storage != .float32 else { throw error }
      notice(Notice(description: "\(error); upscaling again in float32"))
      return try pass(.float32)
    }
  }

  /// Once through the network, and from its result to a size.
  private func pass(
    _ picture: Picture, to size: (width: Int, height: Int), on residents: ResidentModels,
    storing storage: Storage, _ progress: (Double) -> Void
  ) throws -> Picture {
    let (tiles, reservation) = try reserve(picture, to: size, on: residents, storing: storage)
    let program = try residents.program(model.module(height: tiles.height, width: tiles.width), reservation)
    let cells = TileCells(picture, model, tiles)
    var input = [Float](repeating: 0, count: cells.inputCount)
    var output = [Float](repeating: 0, count: cells.outputCount)
    var resizer = resizer(cells, to: size)
    var done = 0
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: cells.bandCount) { band in
      for row in tiles.rows {
        for column in tiles.columns {
          let tile = PictureTiles.Tile(rows: row, columns: column)
          cells.read(tile, into: &input)
          input.withUnsafeBufferPointer { program.write($0, to: "picture") }
          try program.run(.picture) { try Task.checkCancellation() }
          output.withUnsafeMutableBufferPointer { program.read("picture", into: $0) }
          try cells.write(output, of: tile, into: band)
          done += 1
          progress(Double(done) / Double(tiles.count))
        }
        let line = cells.width * 3
        for start in stride(from: 0, to: cells.rows(row).count * line, by: line) {
          resizer.take(UnsafeBufferPointer(rebasing: band[start..<start + line]))
        }
      }
    }
    return resizer.picture()
  }

  private func resizer(_ cells: TileCells, to size: (width: Int, height: Int)) -> RowResizer {
    RowResizer(width: cells.width, height: cells.height, newWidth: size.width, newHeight: size.height)
  }
}

// MARK: - Memory

extension Upscaler {
  /// Pixels of a tile's side that leave the device busy, and the picture's and the tile's memory small.
  private static let usualSide = 512

  /// What the first pass takes.
  /// - Throws: `DarkroomError` of kind `resources` if that is too much.
  package func need(
    _ picture: Picture, to size: (width: Int, height: Int), on residents: ResidentModels,
    storing storage: Storage
  ) throws -> MemoryNeed { try reserve(picture, to: size, on: residents, storing: storage).1.need }

  /// Decides on tiles and strips.
  ///
  /// A tile of sixteen times the reach computes little twice. The network with a small reach has small tiles. Of the one
  /// with a large reach most pictures are one tile, in strips that keep the values between its blocks.
  private func reserve(
    _ picture: Picture, to size: (width: Int, height: Int), on residents: ResidentModels,
    storing storage: Storage
  ) throws -> (PictureTiles, Reservation) {
    let cell = model.inputCell
    let (rows, columns) = ((picture.height + cell - 1) / cell, (picture.width + cell - 1) / cell)
    var side = min(
      (tileSide ?? max(Self.usualSide, 16 * model.reach * cell)) / cell,
      max(rows, columns, 2 * model.reach + 1))
    while true {
      let tiles = PictureTiles(height: rows, width: columns, reach: model.reach, side: side)
      let workload = workload(picture, to: size, tiles, storing: storage)
      if let reservation = residents.reserveSparingly(workload) { return (tiles, reservation) }
      // Below that, tiles compute nearly all twice, and save next to nothing.
      let smaller = side / 2
      guard smaller > 3 * model.reach else {
        throw DarkroomError.tooLarge(residents.estimate(workload))
      }
      side = smaller
    }
  }

  private func workload(
    _ picture: Picture, to size: (width: Int, height: Int), _ tiles: PictureTiles, storing storage: Storage
  ) -> Workload {
    let cells = TileCells(picture, model, tiles)
    return Workload(
      format: NumberFormat(storage), before: [model.module(height: tiles.height, width: tiles.width)],
      after: [],
      denoisers: { _ in [] }, mostTogether: 1,
      pictureBytes: picture.pixels.count + cells.bandCount + resizer(cells, to: size).bytes
        + (cells.inputCount + cells.outputCount) * MemoryLayout<Float>.stride)
  }
}
