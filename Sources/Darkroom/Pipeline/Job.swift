import Models
import Sampling
import Tokenizer

/// A request with every default filled in and every name looked up for one model.
package struct Job {
  /// Complete: size, seed and schedule are set.
  private(set) var request: GenerationRequest
  package let prompt: TokenizedPrompt
  /// Nil if no step is guided.
  package let negative: TokenizedPrompt?
  package var sampler: Sampler
  let schedule: Schedule
  let guidance: Guidance
  package var first: SamplingPass
  /// Refines each picture of the first pass at a larger size; nil if the first has the size that was asked for.
  package let second: SamplingPass?
  let firstSeed: UInt64
  /// Pixels, for notices.
  private let nativeSide: Int
  /// The model's least and largest noise over signal.
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
    let system = request.system.names
    let named = try system.sampler(request.sampler)
    sampler = named.sampler
    let training = try model.training(for: sampler)
    let asked = try request.schedule.flatMap { system.isAutomatic($0) ? nil : try system.schedule($0) }
    schedule = asked ?? named.schedule ?? .own(of: training.settings, for: sampler, in: system)
    noiseRange = training.sigmas[0]...training.sigmas[training.sigmas.count - 1]
    let guidance = try Guidance(
      scale: request.guidanceScale, rescale: request.guidanceRescale, start: request.guidanceStart,
      end: request.guidanceEnd)
    self.guidance = guidance

    let text = model.textEncoder.configuration
    guard request.clipSkip < text.layers else {
      throw DarkroomError(
        .request, "clip_skip: \(request.clipSkip) is not possible; expected 0 to \(text.layers - 1)")
    }
    prompt = try Job.tokenize(request.prompt, field: "prompt", request, model)
    nativeSide = model.nativeSide
    let (width, height) = try Job.size(request, model)
    let (sampler, schedule, mode) = (sampler, schedule, request.secondPass)
    (first, second) = try SamplingPass.passes(width: width, height: height, request.steps, mode, model) {
      let list = try schedule.steps($0, of: training, for: sampler, in: system)
      try model.prediction.check(list.steps)
      return list
    }
    negative =
      [first, second].contains { !guidance.guidedSteps(of: $0?.count ?? 0).isEmpty }
      ? try Job.tokenize(request.negativePrompt, field: "negative_prompt", request, model) : nil
    firstSeed = request.seed ?? UInt64(UInt32.random(in: 0...UInt32.max))

    (request.width, request.height, request.seed) = (width, height, firstSeed)
    (request.sampler, request.schedule) = (sampler.name(in: system), schedule.name(in: system))
    self.request = request
  }

  /// Pixels that the request asks for, or the model's own.
  private static func size(
    _ request: GenerationRequest, _ model: LoadedModel
  ) throws -> (width: Int, height: Int) {
    let (width, height) = (request.width ?? model.nativeSide, request.height ?? model.nativeSide)
    let factor = model.decoder.configuration.factor
    guard width % factor == 0, height % factor == 0 else {
      throw DarkroomError(
        .request, "width, height: \(width)x\(height) is not possible; this model needs multiples of \(factor)"
      )
    }
    return (width, height)
  }

  var passes: [SamplingPass] { [first] + (second.map { [$0] } ?? []) }

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
  func noise(of pictures: Range<Int>, in pass: SamplingPass) -> any NoiseSource {
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
  var cautions: [Notice] {
    sampler.cautions(
      steps: request.steps, schedule: schedule, guidanceScale: request.guidanceScale,
      largestSigma: noiseRange.upperBound
    ).map(Notice.init(description:))
  }

  private var passNotices: [Notice] {
    guard let second else { return [] }
    return [
      Notice(
        description:
          "\(second.size) is above this model's useful size (\(nativeSide)x\(nativeSide)): drawn at \(first.size), enlarged and refined in a second pass of \(second.count) step\(second.count == 1 ? "" : "s")"
      )
    ]
  }

  var promptNotices: [Notice] {
    [("prompt", prompt), ("negative prompt", negative)].flatMap { name, text in
      guard let text else { return [Notice]() }
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
    _ text: String, field: String, _ request: GenerationRequest, _ model: LoadedModel
  ) throws -> TokenizedPrompt {
    let syntax: Tokenizer.PromptSyntax =
      switch request.promptSyntax {
      case .plain: .plain
      case .weights: .weights
      case .a1111: .a1111
      }
    return try model.tokenizer.tokenize(
      text, syntax: syntax, mode: request.promptMode == .chunks ? .chunks : .truncate,
      sequenceLength: model.textEncoder.configuration.positions, field: field)
  }
}
