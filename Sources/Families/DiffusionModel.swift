import Graph
import Sampling
import Tokenizer
import Weights

/// The space of a model's latents, as its autoencoder has it.
package struct LatentSpace: Sendable, Equatable {
  package let channels: Int
  /// Picture pixels of one latent pixel, a side.
  package let factor: Int
  /// A latent z is decoded from z / scale + shift, and an encoded e becomes (e - shift) x scale.
  package let scale: Float
  package let shift: Float
  package let coding: LatentCoding

  package init(
    channels: Int, factor: Int, scale: Float, shift: Float, coding: LatentCoding = .variational
  ) {
    (self.channels, self.factor, self.scale, self.shift) = (channels, factor, scale, shift)
    self.coding = coding
  }
}

/// What an autoencoder's networks read and make.
package enum LatentCoding: Sendable, Equatable {
  /// Pictures from -1 to 1. The encoder makes a normal distribution of latents (Kingma and Welling 2013).
  case variational
  /// Pictures from 0 to 1. The encoder makes latents and no distribution; the decoder reads limit x tanh(z / limit).
  case tiny(limit: Float)
}

/// What a request has to fit, and what holds where it says nothing. A value: requests can be checked while the model
/// is at work.
package struct ModelTraits: Sendable {
  /// For programs and for people.
  package let family: String
  package let familyTitle: String
  package let latents: LatentSpace
  /// Pixels a side of the pictures that the model was trained with.
  package let nativeSide: Int
  /// How the model was trained to see noise.
  package var noise: NoiseDescription { schedule.noise }
  /// The same, and the sampler that the model comes with.
  package let schedule: ModelSchedule
  /// What its denoiser makes.
  package var prediction: Prediction { schedule.prediction }
  /// What requests mean that do not say otherwise.
  package let defaults: SamplingDefaults
  /// How pictures above the size that the model was trained for are made.
  package let secondPass: SecondPassRule
  package let tokenizer: CLIPTokenizer
  /// Tokens of one piece of a prompt, and layers of the text encoder.
  package let textPositions: Int
  package let textLayers: Int
  /// Whether pictures can become latents.
  package let hasEncoder: Bool
  /// What the denoiser sees of a picture beside latents; nil for nothing.
  package let pictureConditioning: PictureConditioning?
  /// How latents look; nil if that is not known.
  package let preview: PreviewColours?
  /// What of the model's files is not used, or stands in for what is missing.
  package let notices: [String]

  /// The noise that a picture to enlarge gets; nil if the model enlarges none.
  package var pictureNoise: PictureNoise? {
    if case .upscaling(let noise) = pictureConditioning { noise } else { nil }
  }
  /// Pixels a side of what is drawn for one of the picture that is begun with.
  package var scale: Int { pictureNoise == nil ? 1 : latents.factor }

  /// Width and height of pictures are multiples of it.
  package var sideMultiple: Int { latents.factor }

  package init(
    family: (name: String, title: String), latents: LatentSpace, nativeSide: Int,
    noise schedule: ModelSchedule,
    defaults: SamplingDefaults, secondPass: SecondPassRule, tokenizer: CLIPTokenizer, textPositions: Int,
    textLayers: Int, hasEncoder: Bool, pictureConditioning: PictureConditioning? = nil,
    preview: PreviewColours?, notices: [String] = []
  ) {
    (self.family, familyTitle) = family
    (self.latents, self.nativeSide) = (latents, nativeSide)
    self.schedule = schedule
    (self.defaults, self.secondPass, self.tokenizer) = (defaults, secondPass, tokenizer)
    (self.textPositions, self.textLayers) = (textPositions, textLayers)
    (self.hasEncoder, self.pictureConditioning, self.preview) = (hasEncoder, pictureConditioning, preview)
    self.notices = schedule.notices + notices
  }

  /// The size of the first pass of a picture that is too large to be drawn at once; nil if it is not.
  package func firstPass(width: Int, height: Int) -> (width: Int, height: Int)? {
    secondPass.firstPass(width: width, height: height, nativeSide: nativeSide, factor: latents.factor)
  }
}

/// What a model wants where a request says nothing; nil for what any model gets.
package struct SamplingDefaults: Sendable, Equatable {
  package var sampler: String?
  package var steps: Int?
  package var guidanceScale: Double?
  package var prediction: Prediction?

  package init() {}

  /// What diffusers' `pipe(prompt)` takes, if the model names its scheduler.
  package init(pipelineWith schedule: ModelSchedule, steps: Int = 50, guidanceScale: Double = 7.5) {
    guard let sampler = schedule.defaultSampler else { return }
    (self.sampler, self.guidanceScale) = (sampler, guidanceScale)
    self.steps = min(steps, schedule.mostSteps ?? steps)
  }
}

/// A named input of a denoiser that depends on the noise level alone.
package struct StepInput {
  package let name: String
  package let count: Int
  package let write: (NoiseLevel, UnsafeMutableBufferPointer<Float>) -> Void

  package init(
    name: String, count: Int, write: @escaping (NoiseLevel, UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    (self.name, self.count, self.write) = (name, count, write)
  }
}

/// Latent pixels.
package struct LatentSize: Hashable, Sendable {
  package let height: Int
  package let width: Int

  package init(height: Int, width: Int) { (self.height, self.width) = (height, width) }
}

/// A diffusion model that has put itself together, as the pipeline sees it: networks as modules, and what becomes of
/// their numbers. A family is a type that conforms.
///
/// Modules have fixed names for what the pipeline gives and takes: a denoiser reads `latents` at each step and makes
/// `prediction`, and may read what `PictureConditioning` names; a decoder reads `latents` and makes `picture`; an encoder
/// reads `picture` and makes `moments`, the means and the logarithms of the variances of the posterior, or latents alone
/// (`LatentCoding`). Latents are channels first outside.
package protocol DiffusionModel: AnyObject {
  var traits: ModelTraits { get }

  /// How prompts become what the denoiser is told.
  func conditioner(_ prompts: PromptTokens) -> Conditioner

  /// How much each conditional prediction counts in guidance: one less than the conditioner's predictions.
  /// - Parameter pictureScale: guidance towards the picture that is edited.
  func guidanceWeights(scale: Float, pictureScale: Float) -> [Float]

  /// - Parameter rows: predictions times pictures.
  func denoiser(_ size: LatentSize, rows: Int, conditioning: ConditioningShapes) -> Module

  /// What the denoiser is told of a step.
  var stepInputs: [StepInput] { get }

  /// One picture's latents to the picture.
  func decoder(_ size: LatentSize) -> Module

  /// One picture to its latents.
  /// - Throws: an error that says that the model has none, or which of its tensors are missing or of another shape.
  func encoder(_ size: LatentSize) throws -> Module
}

extension DiffusionModel {
  package func guidanceWeights(scale: Float, pictureScale: Float) -> [Float] { [scale] }
}
