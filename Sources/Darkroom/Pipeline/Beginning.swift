import Families
import Pictures
import Sampling

/// The pictures that a pass begins with, encoded.
package struct EncodedPictures {
  /// What the pass starts from; nil if that is noise alone.
  let start: Posterior?
  /// What the denoiser sees beside latents; nil for nothing.
  let beside: Posterior?
}

/// What the denoiser sees beside the latents of some pictures.
struct Beside {
  /// Channels first, of each picture.
  private let values: [Float]
  /// Whether the first of several predictions sees nothing.
  private let hasBlindPrediction: Bool
  private let noiseLevel: Int?

  /// The mask and the latents of a picture without its masked part.
  /// - Parameter mask: of latent pixels, 1 where they are drawn anew.
  init(
    inpainting posterior: Posterior, mask: [Double], batch: Int,
    samplingFrom noise: inout any NoiseSource, _ system: NameSystem
  ) {
    let latents = posterior.latents(batch: batch, &noise, in: system)
    values = (0..<batch).flatMap { (mask + latents.picture($0).values).map(Float.init) }
    (hasBlindPrediction, noiseLevel) = (false, nil)
  }

  /// The latents of a picture.
  init(editing posterior: Posterior, batch: Int) {
    values = (0..<batch).flatMap { _ in posterior.means }
    (hasBlindPrediction, noiseLevel) = (true, nil)
  }

  /// The colours of a picture of the latents' size, with noise.
  init(
    upscaling picture: Picture, hiddenBy table: PictureNoise, level: Int, batch: Int,
    samplingFrom noise: inout any NoiseSource
  ) {
    var noisy = Latents(picture: picture, batch: batch)
    var drawn = Latents(zerosLike: noisy)
    noise.fillAlike(&drawn)
    noisy.addNoise(drawn, at: table.level(level))
    values = noisy.values.map(Float.init)
    (hasBlindPrediction, noiseLevel) = (false, level)
  }

  /// The denoiser's inputs for the last so many predictions, all rows of one after those of the one before.
  func inputs(predictions: Int) -> NamedInputs {
    let rows = (0..<predictions).flatMap { index in
      hasBlindPrediction && predictions > 1 && index == 0
        ? [Float](repeating: 0, count: values.count) : values
    }
    return ["beside": rows].merging(noiseLevel.map { ["noise_level": [Float($0)]] } ?? [:]) { $1 }
  }
}

/// Where the sampling of some pictures begins.
struct Beginning {
  var latents: Latents
  /// How the part of a picture that is not drawn anew is kept; nil without one.
  private(set) var inpainting: Inpainting?
  private(set) var beside: Beside?
  /// What of the picture stays in every estimate; nil for nothing.
  private(set) var structure: KeptStructure?

  /// - Parameter previous: clean latents of the pass before, at this pass's size.
  init(
    _ pass: Pass, batch: Int, previous: Latents?, _ pictures: EncodedPictures, _ noise: inout any NoiseSource,
    _ request: ResolvedRequest
  ) {
    let system = request.system
    latents = pass.emptyLatents(batch: batch)
    var mask: Mask?
    switch pass.start {
    case .noise:
      noise.fill(&latents)
      latents.scale(by: pass.steps.initialScale)
    case .previous:
      guard let previous else { preconditionFailure("pass \(pass.index) goes on from no latents") }
      noise.fill(&latents)
      latents = previous.noised(latents, from: pass.steps)
    case .picture(let start):
      mask = start.mask
      // Its noise is drawn before that of latents, as in diffusers.
      if let table = pass.model.traits.pictureNoise, let level = request.noiseLevel {
        beside = Beside(
          upscaling: start.picture, hiddenBy: table, level: level, batch: batch, samplingFrom: &noise)
      }
      begin(pass, from: start, pictures.start, &noise, request)
    }
    guard let posterior = pictures.beside else { return }
    switch pass.model.traits.pictureConditioning {
    case .editing: beside = Beside(editing: posterior, batch: batch)
    case .inpainting:
      let all = [Double](repeating: 1, count: pass.latents.height * pass.latents.width)
      // diffusers and A1111 cut this mask alike; ComfyUI is followed in what it keeps of the picture alone.
      let mask = mask?.latents(pass.latents, in: .diffusers) ?? all
      beside = Beside(inpainting: posterior, mask: mask, batch: batch, samplingFrom: &noise, system)
    case .upscaling, nil: break
    }
  }

  /// Noisy latents of an encoded picture, or noise alone where there is none.
  private mutating func begin(
    _ pass: Pass, from start: StartingPicture, _ posterior: Posterior?, _ noise: inout any NoiseSource,
    _ request: ResolvedRequest
  ) {
    let system = request.system
    let drawn = posterior?.latents(batch: latents.batch, &noise, in: system)
    noise.fill(&latents)
    let (fresh, mask) = (latents, start.mask)
    let clean = drawn.map { start.filled($0, noise: fresh, system) }
    let seesMask = pass.model.traits.pictureConditioning == .inpainting
    let drawsSamples = pass.model.traits.latents.coding == .variational
    // diffusers also encodes the picture without its masked part for networks that do not see it, and draws that sample.
    if mask != nil, system.followsDiffusers, !seesMask, drawsSamples {
      var unused = fresh
      noise.fillAlike(&unused)
    }
    if let clean, !pass.beginsWithNoise(in: system) {
      latents = clean.noised(fresh, from: pass.steps)
    } else {
      latents.scale(by: pass.steps.initialScale)
    }
    if let clean, let side = request.structureSize {
      structure = KeptStructure(clean: clean, block: max(1, side / pass.model.traits.latents.factor))
    }
    guard let mask, let clean, !(seesMask && system.followsDiffusers) else { return }
    inpainting = Inpainting(
      clean: clean, noise: fresh, mask: mask.latents(pass.latents, in: system), system: system)
  }
}

extension Pass {
  /// Whether nothing of the picture that it starts from is in its first latents: so diffusers draws masked parts, and
  /// what networks are told of otherwise, at strength 1.
  func beginsWithNoise(in system: NameSystem) -> Bool {
    guard case .picture(let start) = start, strength == 1 else { return false }
    if model.traits.pictureNoise != nil { return true }
    guard system.followsDiffusers else { return false }
    return start.mask != nil || model.traits.pictureConditioning != nil
  }

  /// Whether it needs latents of the picture that it starts from.
  private func needsStart(in system: NameSystem) -> Bool {
    guard case .picture(let start) = start else { return false }
    guard beginsWithNoise(in: system) else { return true }
    switch model.traits.pictureConditioning {
    case .inpainting, .upscaling: return false
    case .editing, nil: return start.mask != nil
    }
  }

  /// Whether it begins with pictures that are encoded.
  func encodesPictures(in system: NameSystem) -> Bool {
    model.traits.pictureConditioning?.isEncoded ?? false || needsStart(in: system)
  }

  /// Encodes what it begins with.
  /// - Parameters:
  ///   - exact: stands for the picture that it starts from, in more than 8 bits.
  ///   - encode: `[height, width, 3]` of the pass's size, black at -1 and white at 1.
  package func encodedPictures(
    in system: NameSystem, exact: [Float]? = nil, _ encode: (_ values: [Float]) throws -> Posterior
  ) throws -> EncodedPictures {
    var picture: StartingPicture?
    if case .picture(let start) = start { picture = start }
    let values = exact ?? picture?.filled.encodable
    let beside: [Float]? =
      switch model.traits.pictureConditioning {
      case .upscaling, nil: nil
      case .editing: values
      // Without a mask everything is drawn anew.
      case .inpainting:
        values.flatMap { picture?.mask?.hiding($0) } ?? [Float](repeating: 0, count: 3 * width * height)
      }
    return EncodedPictures(
      start: needsStart(in: system) ? try values.map(encode) : nil, beside: try beside.map(encode))
  }
}

extension Posterior {
  /// diffusers draws a sample. A1111's sample is not the seed's, and ComfyUI takes the mode.
  fileprivate func latents(batch: Int, _ noise: inout any NoiseSource, in system: NameSystem) -> Latents {
    system.followsDiffusers ? sample(batch: batch, &noise) : mode(batch: batch)
  }
}

extension Latents {
  /// The colours of a picture, black at -1 and white at 1.
  fileprivate init(picture: Picture, batch: Int) {
    let values = picture.encodable
    let channels = (0..<3).flatMap { channel in
      stride(from: channel, to: values.count, by: 3).map { Double(values[$0]) }
    }
    self.init(
      batch: batch, channels: 3, height: picture.height, width: picture.width,
      values: (0..<batch).flatMap { _ in channels })
  }

  /// These clean latents with as much noise as the first of some steps begins with.
  fileprivate func noised(_ noise: Latents, from list: StepList) -> Latents {
    guard let first = list.steps.first else { return self }
    var latents = self
    latents.addNoise(noise, at: first.from)
    return latents
  }
}
