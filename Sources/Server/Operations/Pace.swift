import Darkroom
import Synchronization
import SystemFiles

/// How many requests a second a client may send: a bucket that fills steadily.
package final class Pace: Sendable {
  private struct Bucket {
    var tokens: Double
    var time: ContinuousClock.Instant
  }

  private let rate: Double?
  private let now: @Sendable () -> ContinuousClock.Instant
  private let buckets = Mutex<[String: Bucket]>([:])
  private static let mostClients = 10_000

  /// - Parameter rate: requests a second; nil for as many as come.
  package init(
    rate: Double? = nil, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    (self.rate, self.now) = (rate, now)
  }

  /// - Throws: `Refusal` of kind `tooMany`.
  package func step(_ client: String) throws {
    guard let rate else { return }
    let most = max(1, rate)
    let now = now()
    let wait: Double? = buckets.withLock { buckets in
      if buckets.count >= Self.mostClients { buckets.removeAll() }
      var bucket = buckets[client] ?? Bucket(tokens: most, time: now)
      bucket.tokens = min(most, bucket.tokens + (now - bucket.time).seconds * rate)
      bucket.time = now
      defer { buckets[client] = bucket }
      guard bucket.tokens < 1 else {
        bucket.tokens -= 1
        return nil
      }
      return (1 - bucket.tokens) / rate
    }
    guard let wait else { return }
    throw Refusal(
      .tooMany, "You have exceeded the rate limit of \(rate.shortest) requests per second.",
      retryAfter: max(1, Int(wait.rounded(.up))))
  }
}
