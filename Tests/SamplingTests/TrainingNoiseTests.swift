import Testing

@testable import Sampling

@Suite struct TrainingNoiseTests {
  /// The ends are those of the reference's own tables (schedules.json).
  @Test func programsKeepTheirDigits() throws {
    let training = try TrainingNoise(ScheduleSettings())
    let single = training.kept(by: .a1111)
    #expect(single.sigmas[999] == 14.614642143249512)
    #expect(training.kept(by: .comfyui).sigmas[999] == 14.614641189575195)
    #expect(training.kept(by: .comfyui).sigmas[0] == 0.029167158529162407)
    #expect(training.kept(by: .stability).sigmas == training.sigmas)
    for entry in [0, 1, 500, 998, 999] {
      #expect(single.nearestTimestep(ofSigma: single.sigmas[entry]) == Double(entry))
    }
  }

  @Test func distilledTables() throws {
    let single = try TrainingNoise(ScheduleSettings()).kept(by: .a1111)
    let taught = try single.taught(50)
    #expect(taught.sigmas.count == 50 && taught.sigmas[49] == single.sigmas[999])
    #expect(taught.nearestTimestep(ofSigma: taught.sigmas[0]) == 19)
    #expect(throws: SamplingError.self) { _ = try single.taught(1001) }
  }

  @Test func pureNoiseOfOtherPrograms() throws {
    var settings = ScheduleSettings()
    settings.rescaleZeroSNR = true
    let pureNoise = try TrainingNoise(settings)
    #expect(abs(pureNoise.kept(by: .a1111).sigmas[999] - 4518.8) < 0.1)
    #expect(abs(pureNoise.kept(by: .comfyui).sigmas[999] - 4518.8) < 0.1)
  }
}
