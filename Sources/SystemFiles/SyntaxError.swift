/// Bytes that do not follow the rules of their format.
package struct SyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Index of the byte at fault.
  package let position: Int
  /// What is wrong there, and what was expected.
  package let message: String

  package init(at position: Int, _ message: String) { (self.position, self.message) = (position, message) }

  package var description: String { "byte \(position): \(message)" }
}
