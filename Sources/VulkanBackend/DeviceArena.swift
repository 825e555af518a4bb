import Graph

/// The memory of all values of all programs, in segments of one allocation each. Growing it gives it new
/// addresses, and programs record their commands again.
final class DeviceArena {
  private let device: Device
  private var segments: [DeviceBuffer] = []
  private(set) var bytes = 0
  /// Changes when addresses change.
  private(set) var generation = 0

  init(_ device: Device) { self.device = device }

  /// Bytes of a segment; plans keep each value inside one.
  var segment: Int { device.largestAllocation / 256 * 256 }

  /// Makes at least `needed` bytes usable; what was in it is gone.
  func grow(to needed: Int) throws(VulkanError) {
    guard needed > bytes else { return }
    release()
    var left = needed
    while left > 0 {
      let size = min(left, segment)
      segments.append(
        try DeviceBuffer(device, bytes: size, home: .device, purpose: "the values of a network"))
      left -= size
    }
    bytes = needed
  }

  /// Gives all of it back; it may be grown again.
  func release() {
    segments = []
    bytes = 0
    generation += 1
  }

  func address(_ place: Plan.Place) -> UInt64 {
    segments[place.offset / segment].address + UInt64(place.offset % segment)
  }
}
