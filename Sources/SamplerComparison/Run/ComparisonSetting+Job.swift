import Darkroom
import Graph
import Sampling

extension ComparisonSetting {
  init(_ job: Job, _ pipeline: Pipeline, _ computes: String, _ comparison: ComparisonRequest) throws {
    let request = job.request
    try self.init(
      engineVersion: darkroomVersion, model: pipeline.model.name,
      weights: pipeline.model.reference().contentKey, computes: computes,
      precision: pipeline.format(job).name, width: job.passes[0].width, height: job.passes[0].height,
      guidanceScale: request.guidanceScale, negativePrompt: request.negativePrompt,
      noise: Self.noise(request, eta: comparison.shared.eta), repeats: comparison.repeats,
      referenceCalls: comparison.referenceCalls)
  }

  /// The noise, and everything else that all pictures share and that is not the default.
  /// - Parameter eta: that was asked for, since samplers' own differ.
  private static func noise(_ request: ResolvedRequest, eta: Double?) -> String {
    var parts = [request.noise.rawValue]
    if request.system != .diffusers { parts.append("rules of \(request.system.rawValue)") }
    if let eta { parts.append("eta \(eta.shortest)") }
    if request.guidanceRescale > 0 { parts.append("guidance rescale \(request.guidanceRescale.shortest)") }
    if request.clipSkip > 0 { parts.append("clip skip \(request.clipSkip)") }
    if request.promptSyntax != .weights {
      parts.append("prompt syntax \(request.promptSyntax.rawValue)")
    }
    if request.promptMode != .chunks { parts.append("prompt mode \(request.promptMode.rawValue)") }
    return parts.joined(separator: ", ")
  }

  /// - Throws: `DarkroomError` naming the first difference: times and distances would not be comparable.
  func requireSame(as earlier: ComparisonSetting, _ folder: String) throws {
    func require<Value: Equatable>(_ name: String, _ mine: Value, _ other: Value) throws {
      guard mine != other else { return }
      throw DarkroomError(
        .request,
        "\(folder): holds a comparison with \(name) \(other), this one has \(mine); expected another folder")
    }
    try require("engine", engineVersion, earlier.engineVersion)
    try require("model", model, earlier.model)
    try require("weights", weights, earlier.weights)
    try require("device", computes, earlier.computes)
    try require("precision", precision, earlier.precision)
    try require("width", width, earlier.width)
    try require("height", height, earlier.height)
    try require("cfg_scale", guidanceScale, earlier.guidanceScale)
    try require("negative_prompt", negativePrompt, earlier.negativePrompt)
    try require("noise", noise, earlier.noise)
    try require("reference_calls", referenceCalls, earlier.referenceCalls)
  }
}
