/// What is wrong with a model's files. The description is one sentence for the user.
package struct WeightsError: Error, Hashable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    /// The file cannot be opened, read or written, or became shorter while it was read.
    case unreadable
    /// The file breaks its format.
    case malformed
    /// The file is sound, but of a kind that is not read here.
    case unsupported
    /// Tensors are missing or of another shape than the network's.
    case unfit
  }

  package let kind: Kind
  /// Path of the file, or the name of a model in memory.
  package let file: String
  /// The first tensor at fault, where there is one.
  package let tensor: String?
  /// What was found and what was expected.
  package let reason: String

  package init(_ kind: Kind, file: String, tensor: String? = nil, _ reason: String) {
    self.kind = kind
    self.file = file
    self.tensor = tensor
    self.reason = reason
  }

  package var description: String { "\(printable(file)): \(problem)" }

  /// The description without the file.
  package var problem: String { printable(tensor.map { "tensor '\($0)': \(reason)" } ?? reason) }
}

/// Names come from outside: control characters are escaped, and endless ones cut.
private func printable(_ text: String, limit: Int = 4000) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if result.utf8.count > limit { return result + " …" }
    if scalar.properties.generalCategory == .control {
      result += scalar.escaped(asASCII: true)
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}
