/// What a user should know of a combination that runs, but seldom to their liking.
extension Sampler {
  /// - Parameters:
  ///   - schedule: by name, as it stands in the request.
  ///   - guidanceScale: 1 or less for none.
  ///   - largestSigma: of the model's training noise.
  package func cautions(
    steps: Int, schedule: Schedule, guidanceScale: Double, largestSigma: Double
  ) -> [String] {
    var cautions: [String] = []
    let published = [Schedule.alignYourSteps.name, Schedule.alignYourStepsSDXL.name]
    if published.contains(schedule.name), abs(largestSigma - 14.6) > 0.5 {
      cautions.append(
        "\(schedule.name) begins at sigma 14.6; this model's noise goes to \((largestSigma * 10).rounded() / 10)"
      )
    }
    if let fewest = fewestSteps, steps < fewest {
      cautions.append(
        "\(name) is unstable with fewer than \(fewest) steps (\(steps)); use more, or dpmpp_2m or unipc")
    }
    if case .distilled = levels {
      if guidanceScale > 2 {
        cautions.append(
          "\(name) is for distilled models, which take a cfg_scale of 1 to 2; \(guidanceScale) burns the picture"
        )
      }
      if steps > 8 { cautions.append("\(name) gains nothing from more than 8 steps (\(steps))") }
    }
    if let own = caution(steps) { cautions.append(own) }
    if isAdaptive { cautions.append("\(name) chooses its steps itself; \(steps) steps mean nothing to it") }
    return cautions
  }
}
