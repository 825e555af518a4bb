/// A request that no operation sees, and what its client is told.
package struct HTTPRefusal: Error, Equatable, Sendable {
  package let status: Int
  package let message: String

  package init(_ status: Int, _ message: String) { (self.status, self.message) = (status, message) }
}
