/// What a user should know of a combination that runs, but seldom to their liking.
extension Sampler {
  /// - Parameters:
  ///   - schedule: by name, as it stands in the request.
  ///   - guidanceScale: 1 or less for none.
  package func cautions(steps: Int, schedule: Schedule, guidanceScale: Double) -> [String] {
    var cautions: [String] = []
    if let fewest = fewestSteps(schedule), steps < fewest {
      cautions.append(
        "\(name) is unstable with fewer than \(fewest) steps (\(steps)); use more, or \(advice)")
    }
    if case .distilled = levels {
      if guidanceScale > 2 {
        cautions.append(
          "\(name) is for distilled models, which take a cfg_scale of 1 to 2; \(guidanceScale) burns the picture"
        )
      }
      if steps > 8 { cautions.append("\(name) gains nothing from more than 8 steps (\(steps))") }
    }
    if self.name == Sampler.restart.name, steps < 20 {
      cautions.append("restart needs 20 steps to go back once; with \(steps) it is heun")
    }
    if isAdaptive {
      cautions.append("\(name) chooses its steps itself; \(steps) says nothing")
    }
    if chooses, schedule.name != Schedule.leading.name {
      cautions.append(
        "\(name) goes from the first noise level of the schedule to the model's last in its own way")
    }
    return cautions
  }

  private var chooses: Bool { isAdaptive || name == Sampler.dpmFast.name }
  private var advice: String { "dpmpp_2m or unipc" }

  /// Multistep methods extrapolate over steps of very different width when there are few: A1111's issue 10223, and
  /// ConvergenceTests' errors of LMS on Karras' levels.
  private func fewestSteps(_ schedule: Schedule) -> Int? {
    switch name {
    case Sampler.lms.name: 10
    case Sampler.pndm.name: 4
    case Sampler.dpmpp3MSDE.name: 10
    case Sampler.dpmFast.name: 4
    default: nil
    }
  }
}
