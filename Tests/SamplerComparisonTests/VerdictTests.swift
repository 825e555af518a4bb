import SamplerComparison
import Testing

@Suite struct VerdictTests {
  private func verdict(_ cells: [CellRecord]) -> Verdict { Verdict(summary(cells)) }

  @Test func theFastestIsNamed() {
    let cells = [
      record("slow", calls: 25, seed: 1, psnr: 30, seconds: [0.61]),
      record("slow", calls: 5, seed: 1, psnr: 12),
      record("good", calls: 8, seed: 1, psnr: 31, seconds: [0.21]),
      record("good", calls: 7, seed: 1, psnr: 29),
      record("fair", calls: 10, seed: 1, psnr: 30, seconds: [0.25]),
      record("fair", calls: 9, seed: 1, psnr: 29),
    ]
    #expect(
      verdict(cells).sentence
        == "Fastest to 30 dB: good with karras, 8 steps, 8 network calls, 0.21 s a picture; "
        + "fair with karras comes next: it needs 10 network calls, 0.25 s; "
        + "slow with karras is slowest: 25 network calls, 0.61 s.")
    #expect(
      verdict(cells).remarks == [
        "Times are of sampling; decoding adds 0.10 s to every picture, whichever sampler made it."
      ])
  }

  /// Repeats of one picture are the same work.
  @Test func aBusyMachineIsTold() {
    func remarks(_ slow: Double) -> [String] {
      verdict(
        (1...4).map { record(calls: 8 * $0, seed: 1, psnr: 31, seconds: [0.2, $0 > 2 ? 0.2 * slow : 0.2]) }
      ).remarks
    }
    #expect(remarks(1.5).contains { $0.contains("took more than 50 % longer") })
    #expect(!remarks(1.1).contains { $0.contains("not quiet") })
    let once = [record(calls: 8, seed: 1, psnr: 31, seconds: [0.2])]
    #expect(!verdict(once).remarks.contains { $0.contains("not quiet") })
  }

  @Test func betweenStepsItIsAboutSoMany() {
    let cells = [(4, 24.0), (16, 36.0)].map {
      record(calls: $0, seed: 1, psnr: $1, seconds: [0.1 * Double($0)])
    }
    #expect(
      verdict(cells).sentence
        == "Fastest to 30 dB: euler with karras, about 8 steps, 8 network calls, 0.80 s a picture.")
  }

  @Test func aTieIsSaidToBeOne() {
    let cells = [
      record("a", calls: 8, seed: 1, psnr: 31, seconds: [0.200]),
      record("b", calls: 8, seed: 1, psnr: 31, seconds: [0.209]),
    ]
    #expect(
      verdict(cells).sentence
        == "Fastest to 30 dB: a with karras, 8 steps (the fewest tried), 8 network calls, 0.20 s a picture; "
        + "b with karras is all but level: it needs 8 network calls, 0.21 s.")
    #expect(
      verdict(cells).remarks.first
        == "All that reach 30 dB do so with the fewest steps tried: fewer would tell them apart.")
  }

  @Test func aLowerDistanceHasToDo() {
    let cells = [
      record("a", calls: 8, seed: 1, psnr: 26, seconds: [0.2]), record("b", calls: 8, seed: 1, psnr: 24),
    ]
    #expect(
      verdict(cells).sentence
        == "None reaches 30 dB in the steps tried; fastest to 25 dB: a with karras, 8 steps (the fewest tried), "
        + "8 network calls, 0.20 s a picture.")
    #expect(
      verdict(cells).remarks.first == "1 of 2 do not reach 25 dB in the steps tried: b with karras.")
  }

  @Test func nothingNearIsSaid() {
    #expect(
      verdict([record("a", calls: 1, seed: 1, psnr: 17.26, seconds: [2])]).sentence
        == "None comes within 20 dB of its converged picture in the steps tried; a with karras, 1 step, is nearest: "
        + "17.3 dB, 2.00 s a picture.")
  }

  @Test func nothingComparableIsSaid() {
    #expect(
      verdict([record("a", calls: 8, seed: 1, kind: .none)]).sentence
        == "Nothing here can be compared: no picture has a reference to be measured against.")
    #expect(verdict([]).sentence == "Nothing was sampled, so there is nothing to compare.")
  }

  @Test func pathsAreASentenceOfTheirOwn() {
    let path = record("sde", calls: 8, seed: 1, psnr: 35, seconds: [0.1], kind: .path)
    let both = verdict([record("a", calls: 8, seed: 1, psnr: 31, seconds: [0.2]), path])
    #expect(both.sentence.hasPrefix("Fastest to 30 dB: a with karras"))
    #expect(both.remarks.contains { $0.contains("Fastest to 30 dB: sde with karras, 8 steps") })
    #expect(verdict([path]).sentence.hasPrefix("Fastest to 30 dB: sde with karras"))
  }

  @Test func aBlurredReferenceIsSaid() {
    let results = Samples.results(uncertainty: 0.1)
    let verdict = Verdict(ComparisonSummary(results))
    #expect(verdict.remarks.contains { $0.hasPrefix("The references are themselves known to 32.0 dB only") })
  }
}
