import Glibc

/// Schedules that choose timesteps as k-diffusion, A1111 and ComfyUI do: over the whole table, with ln sigma
/// interpolated between its entries.
extension Schedule {
  /// Evenly spaced timesteps from the noisiest to the first: k-diffusion's `get_sigmas`.
  package static let normal = Schedule(
    name: "normal", names: [.a1111: ["Normal", "Uniform"], .comfyui: ["normal"]],
    rule: .list { count, training in
      training.precision.spaced(from: Double(training.sigmas.count - 1), to: 0, count)
        .map(training.interpolatedSigma(at:))
    },
    flowRule: { count, noise in noise.evenSigmas(count) })

  /// The same of one step more, without the first timestep: as Stability's generative-models.
  package static let sgmUniform = Schedule(
    name: "sgm_uniform", names: [.a1111: ["SGM Uniform", "SGMUniform"], .comfyui: ["sgm_uniform"]],
    rule: .list { count, training in
      training.precision.spaced(from: Double(training.sigmas.count - 1), to: 0, count + 1).dropLast()
        .map(training.interpolatedSigma(at:))
    },
    flowRule: { count, noise in Array(noise.evenSigmas(count + 1).dropLast()) })

  /// Every T/N-th entry of the table, counted from the noisiest.
  package static let simple = Schedule(
    name: "simple", names: [.a1111: ["Simple"], .comfyui: ["simple"]],
    rule: .list { count, training in
      let sigmas = training.sigmas
      let stride = Double(sigmas.count) / Double(count)
      return (0..<count).map { sigmas[sigmas.count - 1 - Int(Double($0) * stride)] }
    },
    flowRule: { count, noise in
      let stride = Double(FlowNoise.timesteps) / Double(count)
      return (0..<count).map {
        noise.sigma(at: Double(FlowNoise.timesteps - Int(Double($0) * stride)) / Double(FlowNoise.timesteps))
      }
    })

  /// Every (T div N)-th entry of the table, counted from the second: may have more levels than steps were asked for.
  package static let ddimUniform = Schedule(
    name: "ddim_uniform", names: [.a1111: ["DDIM"], .comfyui: ["ddim_uniform"]],
    rule: .list { count, training in
      let sigmas = training.sigmas
      return stride(from: 1, to: sigmas.count, by: max(sigmas.count / count, 1)).map { sigmas[$0] }.reversed()
    })

  /// ComfyUI's `linear_quadratic`, after Genmo's Mochi: half of the steps go down by 0.025 of the largest sigma in
  /// all, the others ever faster to 0. Made for flow models.
  package static let linearQuadratic = Schedule(
    name: "linear_quadratic", names: [.comfyui: ["linear_quadratic"]],
    rule: .list { count, training in
      linearThenQuadratic(count).map { training.largest * training.precision($0) }
    },
    flowRule: { count, _ in linearThenQuadratic(count) })

  /// From 1 down.
  private static func linearThenQuadratic(_ count: Int) -> [Double] {
    guard count > 1 else { return [1] }
    let threshold = 0.025
    let (linear, quadratic) = (Double(count / 2), Double(count - count / 2))
    let rest = linear - threshold * Double(count)
    let curve = rest / (linear * quadratic * quadratic)
    let slope = threshold / linear - 2 * rest / (quadratic * quadratic)
    return (0..<count).map { index in
      let place = Double(index)
      let done =
        place < linear
        ? place * threshold / linear : curve * place * place + slope * place + curve * linear * linear
      return 1 - done
    }
  }

  /// Sabour, Fidler and Kreis, "Align Your Steps" (2024): the published sigmas of ten steps with Stable Diffusion 1.5,
  /// for other numbers of steps interpolated in ln sigma as the authors say; the last is replaced by 0. A1111 makes
  /// the list one shorter and adds the 0.
  package static let alignYourSteps = Schedule(
    name: "ays", names: [.a1111: ["Align Your Steps"]],
    rule: .list { count, _ in Array(interpolated(optimalForSD1, count + 1).dropLast()) },
    webUIRule: .list { count, _ in interpolated(optimalForSD1, count) })

  /// The same for SDXL.
  package static let alignYourStepsSDXL = Schedule(
    name: "ays_sdxl", names: [:],
    rule: .list { count, _ in Array(interpolated(optimalForSDXL, count + 1).dropLast()) },
    webUIRule: .list { count, _ in interpolated(optimalForSDXL, count) })

  private static let optimalForSD1 = [
    14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029,
  ]
  private static let optimalForSDXL = [
    14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029,
  ]

  private static func interpolated(_ sigmas: [Double], _ count: Int) -> [Double] {
    (0..<count).map { index in
      // A single level is the cleanest, as numpy interpolates.
      let place = count > 1 ? Double(index) / Double(count - 1) * Double(sigmas.count - 1) : 10
      let low = min(Int(place), sigmas.count - 2)
      let part = place - Double(low)
      return exp((1 - part) * log(sigmas[low]) + part * log(sigmas[low + 1]))
    }
  }
}

extension TrainingNoise {
  /// Sigma at a possibly fractional place in the table, linear in ln sigma as in k-diffusion.
  fileprivate func interpolatedSigma(at place: Double) -> Double {
    let low = min(Int(place), sigmas.count - 2)
    let part = precision(place - Double(low))
    let (start, end) = (precision(precision(1 - part) * logSigmas[low]), precision(part * logSigmas[low + 1]))
    return precision(exp(precision(start + end)))
  }
}
