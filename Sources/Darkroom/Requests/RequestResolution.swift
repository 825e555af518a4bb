import Families
import Graph
import Sampling

extension ResolvedRequest {
  /// Fills in what a request leaves out, by the model and the device.
  /// - Parameters:
  ///   - precisions: what the device can do, the fastest first.
  /// - Throws: `DarkroomError` of kind `request` that names the field and what was expected.
  public init(
    _ sparse: GenerationRequest, for model: ModelDescription, precisions: [GenerationRequest.Precision],
    limits: RequestLimits = .standard
  ) throws {
    try sparse.validate(limits)
    var request = model.defaults(for: sparse.system ?? .diffusers).filling(sparse)
    request.count = sparse.count ?? sparse.seeds?.count ?? request.count
    try request.completePictures(for: model, limits)
    request.width = request.width ?? model.nativeSide
    request.height = request.height ?? model.nativeSide
    try model.check(request)
    try request.completeTiles(for: model)
    try request.completeSecondPass(for: model.traits)
    try DarkroomError.wrapping { try request.nameSampling(model) }
    request.setSeeds()
    try request.setVariation()
    request.precision = try Self.precision(request.precision, precisions)
    try self.init(
      complete: request,
      model: ModelReference(name: model.name, fingerprint: model.fingerprint, vae: model.vae),
      weights: request.precision.flatMap { WeightFormat(rawValue: $0.rawValue) })
  }

  private static func precision(
    _ wanted: GenerationRequest.Precision?, _ possible: [GenerationRequest.Precision]
  ) throws -> GenerationRequest.Precision? {
    guard let wanted, wanted != .auto else { return possible.first }
    guard possible.contains(wanted) else {
      let names = GenerationRequest.Precision.allCases.filter { $0 == .auto || possible.contains($0) }
      throw DarkroomError(
        .request, field: "precision", found: wanted.rawValue,
        expected: names.map(\.rawValue).joined(separator: " or "),
        "\(wanted.rawValue) is not possible on this device")
    }
    return wanted
  }
}

extension ModelDescription {
  /// The model's own sampler is one by diffusers' rules; in other systems the usual one is the default.
  fileprivate func defaults(for system: NameSystem) -> RequestDefaults {
    var defaults = defaults
    if system != .diffusers { defaults.sampler = nil }
    return defaults
  }

  /// Checks what depends on the model.
  fileprivate func check(_ request: GenerationRequest) throws {
    if let skip = request.clipSkip, skip >= textLayers {
      throw DarkroomError(.request, field: "clip_skip", found: "\(skip)", expected: "0 to \(textLayers - 1)")
    }
    if let wanted = request.prediction, wanted != traits.prediction, !traits.noise.allows(wanted) {
      throw DarkroomError(
        .request, field: "prediction", found: wanted.rawValue,
        expected: GenerationRequest.Prediction.allCases.filter(traits.noise.allows).map(\.rawValue)
          .joined(separator: " or ") + " for this model")
    }
    let sides = [("width", request.width), ("height", request.height), ("tile_size", request.tileSize)]
    for (field, side) in sides {
      guard let side, side % sideMultiple != 0 else { continue }
      throw DarkroomError(
        .request, field: field, found: "\(side)", expected: "a multiple of \(sideMultiple) for this model",
        help: RequestLimits.standard.nearestSides(to: side, multiple: sideMultiple))
    }
  }
}

extension GenerationRequest {
  /// Names of sampler and schedule as their system writes them, and eta where the sampler knows it.
  fileprivate mutating func nameSampling(_ model: ModelDescription) throws {
    let system = system ?? .diffusers
    let named = try system.sampler(sampler ?? "")
    let schedule = try model.schedule(self, for: named, in: system)
    (self.sampler, self.schedule) = (named.sampler.name(in: system), schedule.name(in: system))
    eta = named.sampler.defaultEta(in: system).map { eta ?? $0 }
  }

  /// Draws a seed if there is none. A list of seeds is given for all pictures, or not at all if it counts up.
  fileprivate mutating func setSeeds() {
    seed = seeds?.first ?? seed ?? UInt64(UInt32.random(in: 0...UInt32.max))
    guard var all = seeds, let first = all.first else { return }
    while all.count < pictureCount { all.append(all[all.count - 1] &+ 1) }
    let countsUp = all.indices.allSatisfy { all[$0] == first &+ UInt64($0) }
    seeds = countsUp && subseedStrength ?? 0 == 0 ? nil : all
  }
}

extension GenerationRequest {
  /// Draws a seed for variations if there is none, and clears what changes nothing.
  fileprivate mutating func setVariation() throws {
    let isVaried = subseedStrength ?? 0 > 0
    (subseed, subseedStrength) =
      isVaried ? (subseed ?? UInt64(UInt32.random(in: 0...UInt32.max)), subseedStrength) : (nil, nil)
    if let seedWidth { seedHeight = seedHeight ?? seedWidth }
    if let seedHeight { seedWidth = seedWidth ?? seedHeight }
    if (seedWidth, seedHeight) == (width, height) { (seedWidth, seedHeight) = (nil, nil) }
    guard isVaried || seedWidth != nil, let batchNoise, batchNoise != .perPicture else { return }
    throw DarkroomError(
      .request, field: isVaried ? "subseed_strength" : "seed_width", expected: "batch_noise per-picture",
      "belongs to pictures with a generator each")
  }
}

extension GenerationRequest {
  /// Clears tiles that are no smaller than the picture.
  fileprivate mutating func completeTiles(for model: ModelDescription) throws {
    guard let tile = tileSize, let width, let height, tile < max(width, height) else {
      tileSize = nil
      return
    }
    guard model.traits.pictureConditioning == nil else {
      throw DarkroomError(
        .request, field: "tile_size", found: "\(tile)", expected: "none",
        "\(model.name) sees a picture beside the latents, which is not cut into tiles")
    }
  }
}

extension ModelDescription {
  /// The schedule that a request asks for, else the sampler's name, else the model.
  fileprivate func schedule(
    _ request: GenerationRequest, for named: NamedSampler, in system: NameSystem
  ) throws -> Schedule {
    if let name = request.schedule, !system.isAutomatic(name) { return try system.schedule(name) }
    return named.schedule ?? traits.noise.ownSchedule(for: named.sampler, in: system)
  }
}
