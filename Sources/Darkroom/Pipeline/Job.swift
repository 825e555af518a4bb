import Families
import Sampling
import Tokenizer

/// A request with every default filled in and every name looked up for one model.
package struct Job {
  /// Complete: size, seed and schedule are set.
  package private(set) var request: GenerationRequest
  package let model: LoadedModel
  package let prompts: PromptTokens
  package let conditioner: Conditioner
  package var sampler: Sampler
  package let schedule: Schedule
  let guidance: Guidance
  /// The first draws some pictures together; each that follows goes on from one picture of the pass before. The last
  /// one has the size that was asked for.
  package var passes: [Pass]
  package let firstSeed: UInt64
  /// Where a Brownian path over all of the model's noise begins and ends.
  private let noiseRange: ClosedRange<Double>

  /// The same job in another arithmetic.
  func `in`(_ precision: GenerationRequest.Precision) -> Job {
    var job = self
    job.request.precision = precision
    return job
  }

  /// - Throws: an error that names the field and what was expected.
  init(_ request: GenerationRequest, _ model: LoadedModel) throws {
    try request.validate()
    var request = request
    let traits = model.traits
    let system = request.system.names
    let named = try system.sampler(request.sampler)
    sampler = named.sampler
    let asked = try request.schedule.flatMap { system.isAutomatic($0) ? nil : try system.schedule($0) }
    schedule = asked ?? named.schedule ?? traits.noise.ownSchedule(for: sampler, in: system)
    noiseRange = try traits.noise.range
    let guidance = try Guidance(
      scale: request.guidanceScale, shares: model.network.guidanceShares, rescale: request.guidanceRescale,
      start: request.guidanceStart, end: request.guidanceEnd)
    self.guidance = guidance

    guard request.clipSkip < traits.textLayers else {
      throw DarkroomError(
        .request, "clip_skip: \(request.clipSkip) is not possible; expected 0 to \(traits.textLayers - 1)")
    }
    let prompt = try Job.tokenize(request.prompt, field: "prompt", request, traits)
    self.model = model
    let (width, height) = try Job.size(request, traits)
    let (sampler, schedule) = (sampler, schedule)
    passes = try Pass.passes(width: width, height: height, request.steps, request.secondPass, model) {
      let list = try traits.noise.steps($0, schedule: schedule, for: sampler, in: system)
      try traits.prediction.check(list.steps)
      return list
    }
    let isGuided = passes.contains { !guidance.guidedSteps(of: $0.count).isEmpty }
    let negative =
      isGuided ? try Job.tokenize(request.negativePrompt, field: "negative_prompt", request, traits) : nil
    prompts = PromptTokens(
      positive: [WeightedTokens(prompt)], negative: negative.map { [WeightedTokens($0)] },
      clipSkip: request.clipSkip)
    conditioner = model.network.conditioner(prompts)
    firstSeed = request.seed ?? UInt64(UInt32.random(in: 0...UInt32.max))

    (request.width, request.height, request.seed) = (width, height, firstSeed)
    (request.sampler, request.schedule) = (sampler.name(in: system), schedule.name(in: system))
    self.request = request
  }

  /// Pixels that the request asks for, or the model's own.
  private static func size(
    _ request: GenerationRequest, _ traits: ModelTraits
  ) throws -> (width: Int, height: Int) {
    let (width, height) = (request.width ?? traits.nativeSide, request.height ?? traits.nativeSide)
    let multiple = traits.sideMultiple
    guard width % multiple == 0, height % multiple == 0 else {
      throw DarkroomError(
        .request,
        "width, height: \(width)x\(height) is not possible; this model needs multiples of \(multiple)")
    }
    return (width, height)
  }

  /// The request that makes picture `index` by itself.
  func request(ofPicture index: Int) -> GenerationRequest {
    var single = request
    if request.batchNoise == .perPicture {
      single.seed = firstSeed &+ UInt64(index)
    } else {
      single.batchPlace = batchPlace(index)
    }
    single.count = 1
    return single
  }

  /// Where a picture stands among those that share one generator.
  private func batchPlace(_ index: Int) -> GenerationRequest.BatchPlace {
    request.batchPlace ?? GenerationRequest.BatchPlace(picture: index + 1, of: request.count)
  }

  /// The noise of some pictures that are sampled together, from its beginning.
  func noise(of pictures: Range<Int>, in pass: Pass) -> any NoiseSource {
    let isOwn = request.stepNoise == nil
    let steps: Sampler.StepNoise =
      switch request.stepNoise {
      case .generator: .generator
      case .brownian: .brownian
      case nil: sampler.stepNoise(in: request.system.names)
      }
    let first = batchPlace(pictures.lowerBound)
    let rule = NoiseRule(generator: request.noise.generator, batch: request.batchNoise.rule, steps: steps)
    let perPicture = request.batchNoise == .perPicture
    return rule.source(
      seed: firstSeed,
      pictures: perPicture ? pictures : first.picture - 1..<first.picture - 1 + pictures.count,
      of: perPicture ? request.count : first.count,
      // A path that was asked for must not depend on the schedule: then more steps refine fewer.
      path: isOwn ? pass.steps.noisyRange : noiseRange)
  }

  var samplerOptions: SamplerOptions { SamplerOptions(eta: request.eta, system: request.system.names) }

  /// What the user should know before the pictures come.
  package var notices: [Notice] { cautions + passNotices + promptNotices }

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
    return [
      Notice(
        description:
          "\(second.size) is above this model's useful size (\(native)x\(native)): drawn at \(first.size), enlarged and refined in a second pass of \(second.count) step\(second.count == 1 ? "" : "s")"
      )
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

  private static func tokenize(
    _ text: String, field: String, _ request: GenerationRequest, _ traits: ModelTraits
  ) throws -> TokenizedPrompt {
    let syntax: Tokenizer.PromptSyntax =
      switch request.promptSyntax {
      case .plain: .plain
      case .weights: .weights
      case .a1111: .a1111
      }
    return try traits.tokenizer.tokenize(
      text, syntax: syntax, mode: request.promptMode == .chunks ? .chunks : .truncate,
      sequenceLength: traits.textPositions, field: field)
  }
}
