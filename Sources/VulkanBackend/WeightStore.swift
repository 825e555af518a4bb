import Dispatch
import Graph

/// Packed parameters on the device, in buffers that are filled in the order of their first use.
final class WeightStore {
  /// Where packed numbers are. Whoever holds it keeps the memory.
  struct Pack {
    let buffer: DeviceBuffer
    let offset: Int
    var address: UInt64 { buffer.address + UInt64(offset) }
  }

  private let queue: Queue
  private let kernels: KernelLibrary
  private var packs: [PackKey: Pack] = [:]

  init(_ queue: Queue, _ kernels: KernelLibrary) {
    self.queue = queue
    self.kernels = kernels
  }

  subscript(key: PackKey) -> Pack? { packs[key] }

  /// Those of `keys` that are not packed yet, in order.
  func missing(_ keys: [PackKey]) -> [PackKey] {
    var seen = Set(packs.keys)
    return keys.filter { seen.insert($0).inserted }
  }

  var bytes: Int { packs.keys.reduce(0) { $0 + $1.bytes } }

  func drop(_ source: any WeightSource) {
    packs = packs.filter { key, _ in !key.parts.contains { $0.source === source } }
  }

  /// Packs what is missing. If something fails, nothing has been packed.
  /// - Parameter half: whether any of it is stored in 16 bits.
  func pack(_ keys: [PackKey], half: Bool) throws {
    let missing = missing(keys)
    guard !missing.isEmpty else { return }
    let places = try allocated(missing)
    let uploader = try Uploader(queue, kernels, half: half)
    for (key, pack) in zip(missing, places) { try uploader.upload(key, to: pack) }
    try uploader.finish()
    for (key, pack) in zip(missing, places) { packs[key] = pack }
  }

  /// A place for each, many to a buffer.
  private func allocated(_ keys: [PackKey]) throws(VulkanError) -> [Pack] {
    let most = queue.device.largestAllocation
    var offsets: [(buffer: Int, offset: Int)] = []
    var sizes = [0]
    for key in keys {
      let size = (key.bytes + 255) / 256 * 256
      if sizes[sizes.count - 1] > 0, sizes[sizes.count - 1] + size > most { sizes.append(0) }
      offsets.append((sizes.count - 1, sizes[sizes.count - 1]))
      sizes[sizes.count - 1] += size
    }
    var buffers: [DeviceBuffer] = []
    for size in sizes {
      buffers.append(
        try DeviceBuffer(queue.device, bytes: size, home: .device, purpose: "a network's weights"))
    }
    return offsets.map { Pack(buffer: buffers[$0.buffer], offset: $0.offset) }
  }
}

/// Sends parameters through two buffers that the device reads from: while it lays out the numbers of one, the
/// processor fills the other.
private final class Uploader {
  private let queue: Queue
  private let kernels: KernelLibrary
  private let half: Bool
  private let buffers: [DeviceBuffer]
  private var pending: [(commands: Commands, number: UInt64)?] = [nil, nil]
  private var next = 0
  private static let bytes = 32 << 20

  init(_ queue: Queue, _ kernels: KernelLibrary, half: Bool) throws(VulkanError) {
    self.queue = queue
    self.kernels = kernels
    self.half = half
    var buffers: [DeviceBuffer] = []
    for _ in 0..<2 {
      let bytes = min(Uploader.bytes, queue.device.largestAllocation)
      buffers.append(try DeviceBuffer(queue.device, bytes: bytes, home: .host, purpose: "loading weights"))
    }
    self.buffers = buffers
  }

  deinit { try? finish() }

  func finish() throws(VulkanError) {
    for case let (_, number)? in pending { try queue.wait(for: number) }
    pending = [nil, nil]
  }

  func upload(_ key: PackKey, to pack: WeightStore.Pack) throws {
    var first = 0
    for part in key.parts {
      // A parameter without rows of its own, such as a bias, is one row.
      let rows = part.rows.count
      let most = max(1, buffers[0].bytes / MemoryLayout<Float>.stride / max(1, part.rowCount))
      for start in stride(from: 0, to: rows, by: most) {
        let piece = part.slice(start..<min(start + most, rows))
        try send(piece) { source in dispatch(key, piece, first: first, from: source, to: pack) }
        first += piece.rows.count
      }
    }
  }

  /// Fills the next buffer once it is free, and has the device take it.
  private func send(_ piece: Parameter, _ dispatch: (UInt64) -> Dispatch) throws {
    let buffer = buffers[next]
    if let (_, number) = pending[next] { try queue.wait(for: number) }
    guard let memory = buffer.mapped else { preconditionFailure("a staging buffer is mapped") }
    guard piece.count * MemoryLayout<Float>.stride <= buffer.bytes else {
      throw VulkanError.outOfMemory(
        purpose: "a row of \(piece.name)", bytes: piece.rowCount * 4, device: queue.device.description.name)
    }
    try piece.readInParallel(into: memory.bindMemory(to: Float.self, capacity: piece.count))
    let dispatch = dispatch(buffer.address)
    let commands = try Commands(queue)
    try commands.record { recorder throws(VulkanError) in
      try recorder.record(dispatch, rows: 0..<dispatch.groups.y, waits: false, kernels)
    }
    pending[next] = (commands, try queue.submit(commands))
    next = 1 - next
  }

  private func dispatch(
    _ key: PackKey, _ piece: Parameter, first: Int, from source: UInt64, to pack: WeightStore.Pack
  ) -> Dispatch {
    switch key.packing {
    case .columns(let area, let format):
      let push = PackPush(
        data: source, result: pack.address, rows: UInt32(piece.rows.count), first_row: UInt32(first),
        channels: UInt32(piece.rowCount / area), taps: UInt32(area), padded: UInt32(key.paddedOutputs),
        half_result: format == .float16 ? 1 : 0)
      return elementwise("pack", push, piece.count)
    case .plain(let format):
      let at = pack.address + UInt64(format.bytes(rows: first, columns: piece.rowCount))
      let push = TransferPush(
        data: source, result: at, pictures: 1, channels: UInt32(piece.count), pixels: 1, half_data: 0,
        half_result: format == .float16 ? 1 : 0, channels_first: 0)
      return elementwise("transfer", push, piece.count)
    }
  }

  private func elementwise<Push: BitwiseCopyable>(_ name: String, _ push: Push, _ count: Int) -> Dispatch {
    Dispatch(
      KernelKey(name: name, half: half), push, groups: grid(elements: count),
      access: BarrierPlanner.Access(), cost: 0)
  }
}

extension Parameter {
  /// Reads the used rows, some on each core.
  fileprivate func readInParallel(into destination: UnsafeMutablePointer<Float>) throws {
    let pieces = min(rows.count, max(1, count >> 18))
    let failures = UnsafeMutableBufferPointer<(any Error)?>.allocate(capacity: pieces)
    failures.initialize(repeating: nil)
    defer {
      failures.deinitialize()
      failures.deallocate()
    }
    nonisolated(unsafe) let (target, slots) = (destination, failures)
    DispatchQueue.concurrentPerform(iterations: pieces) { index in
      let range = rows.count * index / pieces..<rows.count * (index + 1) / pieces
      let piece = slice(range)
      do {
        try piece.read(
          into: UnsafeMutableBufferPointer(start: target + range.lowerBound * rowCount, count: piece.count))
      } catch {
        slots[index] = error
      }
    }
    for case let failure? in failures { throw failure }
  }
}
