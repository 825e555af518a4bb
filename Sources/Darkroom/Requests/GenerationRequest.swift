/// Everything that determines a picture. The command, the metadata of pictures and request files share it:
/// as JSON its fields have the names in `CodingKeys`, and any but `prompt` may be missing.
public struct GenerationRequest: Codable, Sendable, Equatable {
  /// What to draw; at most `Limits.promptCharacters` Unicode scalars.
  public var prompt: String
  /// What to keep away from; used when `guidanceScale` is above 1.
  public var negativePrompt = ""
  /// A sampler's name or alias, as `Catalogue.samplers` lists them.
  public var sampler = "euler"
  /// A schedule's name or alias; nil takes the model's own.
  public var schedule: String?
  /// Sampling steps.
  public var steps = 25
  /// Classifier-free guidance: how far to move from the negative prompt's prediction (1: not at all).
  public var guidanceScale = 7.0
  /// How much of the guided prediction's excess contrast to take back, 0...1 (Lin et al. 2024, section 3.4).
  public var guidanceRescale = 0.0
  /// The shares of the steps before which and from which on there is no guidance, 0...1: step i of N, from 0, is
  /// guided if `⌊start N⌋ ≤ i < ⌊end N⌋`, as in diffusers. The steps of a second pass are counted by themselves.
  /// Steps without guidance take half the time (Kynkäänniemi et al. 2024, who give noise levels instead).
  public var guidanceStart = 0.0
  /// At least `guidanceStart`.
  public var guidanceEnd = 1.0
  /// Pixels, a multiple of 8; nil takes the model's native size.
  public var width: Int?
  public var height: Int?
  /// Seed of the first picture; picture k has seed + k. Nil draws one, which is reported. As in torch, only
  /// the low 32 bits matter.
  public var seed: UInt64?
  /// Number of pictures.
  public var count = 1
  /// Layers to leave out at the text encoder's end; 0 for none, as diffusers counts (A1111 counts from 1).
  public var clipSkip = 0
  /// Share of noise drawn anew at each step, for samplers that know it: 0...1. Nil takes the sampler's own.
  public var eta: Double?
  /// Whose names and rules of sampling hold: "karras" and "Euler" mean different levels in different programs.
  public var system = System.diffusers
  /// The random numbers of a seed.
  public var noise = Noise.torchCPU
  /// How the pictures of a request share them.
  public var batchNoise = BatchNoise.perPicture
  /// What the noise on the way is; nil for what the sampler has in its system.
  public var stepNoise: StepNoise?
  /// For a picture alone that was one of several with one generator: its place among them.
  public var batchPlace: BatchPlace?
  public var promptSyntax = PromptSyntax.weights
  public var promptMode = PromptMode.chunks
  public var precision = Precision.auto
  public var secondPass = SecondPass.auto

  public init(prompt: String) { self.prompt = prompt }

  /// What in a prompt has a meaning beyond its words.
  public enum PromptSyntax: String, Codable, Sendable, CaseIterable {
    /// Nothing.
    case plain
    /// `(words:1.3)` alone.
    case weights
    /// `(x)`, `[x]`, `(x:1.3)`, `BREAK` and backslashes, as in A1111's web UI.
    case a1111
  }

  /// What happens to a prompt that is longer than the text encoder's window.
  public enum PromptMode: String, Codable, Sendable, CaseIterable {
    /// It is encoded in pieces of 75 tokens.
    case chunks
    /// The rest is cut off, as diffusers does.
    case truncate
  }

  /// The arithmetic of the networks.
  public enum Precision: String, Codable, Sendable, CaseIterable {
    /// The fastest that keeps the picture: float16 on a GPU; on the processor bfloat16 if it multiplies that faster,
    /// else float32.
    case auto
    case float32
    /// Values and weights in 16 bits, sums in 32; on a GPU.
    case float16
    /// The same with float32's range and fewer digits; on the processor.
    case bfloat16
  }

  /// How pictures well above the model's native size are made.
  public enum SecondPass: String, Codable, Sendable, CaseIterable {
    /// Drawn near the native size, enlarged, and refined at the size that was asked for: models repeat their
    /// subject in pictures larger than those that they were trained with.
    case auto
    /// Drawn at once.
    case never
  }

  public enum CodingKeys: String, CodingKey, CaseIterable {
    case prompt, sampler, schedule, steps, width, height, seed, count, eta, precision
    case negativePrompt = "negative_prompt"
    case guidanceScale = "cfg_scale"
    case guidanceRescale = "guidance_rescale"
    case guidanceStart = "guidance_start"
    case guidanceEnd = "guidance_end"
    case clipSkip = "clip_skip"
    case system, noise
    case batchNoise = "batch_noise"
    case stepNoise = "step_noise"
    case batchPlace = "batch_place"
    case promptSyntax = "prompt_syntax"
    case promptMode = "prompt_mode"
    case secondPass = "second_pass"
  }

  /// Reads a request; missing fields keep their defaults.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func read<Value: Decodable>(_ key: CodingKeys, into value: inout Value) throws {
      if let found = try fields.decodeIfPresent(Value.self, forKey: key) { value = found }
    }
    prompt = try fields.decode(String.self, forKey: .prompt)
    try read(.negativePrompt, into: &negativePrompt)
    try read(.sampler, into: &sampler)
    schedule = try fields.decodeIfPresent(String.self, forKey: .schedule)
    try read(.steps, into: &steps)
    try read(.guidanceScale, into: &guidanceScale)
    try read(.guidanceRescale, into: &guidanceRescale)
    try read(.guidanceStart, into: &guidanceStart)
    try read(.guidanceEnd, into: &guidanceEnd)
    width = try fields.decodeIfPresent(Int.self, forKey: .width)
    height = try fields.decodeIfPresent(Int.self, forKey: .height)
    seed = try fields.decodeIfPresent(UInt64.self, forKey: .seed)
    try read(.count, into: &count)
    try read(.clipSkip, into: &clipSkip)
    eta = try fields.decodeIfPresent(Double.self, forKey: .eta)
    try read(.system, into: &system)
    try read(.noise, into: &noise)
    try read(.batchNoise, into: &batchNoise)
    stepNoise = try fields.decodeIfPresent(StepNoise.self, forKey: .stepNoise)
    batchPlace = try fields.decodeIfPresent(BatchPlace.self, forKey: .batchPlace)
    try read(.promptSyntax, into: &promptSyntax)
    try read(.promptMode, into: &promptMode)
    try read(.precision, into: &precision)
    try read(.secondPass, into: &secondPass)
  }
}

extension GenerationRequest {
  /// Limits that hold for every model.
  public enum Limits {
    public static let steps = 1...150
    public static let count = 1...1000
    public static let guidanceScale = 0.0...100
    public static let guidanceRescale = 0.0...1
    public static let guidanceStart = 0.0...1
    public static let guidanceEnd = 0.0...1
    public static let clipSkip = 0...64
    public static let eta = 0.0...1
    /// Pixels of width and height, which are also multiples of `sideMultiple`.
    public static let side = 8...2048
    public static let sideMultiple = 8
    public static let promptCharacters = 10_000
  }

  /// - Throws: `DarkroomError` of kind `request`, naming the field and what was expected.
  func validate() throws {
    func require<Value>(_ value: Value, in range: ClosedRange<Value>, _ key: CodingKeys) throws {
      guard range.contains(value) else { throw DarkroomError.limit(key, "\(value)", range) }
    }
    try require(steps, in: Limits.steps, .steps)
    try require(count, in: Limits.count, .count)
    try require(guidanceScale, in: Limits.guidanceScale, .guidanceScale)
    try require(guidanceRescale, in: Limits.guidanceRescale, .guidanceRescale)
    try require(guidanceStart, in: Limits.guidanceStart, .guidanceStart)
    try require(guidanceEnd, in: Limits.guidanceEnd, .guidanceEnd)
    try require(clipSkip, in: Limits.clipSkip, .clipSkip)
    if let eta { try require(eta, in: Limits.eta, .eta) }
    if batchPlace != nil, count != 1 || batchNoise == .perPicture {
      throw DarkroomError(
        .request, "batch_place: belongs to one picture with one-tensor or comfyui batch_noise; expected none")
    }
    for (key, side) in [(CodingKeys.width, width), (.height, height)] {
      guard let side else { continue }
      try require(side, in: Limits.side, key)
      guard side % Limits.sideMultiple == 0 else {
        throw DarkroomError(.request, "\(key.rawValue): \(side) is no multiple of \(Limits.sideMultiple)")
      }
    }
  }
}

extension DarkroomError {
  fileprivate static func limit<Value>(
    _ key: GenerationRequest.CodingKeys, _ value: String, _ range: ClosedRange<Value>
  ) -> DarkroomError {
    DarkroomError(
      .request,
      "\(key.rawValue): \(value) is not possible; expected \(range.lowerBound) to \(range.upperBound)")
  }
}
