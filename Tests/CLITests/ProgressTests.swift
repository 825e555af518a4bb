import Testing

import Darkroom
import DarkroomCLI

@Suite struct ProgressTests {
  @Test func lines() {
    var progress = GenerationProgress(stage: .loading)
    #expect(ProgressText.line(progress) == "loading")
    progress = GenerationProgress(stage: .sampling)
    (progress.finishedPictures, progress.pictures, progress.step, progress.steps) = (1, 4, 12, 25)
    (progress.secondsPerStep, progress.secondsLeft) = (1.318, 45.2)
    #expect(ProgressText.line(progress) == "sampling, picture 2 of 4, step 12/25, 1.32 s/step, 0:45 left")
    (progress.batch, progress.pictures, progress.secondsPerStep, progress.secondsLeft) = (8, 4, 12.34, 3723)
    #expect(
      ProgressText.line(progress) == "sampling, pictures 2-4 of 4, step 12/25, 12.3 s/step, 1:02:03 left")
    (progress.pictures, progress.secondsPerStep, progress.secondsLeft) = (1, .infinity, .infinity)
    #expect(ProgressText.line(progress) == "sampling, step 12/25, ? left")
    progress.secondsLeft = nil
    #expect(ProgressText.line(progress) == "sampling, step 12/25")
  }

  @Test(arguments: [
    (0, "0:00"), (59.6, "1:00"), (725, "12:05"), (36000, "10:00:00"), (-3, "0:00"), (.nan, "?"),
  ])
  func clocks(seconds: Double, text: String) { #expect(DarkroomCLI.clock(seconds) == text) }

  @Test(arguments: [
    (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB"), (5 << 20, "5.0 MiB"),
  ])
  func bytes(count: Int, text: String) { #expect(readableBytes(count) == text) }

  @Test func plainLinesComeNowAndThen() {
    var line = StatusLine()
    #expect(line.showing("a", isNew: true, at: 0) == "a\n")
    #expect(line.showing("b", isNew: true, at: 1) == nil)
    #expect(line.showing("c", isNew: false, at: 4.9) == nil)
    #expect(line.showing("d\r\u{1B}[K", isNew: false, at: 5) == "d\\r\\u{1B}[K\n")
    #expect(line.clearing() == "")
  }

  @Test func terminalsHaveOneLine() {
    var line = StatusLine(terminalWidth: { 10 })
    #expect(line.clearing() == "")
    #expect(line.showing("a", isNew: false, at: 0) == "\ra\u{1B}[K")
    #expect(line.showing("b", isNew: false, at: 0.05) == nil)
    #expect(line.showing("new", isNew: true, at: 0.05) == "\rnew\u{1B}[K")
    #expect(line.showing("0123456789", isNew: false, at: 1) == "\r012345678\u{1B}[K")
    #expect(line.clearing() == "\r\u{1B}[K")
    #expect(line.clearing() == "")
  }

  /// In 30 columns the step and the time left stay.
  @Test func narrowTerminals() {
    var progress = GenerationProgress(stage: .sampling)
    (progress.finishedPictures, progress.pictures, progress.step, progress.steps) = (1, 4, 12, 25)
    (progress.secondsPerStep, progress.secondsLeft) = (1.318, 45.2)
    let (line, short) = (ProgressText.line(progress), ProgressText.short(progress))
    #expect(short == "step 12/25, 0:45 left")
    for (width, expected) in [
      (30, short), (22, short), (12, "step 12/25,"), (line.count, short), (line.count + 1, line),
    ] {
      var status = StatusLine(terminalWidth: { width })
      #expect(status.showing(line, short: short, isNew: true, at: 0) == "\r\(expected)\u{1B}[K")
    }
    progress.stage = .loading
    progress.secondsLeft = nil
    #expect(ProgressText.short(progress) == "loading")
  }

  @Test func resultsPushTheLineAway() throws {
    let test = TestConsole(terminalWidth: 80)
    let console = test.console
    console.status("working", isNew: true)
    try console.result("a.png")
    console.error("bad\nname")
    #expect(test.error == "\rworking\u{1B}[K\r\u{1B}[Kdarkroom: bad\\nname\n")
    #expect(test.output == "a.png\n")
  }

  @Test func quietMeansOnlyErrors() throws {
    let test = TestConsole(terminalWidth: 80)
    let console = test.console
    console.quiet = true
    console.status("working", isNew: true)
    console.notice("note")
    console.error("wrong")
    try console.result("a.png")
    #expect(test.error == "darkroom: wrong\n" && test.output == "a.png\n")
  }

  @Test func textsStayOnOneLine() {
    #expect(singleLine("a\n\u{202E}b\u{2028}é日") == "a\\n\\u{202E}b\\u{2028}é日")
    #expect(
      wrapped(String(repeating: "word ", count: 40)).split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(table([["a", "b"], ["ccc", ""]], indent: 1) == " a    b\n ccc")
  }

  @Test func timeOfAllRows() throws {
    var clock = WorkClock(start: 100, work: [20, 20])
    var progress = GenerationProgress(stage: .sampling)
    #expect(clock.left(progress, at: 105) == nil)
    progress.fraction = 0.25
    #expect(clock.left(progress, at: 105) == 35)
    #expect(clock.suffix(progress, at: 105) == ", 0:35 left in all")
    clock.finish()
    progress.fraction = 0.5
    #expect(clock.left(progress, at: 130) == 10)
    #expect(clock.suffix(progress, at: 130) == "")
  }
}
