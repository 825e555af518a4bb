import Graph

/// Where the caller's numbers wait: float32 in the caller's layout, or pixels.
final class HostStaging {
  private let plan: Plan
  private let context: Context
  private let buffer: DeviceBuffer
  /// Of each value that comes or goes.
  private let offsets: [Int: Int]

  init(_ plan: Plan, _ context: Context) throws(VulkanError) {
    self.plan = plan
    self.context = context
    var offsets: [Int: Int] = [:]
    var bytes = 0
    for value in plan.inputs.map(\.value) + plan.outputs.map(\.value) where offsets[value] == nil {
      offsets[value] = bytes
      bytes += (plan.shapes[value].count * Storage.float32.bytes + 255) / 256 * 256
    }
    self.offsets = offsets
    buffer = try DeviceBuffer(context.device, bytes: bytes, home: .host, purpose: "inputs and outputs")
  }

  func write(_ values: UnsafeBufferPointer<Float>, to input: String) {
    guard let input = plan.inputs.first(where: { $0.name == input }) else {
      preconditionFailure("the program has no input \(input)")
    }
    let count = plan.shapes[input.value].count
    guard let source = values.baseAddress, values.count == count else {
      preconditionFailure("input \(input.name) has \(count) numbers, not \(values.count)")
    }
    memory(input.value, as: Float.self, count: count).update(from: source, count: count)
  }

  private func output(_ name: String) -> Output {
    guard let output = plan.outputs.first(where: { $0.name == name }) else {
      preconditionFailure("the program has no output \(name)")
    }
    return output
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) {
    let output = output(name)
    precondition(output.layout != .pixels, "output \(name) is rounded to pixels")
    let count = plan.shapes[output.value].count
    guard let destination = values.baseAddress, values.count == count else {
      preconditionFailure("output \(name) has \(count) numbers, not \(values.count)")
    }
    destination.update(from: memory(output.value, as: Float.self, count: count), count: count)
  }

  func readPixels(_ name: String) -> (bytes: [UInt8], notFinite: [Int])? {
    let output = output(name)
    guard output.layout == .pixels else { return nil }
    let count = plan.shapes[output.value].count
    let groups = (count + 15) / 16
    let bytes = memory(output.value, as: UInt8.self, count: count)
    let broken = memory(output.value, as: UInt32.self, count: groups, at: groups * 16)
    let isFinite = (0..<groups).allSatisfy { broken[$0] == 0 }
    let places = isFinite ? [] : (0..<count).filter { broken[$0 / 16] >> UInt32($0 % 16) & 1 != 0 }
    return (Array(UnsafeBufferPointer(start: bytes, count: count)), places)
  }

  private func memory<Number>(_ value: Int, as type: Number.Type, count: Int, at offset: Int = 0)
    -> UnsafeMutablePointer<Number>
  {
    guard let base = buffer.mapped, let start = offsets[value] else {
      preconditionFailure("value \(value) has no place in host memory")
    }
    return (base + start + offset).bindMemory(to: type, capacity: count)
  }

  // MARK: Lowering

  func lower(_ input: Input, _ lowering: Lowering) {
    transfer(input.value, input.layout, toArena: true, lowering)
  }

  func lower(_ output: Output, _ lowering: Lowering) {
    if output.layout == .pixels {
      round(output.value, lowering)
    } else {
      transfer(output.value, output.layout, toArena: false, lowering)
    }
  }

  /// Addresses of `bytes` of a value's part of the buffer.
  private func outside(_ value: Int, bytes: Int) -> Range<UInt64> {
    let start = buffer.address + UInt64(offsets[value] ?? 0)
    return start..<(start + UInt64(max(1, bytes)))
  }

  private func round(_ value: Int, _ lowering: Lowering) {
    let (place, count) = (plan.place(value), plan.shapes[value].count)
    let groups = (count + 15) / 16
    let outside = outside(value, bytes: groups * 20)
    let push = PixelsPush(
      data: lowering.address(place), bytes: outside.lowerBound,
      broken: outside.lowerBound + UInt64(groups * 16), count: UInt32(count),
      half_data: place.storage == .float16 ? 1 : 0)
    lowering.emit(
      "pixels", push, elements: groups, reads: [lowering.range(place)], writes: outside)
  }

  /// Between the caller's numbers and the arena.
  private func transfer(_ value: Int, _ layout: Layout, toArena: Bool, _ lowering: Lowering) {
    let (place, shape) = (plan.place(value), plan.shapes[value])
    let (outside, inside) = (
      outside(value, bytes: shape.count * Storage.float32.bytes), lowering.range(place)
    )
    let half: UInt32 = place.storage == .float16 ? 1 : 0
    let pictures = layout == .channelsFirst ? shape[0] : 1
    let channels = layout == .channelsFirst ? shape[3] : 1
    let push = TransferPush(
      data: (toArena ? outside : inside).lowerBound, result: (toArena ? inside : outside).lowerBound,
      pictures: UInt32(pictures),
      channels: UInt32(channels), pixels: UInt32(shape.count / max(1, pictures * channels)),
      half_data: toArena ? 0 : half, half_result: toArena ? half : 0,
      channels_first: layout == .asIs ? 0 : toArena ? 1 : 2)
    lowering.emit(
      "transfer", push, elements: shape.count, reads: [toArena ? outside : inside],
      writes: toArena ? inside : outside)
  }
}
