import Sampling
import Testing

@Suite struct CautionTests {
  func cautions(
    _ sampler: Sampler, steps: Int = 20, schedule: Schedule = .karras, guidance: Double = 7,
    sigma: Double = 14.6
  ) -> [String] {
    sampler.cautions(steps: steps, schedule: schedule, guidanceScale: guidance, largestSigma: sigma)
  }

  @Test func usualCombinationsHaveNone() {
    for sampler in [
      Sampler.euler, .eulerAncestral, .dpmpp2M, .dpmpp2MSDE, .unipc, .ddim, .lms, .restart, .heun,
    ] {
      #expect(cautions(sampler).isEmpty, "\(sampler.name)")
    }
    #expect(cautions(.euler, schedule: .alignYourSteps).isEmpty)
    #expect(cautions(.lcm, steps: 4, guidance: 1.5).isEmpty)
  }

  @Test func unstableOnesAreNamed() {
    #expect(
      cautions(.lms, steps: 9) == [
        "lms is unstable with fewer than 10 steps (9); use more, or dpmpp_2m or unipc"
      ])
    #expect(cautions(.lms, steps: 10).isEmpty)
    #expect(cautions(.dpmpp3MSDE, steps: 5).count == 1 && cautions(.pndm, steps: 3).count == 1)
    #expect(cautions(.lcm, steps: 20).count == 2)
    #expect(cautions(.tcd, steps: 4, guidance: 7).first?.contains("7.0 burns") == true)
    #expect(cautions(.restart, steps: 19) == ["restart needs 20 steps to go back once; with 19 it is heun"])
    #expect(cautions(.dpmAdaptive).first?.hasPrefix("dpm_adaptive chooses its steps") == true)
    #expect(
      cautions(.euler, schedule: .alignYourSteps, sigma: 157.44) == [
        "ays begins at sigma 14.6; this model's noise goes to 157.4"
      ])
  }
}
