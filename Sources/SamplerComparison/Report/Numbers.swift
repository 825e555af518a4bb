import Glibc

/// Numbers as people read them, the same in every locale.
enum Numbers {
  /// With so many digits after the point; very large ones as Swift writes them.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    let scale = pow(10, Double(decimals))
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let digits = String(Int64(scaled))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.utf8.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  /// Without a point where it is whole.
  static func plain(_ value: Double) -> String { fixed(value, value == value.rounded() ? 0 : 1) }

  /// Two digits or more, as a clock deserves them: 0.021, 0.21, 2.10, 21.0, 210.
  static func seconds(_ value: Double) -> String {
    switch value {
    case ..<0.1: fixed(value, 3)
    case ..<10: fixed(value, 2)
    case ..<100: fixed(value, 1)
    default: fixed(value, 0)
    }
  }

  /// Three digits: 1.23, 0.0123, 1.23e-5.
  static func scientific(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return value == 0 ? "0" : "\(value)" }
    var exponent = Int(log10(abs(value)).rounded(.down))
    if (-3...2).contains(exponent) { return fixed(value, max(0, 2 - exponent)) }
    var mantissa = fixed(value / pow(10, Double(exponent)), 2)
    if mantissa == "10.00" { (mantissa, exponent) = ("1.00", exponent + 1) }
    return "\(mantissa)e\(exponent)"
  }
}
