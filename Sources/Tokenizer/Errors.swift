/// Why a vocabulary could not be loaded.
package enum VocabularyError: Error, Equatable, CustomStringConvertible {
  /// The file is missing, too large or cannot be read.
  case unreadable(file: String, reason: String)
  /// The file was read, but what it says at `place` (a field or a line) is not usable.
  case malformed(file: String, place: String, problem: String)

  package var description: String {
    switch self {
    case .unreadable(let file, let reason): "\(file): \(reason)"
    case .malformed(let file, let place, let problem): "\(file): \(place): \(problem)"
    }
  }
}

/// Why a prompt was refused. `field` is the request's field that holds it.
package enum PromptError: Error, Equatable, CustomStringConvertible {
  case tooManyCharacters(field: String, count: Int, limit: Int)
  case tooManyChunks(field: String, limit: Int, tokensPerChunk: Int)
  /// A weight, alone or multiplied by those around it, is beyond ±`limit`.
  case weight(field: String, value: Double, limit: Double)
  case sequenceLength(Int)

  package var description: String {
    switch self {
    case .tooManyCharacters(let field, let count, let limit):
      "\(field): \(count) characters; at most \(limit) are accepted"
    case .tooManyChunks(let field, let limit, let tokens):
      "\(field): does not fit into \(limit) chunks of \(tokens) tokens"
    case .weight(let field, let value, let limit):
      "\(field): weight \(value); expected a number between -\(limit) and \(limit)"
        + " (put a backslash before a parenthesis that is meant literally)"
    case .sequenceLength(let length):
      "text encoder: a sequence of \(length) tokens; expected at least 3 (start, one token, end)"
    }
  }
}
