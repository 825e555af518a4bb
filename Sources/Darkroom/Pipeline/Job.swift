import Families
import Pictures
import Sampling
import Tokenizer
import Weights

/// A complete request with every name looked up for one model.
package struct Job {
  package let request: ResolvedRequest
  /// What was asked for before it was completed.
  let asked: GenerationRequest
  package let model: LoadedModel
  package let prompts: PromptTokens
  package let conditioner: Conditioner
  package var sampler: Sampler
  package let schedule: Schedule
  package let guidance: Guidance
  /// Between its passes.
  let enlargement: Enlargement
  /// What the network's output means.
  let prediction: Prediction
  /// The first draws some pictures together; each that follows goes on from one picture of the pass before. The last
  /// one has the size that was asked for.
  package var passes: [Pass]
  /// Where a Brownian path over all of the model's noise begins and ends.
  let noiseRange: ClosedRange<Double>

  /// - Throws: an error that names the field and what was expected.
  init(
    _ request: ResolvedRequest, asked: GenerationRequest, _ model: LoadedModel, from start: StartingPicture?
  ) throws {
    (self.request, self.asked, self.model) = (request, asked, model)
    let traits = model.traits
    let system = request.system
    let prediction = request.prediction ?? traits.prediction
    self.prediction = prediction
    sampler = traits.schedule.sampler(
      try system.sampler(request.sampler).sampler, in: system, predicting: prediction)
    schedule = try system.schedule(request.schedule)
    noiseRange = try traits.noise.range
    enlargement = try Enlargement(request.upscaler)
    let pictureScale = Float(request.pictureGuidanceScale ?? 1)
    let guidance = try Guidance(
      scale: request.guidanceScale,
      weights: { model.network.guidanceWeights(scale: $0, pictureScale: pictureScale) },
      rescale: request.guidanceRescale,
      start: request.guidanceStart, end: request.guidanceEnd, system: system)
    self.guidance = guidance

    let positive = try Job.tokenize(request.prompt, field: "prompt", sign: 1, request, traits)
    let (sampler, schedule) = (sampler, schedule)
    passes = try Pass.passes(request, from: start, model, enlargement) {
      let list = try traits.noise.steps($0, schedule: schedule, for: sampler, in: system)
      try prediction.check(list.steps)
      return list
    }
    let isGuided = passes.contains { !guidance.guidedSteps(of: $0.count).isEmpty }
    let negative =
      isGuided
      ? try Job.tokenize(request.negativePrompt, field: "negative_prompt", sign: -1, request, traits) : nil
    prompts = PromptTokens(positive: positive, negative: negative, clipSkip: request.clipSkip)
    conditioner = model.network.conditioner(prompts)
  }

  /// The noise of some pictures that are sampled together, from its beginning.
  func noise(of pictures: Range<Int>, in pass: Pass) -> any NoiseSource {
    let steps = request.stepNoise ?? sampler.stepNoise(in: request.system)
    // A path that was asked for must not depend on the schedule: then more steps refine fewer.
    let path = request.stepNoise == nil ? pass.steps.noisyRange : noiseRange
    let rule = NoiseRule(generator: request.noise, batch: request.batchNoise, steps: steps)
    guard request.batchNoise == .perPicture else {
      let first = request.pictureBatchPlace(pictures.lowerBound)
      let places = first.picture - 1..<first.picture - 1 + pictures.count
      return rule.source(seed: request.seed, pictures: places, of: first.count, path: path)
    }
    let traits = pass.model.traits
    let shape = (traits.latents.channels, pass.latents.height, pass.latents.width)
    return BatchNoise(
      pictures.map { index in
        let seed = request.pictureSeed(index)
        guard let variation = request.variation(index, factor: traits.latents.factor) else {
          return rule.source(seed: seed, pictures: 0..<1, of: 1, path: path)
        }
        return rule.source(seed: seed, varied: variation, shape: shape, path: path)
      })
  }

  /// A drawn picture with what was not to be drawn anew as it was.
  func composite(_ drawn: Picture) -> Picture {
    if case .picture(let start) = passes[0].start { start.finished(drawn) } else { drawn }
  }

  var samplerOptions: SamplerOptions { SamplerOptions(eta: request.eta, system: request.system) }

  /// What the user should know before the pictures come.
  package var notices: [Notice] {
    modelNotices + cautions + withoutEffect.map(\.notice) + startNotices + passNotices + promptNotices
  }

  private var startNotices: [Notice] {
    if case .picture(let start) = passes[0].start { start.notices } else { [] }
  }

  /// What the model's files hold or ask for in vain.
  private var modelNotices: [Notice] {
    model.checkpoint.additions.map {
      Notice(description: "the model's file also holds \($0), which is not used")
    } + model.traits.notices.map(Notice.init(description:))
  }

  /// Combinations of settings that seldom give what is wanted.
  package var cautions: [Notice] {
    sampler.cautions(
      steps: request.steps, schedule: schedule, guidanceScale: request.guidanceScale,
      largestSigma: noiseRange.upperBound
    ).map(Notice.init(description:))
  }

  private var passNotices: [Notice] {
    guard passes.count > 1 else { return [] }
    let (first, second, native) = (passes[0], passes[passes.count - 1], model.traits.nativeSide)
    let how =
      "drawn at \(first.size), enlarged and refined in a second pass of \(second.count) step\(second.count == 1 ? "" : "s")"
    let isChosen = request.secondPassScale != nil
    return [
      Notice(
        description: isChosen
          ? "\(second.size): \(how)"
          : "\(second.size) is above this model's useful size (\(native)x\(native)): \(how)")
    ]
  }

  package var promptNotices: [Notice] {
    let texts = prompts.positive.map { ("prompt", $0.tokens) }
    let negatives = (prompts.negative ?? []).map { ("negative prompt", $0.tokens) }
    return (texts + negatives).flatMap { name, text in
      var notices = text.warnings.map { Notice(description: "\(name): \($0)") }
      if text.cutTokenCount > 0 {
        notices.append(Notice(description: "\(name): the last \(text.cutTokenCount) tokens were cut off"))
      } else if text.chunks.count > 1 {
        notices.append(
          Notice(description: "\(name): \(text.tokenCount) tokens are encoded in \(text.chunks.count) pieces")
        )
      }
      return notices
    }
  }

  /// A prompt and those that join it; an empty negative prompt stands back behind others.
  /// - Parameter sign: of the weights of those that do.
  private static func tokenize(
    _ text: String, field: String, sign: Double, _ request: ResolvedRequest, _ traits: ModelTraits
  ) throws -> [WeightedTokens] {
    func tokens(_ text: String, _ field: String, _ weight: Double) throws -> WeightedTokens {
      let tokens = try traits.tokenizer.tokenize(
        text, syntax: request.promptSyntax, mode: request.promptMode, sequenceLength: traits.textPositions,
        field: field)
      return WeightedTokens(tokens, weight: Float(weight))
    }
    let joining = (request.prompts ?? []).filter { $0.weight * sign > 0 }
    let own = text.isEmpty && sign < 0 && !joining.isEmpty ? [] : [try tokens(text, field, 1)]
    return try own + joining.map { try tokens($0.text, "prompts", abs($0.weight)) }
  }
}
