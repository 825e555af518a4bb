import Darkroom
import Synchronization

/// Downloads, for people.
package enum DownloadText {
  /// "unet/config.json 1.0 KiB of 2.0 KiB, total 1.1 GiB of 2.0 GiB, 12.3 MiB/s, 1:20 left".
  package static func line(_ progress: DownloadProgress, bytesPerSecond: Double?) -> String {
    var parts = [
      "\(progress.file) \(readableBytes(progress.fileBytes)) of \(readableBytes(progress.fileSize))",
      "total \(readableBytes(progress.bytes)) of \(readableBytes(progress.size))",
    ]
    if let speed = bytesPerSecond, speed >= 1 { parts.append("\(readableBytes(Int(speed)))/s") }
    return (parts + left(progress, bytesPerSecond)).joined(separator: ", ")
  }

  /// "55 %, 1:20 left": what a narrow terminal has room for.
  package static func short(_ progress: DownloadProgress, bytesPerSecond: Double?) -> String {
    let share = 100 * Double(progress.bytes) / Double(max(progress.size, 1))
    return (["\(Int(share)) %"] + left(progress, bytesPerSecond)).joined(separator: ", ")
  }

  private static func left(_ progress: DownloadProgress, _ bytesPerSecond: Double?) -> [String] {
    guard let speed = bytesPerSecond, speed >= 1 else { return [] }
    return ["\(clock(Double(progress.size - progress.bytes) / speed)) left"]
  }

  /// "OWNER/NAME@main (commit …): 14 files, 2.0 GiB; 3 files, 1.2 GiB fetched now".
  static func summary(_ model: DownloadedModel) -> String {
    let name = "\(model.repository)@\(model.revision)"
    guard !model.files.isEmpty else { return "\(name): is in the cache" }
    func count(_ files: [DownloadedModel.File]) -> String {
      let bytes = readableBytes(files.reduce(0) { $0 + $1.size })
      return "\(files.count) file\(files.count == 1 ? "" : "s"), \(bytes)"
    }
    let new = model.files.filter { !$0.wasThere }
    return "\(name): \(count(model.files))" + (new.isEmpty ? "; nothing new" : "; \(count(new)) fetched now")
  }
}

/// Bytes a second over the last while.
package final class TransferRate: Sendable {
  private struct Sample {
    let time: Double
    let bytes: Int
  }

  private static let interval = 0.25
  private static let most = 40
  private let samples = Mutex<[Sample]>([])

  package init() {}

  /// - Parameter bytes: the count so far.
  /// - Returns: nil as long as there is too little to tell.
  package func add(_ bytes: Int, at time: Double) -> Double? {
    samples.withLock { samples in
      if time - (samples.last?.time ?? -1) >= Self.interval {
        samples.append(Sample(time: time, bytes: bytes))
      }
      if samples.count > Self.most { samples.removeFirst() }
      guard let first = samples.first, time - first.time >= Self.interval else { return nil }
      return Double(bytes - first.bytes) / (time - first.time)
    }
  }
}
