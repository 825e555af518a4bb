import Families
import Sampling

/// A setting that was asked for and changes nothing in its request.
package struct SettingWithoutEffect: Sendable, Equatable {
  /// As in `RequestField`.
  package let field: String
  package let reason: String

  package var notice: Notice { Notice(description: "\(field) has no effect: \(reason)") }
}

extension Job {
  /// Everything that was asked for and changes nothing in these pictures.
  package var withoutEffect: [SettingWithoutEffect] {
    (guidanceWithoutEffect + noiseWithoutEffect + pathWithoutEffect).map(SettingWithoutEffect.init)
  }

  private typealias Finding = (field: String, reason: String)

  private var guidanceWithoutEffect: [Finding] {
    var found: [Finding] = []
    let scale = request.guidanceScale.shortest
    if !guidance.usesUnconditional {
      let rule =
        request.guidanceScale == 1
        ? "cfg_scale 1 is no guidance"
        : "cfg_scale \(scale) is no guidance, as all from 0 to 1 in this system"
      if request.guidanceScale != 1 {
        found.append(
          ("cfg_scale", "\(scale) is as 1, no guidance; system a1111 or comfyui combines both prompts"))
      }
      found += guidedSettings.map { ($0, rule) }
      if request.guidanceStart > 0 { found.append(("guidance_start", rule)) }
      if request.guidanceEnd < 1 { found.append(("guidance_end", rule)) }
    } else if passes.allSatisfy({ guidance.guidedSteps(of: $0.count).isEmpty }) {
      found += (["cfg_scale"] + guidedSettings).map {
        ($0, "guidance_start and guidance_end leave no step that is guided")
      }
    } else {
      let ends: [(String, Double, (Range<Int>, Int) -> Bool)] = [
        ("guidance_start", request.guidanceStart, { guided, _ in guided.lowerBound == 0 }),
        ("guidance_end", 1 - request.guidanceEnd, { guided, count in guided.upperBound == count }),
      ]
      for (field, share, isAll) in ends where share > 0 {
        if passes.allSatisfy({ isAll(guidance.guidedSteps(of: $0.count), $0.count) }) {
          found.append((field, "it is less than one of \(request.steps) steps"))
        }
      }
    }
    return found
  }

  /// What guided steps alone use.
  private var guidedSettings: [String] {
    var fields: [String] = []
    if !request.negativePrompt.isEmpty { fields.append("negative_prompt") }
    if request.prompts?.contains(where: { $0.weight < 0 }) == true {
      fields.append("prompts of negative weight")
    }
    if request.guidanceRescale > 0 { fields.append("guidance_rescale") }
    return fields
  }

  private var noiseWithoutEffect: [Finding] {
    var found: [Finding] = []
    let isStochastic = sampler.isStochastic(eta: request.eta, in: request.system)
    if asked.eta != nil, request.eta == nil { found.append(("eta", "\(sampler.name) has none")) }
    if asked.subseed != nil, request.subseed == nil {
      found.append(("subseed", "subseed_strength is 0"))
    }
    if asked.stepNoise != nil, !isStochastic {
      found.append(("step_noise", "\(sampler.name) adds no noise on the way"))
    }
    if request.count == 1, request.batchPlace == nil, asked.count ?? 1 == 1, drawsAlone(isStochastic) {
      found.append(("batch_noise", "there is one picture"))
    }
    if request.noise == .torchCPU {
      for seed in Set((request.seeds ?? []) + [request.seed]).sorted() where seed > UInt64(UInt32.max) {
        found.append(
          (
            "the upper half of seed \(seed)",
            "torch's generator takes the lower one, so that this is seed \(UInt32(truncatingIfNeeded: seed))"
          ))
      }
    }
    return found
  }

  /// Whether a rule for several pictures that was asked for is, for one, that of a picture by itself.
  private func drawsAlone(_ isStochastic: Bool) -> Bool {
    switch request.batchNoise {
    case .perPicture: false
    case .oneTensor: true
    // It has a generator of its own for the noise on the way.
    case .comfyUI:
      !isStochastic || (request.stepNoise ?? sampler.stepNoise(in: request.system)) == .brownian
    }
  }

  private var pathWithoutEffect: [Finding] {
    var found: [Finding] = []
    let (noise, system) = (model.traits.noise, request.system)
    let own = noise.ownSchedule(for: sampler, in: system)
    if let name = asked.schedule, !system.isAutomatic(name), schedule.name != own.name,
      let usual = try? noise.steps(request.steps, schedule: own, for: sampler, in: system),
      usual.steps == passes[0].steps.steps
    {
      found.append(
        ("schedule", "with \(sampler.name) its levels for \(request.steps) steps are those of \(own.name)"))
    }
    if request.secondPass == .never, request.initPicture == nil,
      model.traits.firstPass(width: request.width, height: request.height) == nil
    {
      found.append(("second_pass", "pictures of \(passes[0].size) are drawn at once"))
    }
    if passes.count == 1 {
      let given = [
        ("second_pass_scale", asked.secondPassScale != nil),
        ("second_pass_steps", asked.secondPassSteps != nil),
        ("second_pass_strength", asked.secondPassStrength != nil), ("upscaler", asked.upscaler != nil),
      ]
      found += given.filter(\.1).map { ($0.0, "there is no second pass") }
    }
    if asked.tileSize != nil, request.tileSize == nil {
      found.append(("tile_size", "the picture is not larger"))
    }
    if asked.seedWidth ?? asked.seedHeight != nil, request.seedWidth == nil {
      found.append(("seed_width", "with seed_height it is the size of the picture"))
    }
    found += pictureWithoutEffect
    let left = request.prompts?.count { $0.weight == 0 } ?? 0
    if left > 0 { found.append(("prompts", "\(left) of weight 0")) }
    return found
  }

  private var pictureWithoutEffect: [Finding] {
    var found: [Finding] = []
    if asked.strength != nil, request.initPicture == nil {
      found.append(("strength", "there is no picture to start from (init)"))
    } else if asked.strength != nil, request.strength == nil {
      found.append(("strength", "\(model.name) enlarges the picture, and begins with noise alone"))
    }
    if asked.noiseLevel != nil, request.noiseLevel == nil {
      found.append(("noise_level", "\(model.name) does not enlarge pictures"))
    }
    if asked.structureSize != nil, request.initPicture == nil {
      found.append(("structure_size", "there is no picture to start from (init)"))
    }
    if request.mask == nil, request.outpaint == nil {
      let given = [
        ("mask_blur", asked.maskBlur != nil), ("grow_mask", asked.growMask != nil),
        ("mask_fill", asked.maskFill != nil),
      ]
      for (field, isGiven) in given where isGiven {
        found.append((field, "there is neither mask nor outpaint"))
      }
    } else if asked.maskFill != nil, passes[0].beginsWithNoise(in: request.system) {
      found.append(("mask_fill", "at strength 1 the masked part begins with noise in this system"))
    }
    if case .picture(let start) = passes[0].start, start.mask?.isBlack == true {
      found.append(("mask", "it is black, so that nothing is drawn anew"))
    }
    if asked.pictureGuidanceScale != nil, !guidance.usesUnconditional || request.pictureGuidanceScale == nil {
      found.append(
        (
          "image_guidance_scale",
          request.pictureGuidanceScale == nil
            ? "\(model.name) does not edit pictures" : "there is no guidance at this cfg_scale"
        ))
    }
    return found
  }
}
