import Darkroom
import Synchronization

/// The credits that a server plays with, so that clients can rehearse being without any.
package final class Account: Sendable {
  /// What hosted accounts show that never run dry.
  private static let endless = 1_000_000.0
  private let left: Mutex<Double?>

  /// - Parameter credits: nil for as many as are wanted.
  package init(credits: Double? = nil) { left = Mutex(credits) }

  package var credits: Double { left.withLock { $0 } ?? Self.endless }

  /// - Throws: `Refusal` of kind `payment` if there are too few.
  package func pay(_ price: Double) throws {
    try left.withLock { left in
      guard let credits = left else { return }
      guard credits >= price else {
        throw Refusal(
          .payment,
          "You lack sufficient credits to make this request: it costs \(price.shortest), and \(credits.shortest) are left."
        )
      }
      left = (credits - price).inThousandths
    }
  }

  /// What did not get its pictures costs nothing.
  package func giveBack(_ price: Double) { left.withLock { $0 = $0.map { ($0 + price).inThousandths } } }
}

extension Double {
  /// Without what sums of binary fractions leave over, which would make the last credits too few.
  fileprivate var inThousandths: Double { (self * 1000).rounded() / 1000 }
}
