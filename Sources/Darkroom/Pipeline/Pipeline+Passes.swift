import Families
import Graph
import Pictures
import Sampling

extension Pipeline {
  /// What the network is told of a job's prompts.
  package func encode(
    _ job: Job, _ reservation: Reservation, _ tracker: ProgressTracker
  ) throws -> Conditioning {
    tracker.enter(.loading)
    let first = job.passes[0]
    let next =
      denoisers(first, job, batch: reservation.batch).prefix(1) + [first.model.decoder(first.latents)]
    for module in next { residents.readAhead(module, reservation) }
    return try job.conditioner.encode { module, inputs, outputs in
      let text = KeptEncodings.Key(module: module, format: reservation.format, inputs: inputs)
      if let kept = model.encodings[text] { return kept }
      let program = try residents.program(module, reservation)
      if tracker.stage != .encoding { tracker.enter(.encoding) }
      for (name, values) in inputs { values.withUnsafeBufferPointer { program.write($0, to: name) } }
      try program.run(.picture) { try Task.checkCancellation() }
      var made: NamedInputs = [:]
      for (name, shape) in outputs {
        var values = [Float](repeating: 0, count: shape.reduce(1, *))
        values.withUnsafeMutableBufferPointer { program.read(name, into: $0) }
        if let position = values.firstIndex(where: { !$0.isFinite }) {
          let token = position / (shape.last ?? 1)
          throw DarkroomError(
            .nonFinite, "text encoder: token \(token) of the prompt has values that are not finite")
        }
        made[name] = values
      }
      model.encodings[text] = made
      return made
    }
  }

  /// Takes some pictures through a pass, from where it starts to clean latents.
  ///
  /// Each picture's noise is that of its own seed, drawn anew in every pass: a picture does not depend on the others of
  /// its batch.
  /// - Parameters:
  ///   - previous: the latents of the pass before; those of another size are decoded, enlarged and encoded.
  ///   - encoded: what the pass begins with.
  ///   - afterStep: runs after each step, with its index in the pass.
  /// - Returns: also how often the network was asked.
  package func run(
    _ pass: Pass, of job: Job, _ conditioning: Conditioning, pictures: Range<Int>,
    from previous: Latents? = nil, _ encoded: EncodedPictures, _ reservation: Reservation,
    _ tracker: ProgressTracker,
    afterStep: (_ index: Int) throws -> Void = { _ in }
  ) throws -> (latents: Latents, calls: Int) {
    tracker.start(pass, batch: pictures.count, finished: pictures.lowerBound)
    let previous = try previous.map {
      try enlarged($0, to: pass, by: job.enlargement, reservation, tracker)
    }
    var noise = job.noise(of: pictures, in: pass)
    var beginning = Beginning(
      pass, batch: pictures.count, previous: previous, encoded, &noise, job.request)
    guard !pass.steps.steps.isEmpty else { return (beginning.latents, 0) }
    let calls = try denoise(
      &beginning, pass, job, conditioning, &noise, reservation, tracker, afterStep: afterStep)
    return (beginning.latents, calls)
  }

  /// Clean latents of another size.
  private func enlarged(
    _ latents: Latents, to pass: Pass, by enlargement: Enlargement, _ reservation: Reservation,
    _ tracker: ProgressTracker
  ) throws -> Latents {
    guard latents.height != pass.latents.height || latents.width != pass.latents.width else { return latents }
    tracker.enter(.enlarging)
    if case .latents(let filter) = enlargement {
      return latents.resized(height: pass.latents.height, width: pass.latents.width, by: filter)
    }
    let picture = try decode(latents, by: pass.model, reservation)
    let large: Picture
    if case .network(let source) = enlargement {
      large = try upscalers.upscaler(source).enlarged(
        picture, width: pass.width, height: pass.height, on: residents)
    } else {
      large = picture.resized(width: pass.width, height: pass.height)
    }
    return try encode(large, by: pass.model, reservation).mode()
  }

  /// Takes noisy latents through the steps of a pass, in place.
  /// - Returns: how often the network was asked.
  private func denoise(
    _ beginning: inout Beginning, _ pass: Pass, _ job: Job, _ conditioning: Conditioning,
    _ noise: inout any NoiseSource, _ reservation: Reservation, _ tracker: ProgressTracker,
    afterStep: (_ index: Int) throws -> Void
  ) throws -> Int {
    let (batch, inpainting, beside) = (beginning.latents.batch, beginning.inpainting, beginning.beside)
    let structure = beginning.structure
    let denoiser = try Denoiser(
      like: Latents(
        batch: batch, channels: beginning.latents.channels, height: pass.denoised.height,
        width: pass.denoised.width), pass.model, job.prediction, guidance: job.guidance,
      predictions: conditioning.predictions.count,
      steps: pass.count
    ) { [residents] predictions in
      let module = pass.model.denoiser(
        pass.denoised, rows: predictions * batch, conditioning: conditioning.shapes)
      let program = try residents.program(module, reservation)
      for name in conditioning.shapes.keys {
        conditioning.batched(name, batch, predictions: predictions)
          .withUnsafeBufferPointer { program.write($0, to: name) }
      }
      for (name, values) in beside?.inputs(predictions: predictions) ?? [:] {
        values.withUnsafeBufferPointer { program.write($0, to: name) }
      }
      try program.run(.picture) { try Task.checkCancellation() }
      return program
    }
    let tiled = pass.tile.map { TiledDenoiser(denoiser, like: beginning.latents, $0) }
    tracker.enter(.sampling)
    return try job.sampler.sample(
      &beginning.latents, steps: pass.steps, noise: &noise, options: job.samplerOptions,
      denoise: {
        let seen = inpainting?.input($0, at: $1) ?? $0
        if let tiled { try tiled(seen, $1, &$2) } else { try denoiser(seen, $1, &$2) }
        structure?.correct(&$2)
        inpainting?.correct(&$2)
        tracker.preview?.take($2)
      },
      afterStep: { latents, level, step in
        inpainting?.finish(&latents, at: level, isLast: step == pass.count - 1)
        try Pipeline.requireFinite(latents, after: step, of: pass)
        tracker.finishedStep(step)
        // A sampler that chooses its steps repeats the last number, whose guidance holds to the end.
        denoiser.step = min(step + 1, pass.count - 1)
        try afterStep(step)
        try Task.checkCancellation()
      })
  }

  private static func requireFinite(_ latents: Latents, after step: Int, of pass: Pass) throws {
    let statistics = latents.statistics
    guard statistics.nonFinite > 0 else { return }
    throw DarkroomError(
      .nonFinite,
      "\(pass.index == 0 ? "sampling" : "second pass"): latents are not finite after step \(step + 1) of \(pass.count): \(statistics)"
    )
  }
}
