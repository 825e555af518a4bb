import Darkroom

extension ComparisonError: DescribedError {
  package var described: DarkroomError {
    switch self {
    case .sizes(let width, let height, _, _, let smallest) where min(width, height) < smallest:
      DarkroomError(
        .request, field: "size", found: "\(width)x\(height)",
        expected: "at least \(smallest) pixels a side, to measure distances")
    case .field(let path, let expected):
      DarkroomError(.request, field: path, expected: expected, "cannot be read")
    case .sizes, .notJSON, .latents, .noCells:
      DarkroomError(.request, description)
    }
  }
}
