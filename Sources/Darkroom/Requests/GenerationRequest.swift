// The margins of a picture are named by users of the library too.
@_exported import struct Pictures.Margins

/// What a caller wants a picture to be. Everything but the prompt may be nil, which stands for the model's own:
/// `ResolvedRequest` fills it in.
///
/// As text and JSON its fields have the names, ranges and meanings of `RequestField.all`. A new field is a property
/// here and a row there.
public struct GenerationRequest: Sendable, Equatable {
  /// What to draw. Each picture's seed makes the choices in it, `{a|b}` and `__name__`, unless `promptSyntax` is
  /// `plain`, and the picture's own request says which. At most `RequestLimits.promptCharacters` Unicode scalars.
  public var prompt: String
  /// Further prompts. Those of positive weight join `prompt`, which has the weight 1; those of negative weight join
  /// `negativePrompt`, or stand for it if it is empty; a weight of 0 leaves a prompt out. What the network is told is
  /// the mean of the encodings, `Σ w E / Σ w`, with the magnitudes of the weights.
  public var prompts: [WeightedPrompt]?
  /// What to keep away from; used when `guidanceScale` is above 1, in A1111's and ComfyUI's systems when it is not 1.
  public var negativePrompt: String?
  /// A sampler's name or alias, as `Catalogue.samplers` lists them.
  public var sampler: String?
  /// A schedule's name or alias.
  public var schedule: String?
  /// Sampling steps.
  public var steps: Int?
  /// Classifier-free guidance: how far to move from the negative prompt's prediction (1: not at all).
  public var guidanceScale: Double?
  /// How much of the guided prediction's excess contrast to take back, 0...1 (Lin et al. 2024, section 3.4).
  public var guidanceRescale: Double?
  /// The shares of the steps before which and from which on there is no guidance, 0...1: step i of N, from 0, is
  /// guided if `⌊start N⌋ ≤ i < ⌊end N⌋`, as in diffusers. The steps of a second pass are counted by themselves.
  /// Steps without guidance take half the time (Kynkäänniemi et al. 2024, who give noise levels instead).
  public var guidanceStart: Double?
  /// At least `guidanceStart`.
  public var guidanceEnd: Double?
  /// The picture to start from instead of noise alone (image to image). It is cut to the aspect of `width` and `height`
  /// around its middle, and resized if it has another size. There is no second pass then.
  public var initPicture: InputPicture?
  /// How much of `initPicture` is drawn anew: the share of the steps that run, counted by the rules of `system`; 0.8 if
  /// nil, as in diffusers, 0.9 with `outpaint`, 1 with a mask and with models that edit pictures. 1 keeps little but the
  /// tones, and those not with a mask. Models that enlarge the picture have none.
  public var strength: Double?
  /// Pixels a side, a multiple of 8, of blocks whose mean stays that of `initPicture`: what is larger keeps its place and
  /// colour, whatever the strength (iterative latent variable refinement, Choi et al. 2021). Nothing is kept so if nil.
  public var structureSize: Int?
  /// Which part of `initPicture` is drawn anew (inpainting): white wholly, grey in part, black not at all; what is
  /// transparent in its file is white. A mask of another size than `initPicture` is resized to it.
  public var mask: InputPicture?
  /// What is drawn beyond the sides of `initPicture`, in pixels, multiples of 8 (outpainting). `width` and `height` count
  /// it too.
  public var outpaint: Margins?
  /// Pixels over which the drawn part fades in, within the mask; 4 if nil, 16 with `outpaint`, 0 for none. Pixels outside
  /// of the mask are those of `initPicture` at the size that is drawn, or at its own with `inpaintArea` `masked`.
  public var maskBlur: Int?
  /// Pixels by which the mask grows before it is used; none if nil, 16 with `outpaint` and no mask, where 0 keeps all of the picture to
  /// the pixel.
  public var growMask: Int?
  /// What is worked on; all of the picture if nil. With `masked`, `width` and `height` are the size of the work, and the
  /// finished picture has that of `initPicture`.
  public var inpaintArea: InpaintArea?
  /// Pixels around the mask that are worked on with it, where `inpaintArea` is `masked`; 32 if nil.
  public var maskPadding: Int?
  /// What stands in the masked part at first; the picture itself if nil. It shows at strengths below 1.
  public var maskFill: MaskFill?
  /// How closely a model that edits pictures (InstructPix2Pix) keeps to `initPicture`, at least 1; 1.5 if nil. Other
  /// models have none.
  public var pictureGuidanceScale: Double?
  /// How much noise hides the details of `initPicture` from a model that enlarges it (Stable Diffusion's x4 upscaler), a
  /// level of the model's own table: more of it lets the model invent more. 20 if nil. Other models have none.
  public var noiseLevel: Int?
  /// Pixels, a multiple of 8; nil takes the model's native size, or that of `initPicture`, at most what the model draws
  /// well, and four times that with a model that enlarges it.
  public var width: Int?
  public var height: Int?
  /// Pixels a side of the tiles that the network sees one by one, a multiple of 8; all of the picture if nil. What they
  /// overlap is their mean in every step (MultiDiffusion, Bar-Tal et al. 2023): large pictures then show what the model
  /// draws well at the tiles' size, again and again.
  public var tileSize: Int?
  /// Seed of the first picture; picture k has seed + k. Nil draws one, which is reported. As in torch, only
  /// the low 32 bits matter.
  public var seed: UInt64?
  /// Seeds of the first pictures, one by one, instead of `seed`; later pictures go on from the last with + 1.
  public var seeds: [UInt64]?
  /// Turns the start noise towards that of another seed (A1111's variations): by `subseedStrength`, 0...1. The pictures of
  /// a request then share `seed`, and picture k has `subseed` + k. Nil draws one.
  public var subseed: UInt64?
  public var subseedStrength: Double?
  /// Pixels of the size whose noise is laid into the middle of this one's, so that a seed keeps its composition in another
  /// size; both or none.
  public var seedWidth: Int?
  public var seedHeight: Int?
  /// Number of pictures; nil for as many as `seeds`, else for one.
  public var count: Int?
  /// Layers to leave out at the text encoder's end; 0 for none, as diffusers counts (A1111 counts from 1).
  public var clipSkip: Int?
  /// Share of noise drawn anew at each step, for samplers that know it: 0...1. Nil takes the sampler's own.
  public var eta: Double?
  /// Whose names and rules of sampling hold: "karras" and "Euler" mean different levels in different programs.
  public var system: System?
  /// The random numbers of a seed.
  public var noise: Noise?
  /// How the pictures of a request share them.
  public var batchNoise: BatchNoise?
  /// What the noise on the way is; nil for what the sampler has in its system.
  public var stepNoise: StepNoise?
  /// For a picture alone that was one of several with one generator: its place among them.
  public var batchPlace: BatchPlace?
  /// What in a prompt has a meaning beyond its words.
  public var promptSyntax: PromptSyntax?
  /// What `prompt` was drawn from, if it had choices; nothing is drawn from it again.
  public var promptTemplate: String?
  /// What happens to a prompt that is longer than the text encoder's window.
  public var promptMode: PromptMode?
  /// The arithmetic of the networks.
  public var precision: Precision?
  /// What the network's output means, where the model's files do not say it or say something else; nil for what they
  /// say.
  public var prediction: Prediction?
  /// How pictures well above the model's native size are made.
  public var secondPass: SecondPass?
  /// How much larger the second pass is than the first, a side: with it there is a second pass at any size. Nil makes the
  /// first one as large as the model draws well.
  public var secondPassScale: Double?
  /// Steps of the second pass, of which its strength leaves a part; nil for as many as `steps`.
  public var secondPassSteps: Int?
  /// How much of the enlarged picture the second pass draws anew, counted by the rules of `system` as `strength` is; nil
  /// for 0.4 up to twice the size, and less beyond.
  public var secondPassStrength: Double?
  /// What enlarges the picture between the passes: `lanczos`, `latent` (bilinear) or `latent-nearest`, or a network; nil
  /// for `lanczos`.
  public var upscaler: UpscalerReference?

  public init(prompt: String) { self.prompt = prompt }
}

extension GenerationRequest {
  /// Pictures to make: `count`, else one for each of `seeds`.
  package var pictureCount: Int { count ?? seeds?.count ?? 1 }

  /// Checks each field by itself, as far as that needs no model.
  /// - Throws: `DarkroomError` of kind `request`, naming the field and what was expected.
  public func validate(_ limits: RequestLimits = .standard) throws {
    for field in RequestField.all { try field.check(self, limits) }
    if batchPlace != nil, pictureCount != 1 || batchNoise ?? .perPicture == .perPicture {
      throw DarkroomError(
        .request, field: "batch_place", expected: "none",
        "belongs to one picture with one-tensor or comfyui batch_noise")
    }
    try validateSeeds()
  }

  private func validateSeeds() throws {
    guard let seeds else { return }
    func refuse(_ problem: String, expected: String) -> DarkroomError {
      DarkroomError(.request, field: "seeds", found: "\(seeds.count)", expected: expected, problem)
    }
    guard seeds.count <= pictureCount else {
      throw refuse(
        "\(seeds.count) seeds for a count of \(pictureCount)", expected: "no more seeds than pictures")
    }
    guard batchNoise ?? .perPicture == .perPicture || seeds.count == 1 else {
      throw refuse("belong to pictures with a generator each", expected: "batch_noise per-picture")
    }
    guard seed == nil || seed == seeds.first else {
      throw refuse("stand instead of seed", expected: "one of the two")
    }
  }
}
