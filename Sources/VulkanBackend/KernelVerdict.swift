/// What a self-test found of a kernel, or of its end.
package enum KernelVerdict: String, Sendable, CaseIterable {
  case right
  case wrong = "computes wrongly"
  case notCompiled = "does not compile"
  case endless = "does not end"
  case lost = "loses the device"
  /// The process of the test ended before the test did.
  case interrupted = "did not survive its test"
}

/// A kernel that is not used, and why.
package struct DistrustedKernel: Sendable, Equatable, CustomStringConvertible {
  package let kernel: KernelKey
  package let verdict: KernelVerdict

  package var description: String { "\(kernel) \(verdict.rawValue)" }
}
