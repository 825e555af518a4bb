import Families
import Pictures
import Sampling
import Weights

/// One way to clean latents: at what size, over which steps, from what.
package struct Pass {
  package enum Start: Sendable {
    /// The noise of the picture's seed alone.
    case noise
    /// A picture of the pass's size, with as much noise as the first step begins with.
    case picture(StartingPicture)
    /// The picture of the pass before, enlarged, with as much noise as the first step begins with.
    case previous
  }

  /// Its place among the passes of a job.
  package let index: Int
  package let model: any DiffusionModel
  /// Pixels.
  package let width: Int
  package let height: Int
  package let start: Start
  /// The share of a schedule's steps that `steps` are: 1 from pure noise.
  package let strength: Double
  package var steps: StepList
  /// The size of the tiles that the denoiser sees one by one; nil if it sees all latents at once.
  package var tile: LatentSize?

  /// Number of steps.
  package var count: Int { steps.steps.count }

  /// "512x512".
  var size: String { "\(width)x\(height)" }

  package var latents: LatentSize {
    let factor = model.traits.latents.factor
    return LatentSize(height: height / factor, width: width / factor)
  }

  /// What the denoiser sees at once.
  package var denoised: LatentSize { tile ?? latents }

  /// The same in tiles of so many pixels a side, if it is larger.
  private func tiled(_ side: Int?) -> Pass {
    guard let side, side < max(width, height) else { return self }
    var pass = self
    let latent = side / model.traits.latents.factor
    pass.tile = LatentSize(height: min(latent, latents.height), width: min(latent, latents.width))
    return pass
  }

  /// Latents of the pass's size, all 0.
  package func emptyLatents(batch: Int = 1) -> Latents {
    Latents(
      batch: batch, channels: model.traits.latents.channels, height: latents.height, width: latents.width)
  }

  /// The passes of a request: one from the picture that it starts from; else one from noise, and a second one where the
  /// size is too large for the model to be drawn at once.
  /// - Parameter schedule: makes a list of so many steps.
  /// - Throws: `DarkroomError` if pictures must be encoded and the model cannot; what `schedule` throws.
  static func passes(
    _ request: ResolvedRequest, from start: StartingPicture?, _ model: LoadedModel,
    _ enlargement: Enlargement,
    schedule: (Int) throws -> StepList
  ) throws -> [Pass] {
    let (width, height) = (request.width, request.height)
    if let start { return [try first(request, from: start, model, schedule).tiled(request.tileSize)] }
    let (network, traits) = (model.network, model.traits)
    guard traits.hasEncoder || traits.pictureConditioning?.isEncoded != true else {
      throw DarkroomError(
        .model,
        "\(model.checkpoint.name) has no VAE encoder, which a model that sees pictures needs; expected a model with one, or --vae"
      )
    }
    let whole = Pass(
      index: 0, model: network, width: width, height: height, start: .noise, strength: 1,
      steps: try schedule(request.steps))
    guard let small = request.firstPass(traits) else { return [whole.tiled(request.tileSize)] }
    let first = Pass(
      index: 0, model: network, width: small.width, height: small.height, start: .noise, strength: 1,
      steps: whole.steps)
    return [first, try second(request, after: first, model, enlargement, schedule)].map {
      $0.tiled(request.tileSize)
    }
  }

  /// From the picture of the first pass, enlarged.
  private static func second(
    _ request: ResolvedRequest, after first: Pass, _ model: LoadedModel, _ enlargement: Enlargement,
    _ schedule: (Int) throws -> StepList
  ) throws -> Pass {
    let (width, height, traits) = (request.width, request.height, model.traits)
    let isEncoded = enlargement.needsEncoder && (first.width, first.height) != (width, height)
    guard traits.hasEncoder || !isEncoded else {
      let isLarge =
        request.secondPassScale == nil
        ? "\(width)x\(height) is above this model's useful size (\(traits.nativeSide)x\(traits.nativeSide)), and "
        : ""
      throw DarkroomError(
        .request,
        "second_pass: \(isLarge)\(model.checkpoint.name) has no VAE encoder, which a second pass needs; expected a smaller size, never, or upscaler latent"
      )
    }
    let strength =
      request.secondPassStrength
      ?? traits.secondPass.strength(
        enlarging: Double(max(width, height)) / Double(max(first.width, first.height)))
    // Where neither is chosen, as many steps at least as keep one.
    let least = request.secondPassStrength == nil ? Int((1 / strength).rounded(.up)) : 1
    let steps = request.secondPassSteps ?? max(request.steps, least)
    let pass = Pass(
      index: 1, model: model.network, width: width, height: height, start: .previous, strength: strength,
      steps: try kept(strength, of: steps, in: request.system, schedule))
    // Fails here rather than after the first pass.
    if isEncoded { _ = try model.network.encoder(pass.latents) }
    return pass
  }

  /// From a picture to another one of the size that was asked for.
  private static func first(
    _ request: ResolvedRequest, from start: StartingPicture, _ model: LoadedModel,
    _ schedule: (Int) throws -> StepList
  ) throws -> Pass {
    // A picture to enlarge is seen at all steps, from noise alone on.
    let steps = try request.strength.map { try kept($0, of: request.steps, in: request.system, schedule) }
    let pass = Pass(
      index: 0, model: model.network, width: request.width, height: request.height, start: .picture(start),
      strength: request.strength ?? 1, steps: try steps ?? schedule(request.steps))
    guard pass.encodesPictures(in: request.system) else { return pass }
    guard model.traits.hasEncoder else {
      throw DarkroomError(
        .request, field: FieldKey.initPicture.stringValue,
        "\(model.checkpoint.name) has no VAE encoder, which pictures to start from need; expected a model with one, or --vae"
      )
    }
    _ = try model.network.encoder(pass.latents)
    return pass
  }

  /// The steps that a strength leaves of so many, by the rules of a system: ComfyUI runs as many as were asked for, the
  /// last of a longer list.
  private static func kept(
    _ strength: Double, of count: Int, in system: NameSystem, _ schedule: (Int) throws -> StepList
  ) throws -> StepList {
    guard system == .comfyui, strength > 0, strength < 0.9999 else {
      return try schedule(count).kept(strength: strength, in: system)
    }
    return try schedule(Int(min(Double(count) / strength, 1e6))).last(count)
  }
}
