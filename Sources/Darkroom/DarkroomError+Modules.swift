import CPUBackend
import Families
import Hub
import Pictures
import Sampling
import SystemFiles
import Tokenizer
import VulkanBackend
import Weights

/// An error of a module that has a public form.
package protocol DescribedError: Error {
  var described: DarkroomError { get }
}

extension DarkroomError {
  /// What goes wrong where a picture is encoded or written, as an error of kind `output`.
  static func ofOutput<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch {
      throw DarkroomError(.output, "\(error)")
    }
  }

  /// The public form of what the modules throw. Cancelling stays what it is, as do the errors of a caller's functions.
  package static func wrapping<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as any DescribedError {
      throw error.described
    }
  }
}

extension WeightsError: DescribedError {
  package var described: DarkroomError {
    DarkroomError(kind == .unsupported ? .unsupported : .model, field: file, found: tensor, problem)
  }
}

extension ConfigurationError: DescribedError {
  package var described: DarkroomError { DarkroomError(.model, "\(self)") }
}

extension FamilyError: DescribedError {
  package var described: DarkroomError { DarkroomError(.model, field: file, reason) }
}

extension VocabularyError: DescribedError {
  package var described: DarkroomError {
    switch self {
    case .unreadable(let file, let reason): DarkroomError(.model, field: file, reason)
    case .malformed(let file, let place, let problem):
      DarkroomError(.model, field: file, found: place, "\(place): \(problem)")
    }
  }
}

extension OutOfResources: DescribedError {
  package var described: DarkroomError { DarkroomError(.resources, description) }
}

extension VulkanError: DescribedError {
  package var described: DarkroomError {
    switch self {
    case .deviceLost, .endless: DarkroomError(.deviceLost, description)
    case .unavailable, .outOfMemory, .notCompiled, .failed: DarkroomError(.resources, description)
    }
  }
}

extension PromptError: DescribedError {
  package var described: DarkroomError {
    switch self {
    case .tooManyCharacters(let field, let count, let limit):
      DarkroomError(
        .request, field: field, found: "a text of \(count) characters",
        expected: "at most \(limit) characters")
    case .tooManyChunks(let field, let limit, let tokens):
      DarkroomError(
        .request, field: field, expected: "at most \(limit) pieces of \(tokens) tokens", "is too long")
    case .weight(let field, let value, let limit):
      DarkroomError(
        .request, field: field, found: "\(value)", expected: "a number between -\(limit) and \(limit)",
        help: "put a backslash before a parenthesis that is meant literally", "weight \(value)")
    case .sequenceLength: DarkroomError(.model, description)
    }
  }
}

extension SamplingError: DescribedError {
  package var described: DarkroomError {
    switch self {
    case .setting(let name, let value, let expected):
      DarkroomError(.request, field: name, found: value, expected: expected)
    case .stepCount(let steps, let most):
      DarkroomError(
        .request, field: "steps", found: "\(steps)",
        expected: "1 to \(most), the model's number of timesteps")
    case .unknownName(let kind, let name, let system, let near, let all):
      DarkroomError(
        .request, field: kind, found: String(name.prefix(64)),
        expected: near.isEmpty ? "one of \(all.joined(separator: ", "))" : nil,
        help: near.isEmpty ? nil : "did you mean \(near.joined(separator: " or "))?",
        SamplingError.unknown(kind, name, system))
    case .nothingKept, .timestepBeyondTable:
      DarkroomError(.request, field: "steps", description)
    case .noSignal, .level, .noStepSmallEnough:
      DarkroomError(.request, description)
    }
  }
}

extension PictureError: DescribedError {
  package var described: DarkroomError { DarkroomError(.output, description) }
}

extension FileError: DescribedError {
  package var described: DarkroomError {
    DarkroomError(action == "read" ? .request : .output, field: path, "cannot \(action): \(reason)")
  }
}

extension HubError: DescribedError {
  package var described: DarkroomError {
    let kind: DarkroomError.Kind =
      switch kind {
      case .usage: .request
      case .missing: .model
      case .download: .download
      case .busy: .busy
      case .disk: .resources
      }
    return DarkroomError(kind, description)
  }
}
