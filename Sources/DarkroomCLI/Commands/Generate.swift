import Darkroom

extension Command {
  package static let generate = Command(
    name: "generate", summary: "make pictures of a prompt, or of a file of prompts",
    arguments: ["[PROMPT]"],
    options: requestOptions + [
      .path("from", "FILE", "a file of requests instead of a prompt: .csv or .jsonl") { $0.from = $1 },
      .output("a file, or a folder in which names are made of seed and prompt", initial: "this folder"),
      .preview, .previewTerminal, .model, .configuration, .device, .threads, .memoryLimit, .json, .quiet,
      .dryRun,
    ],
    details: [
      """
      The ending of --output chooses the format: .png, .jpg, .jpeg or .webp. Several pictures for FILE.png are
      called FILE-1.png, FILE-2.png …; names made in a folder never replace a file. A folder that does not
      exist yet is written with a / at its end.
      """,
      """
      Each picture's path is a line of the output; with --json an object with path, seed, width, height,
      seconds and request. "darkroom redo" makes a picture again from its file.
      """,
      previewDetails,
      """
      Models repeat their subject in pictures well above their own size. Such pictures are drawn near that size,
      enlarged, and refined with the last steps of the schedule; --second-pass never draws them at once.
      """,
      """
      --guidance-start, --guidance-end: step i of N, counted from 0, is guided if int(START N) <= i < int(END N), as
      in diffusers; the steps of a second pass are counted by themselves. The others take the prompt's prediction
      alone, without the negative prompt, in half the time.
      """,
      """
      --from: each row or object is a request with the fields
      \(wrapped(fieldNames.joined(separator: ", ")));
      flags stand for what a row lacks. The field output names the row's picture within the folder of --output.
      A run that was stopped goes on where it was when the same command is given again; rows that have changed
      since are made again. What is done stands in .darkroom-FILE.json in that folder.
      """,
    ],
    examples: [
      "darkroom generate 'a lighthouse at dusk' --model sd15/ --steps 20 --seed 7 --output dusk.png",
      "darkroom generate --from prompts.csv --model sd15.safetensors --output pictures/",
    ]
  ) { invocation in
    let settings = invocation.settings
    guard let from = settings.from else {
      guard let prompt = invocation.words.first else {
        throw DarkroomError(.request, "no PROMPT; expected darkroom generate PROMPT, or --from FILE")
      }
      var request = settings.request
      guard RequestField.of(.prompt).set(&request, prompt) else {
        throw DarkroomError(.request, "PROMPT: is too long; expected \(RequestField.of(.prompt).expected)")
      }
      return try await invocation.make(request, to: OutputPlace(settings.output))
    }
    guard invocation.words.isEmpty else {
      throw DarkroomError(.request, "--from: stands instead of PROMPT; expected one of the two")
    }
    return try await invocation.makeRows(of: from)
  }

  private static let fieldNames = GenerationRequest.CodingKeys.allCases.map(\.rawValue).sorted()

  static let requestOptions: [Option] = {
    let initial = GenerationRequest(prompt: "")
    return [
      .field(.negativePrompt, "negative", "TEXT", "what to keep away from", initial: "nothing"),
      .field(.sampler, "sampler", "NAME", "how to go from noise to a picture", initial: initial.sampler),
      .field(.schedule, "schedule", "NAME", "how the noise levels are spaced", initial: "the model's own"),
      .field(.steps, "steps", "N", "sampling steps", initial: "\(initial.steps)"),
      .field(
        .guidanceScale, "cfg-scale", "X", "how closely to follow the prompt",
        initial: fixed(initial.guidanceScale, places: 0)),
      .field(
        .guidanceRescale, "guidance-rescale", "X", "how much excess contrast to take back",
        initial: fixed(initial.guidanceRescale, places: 0)),
      .field(
        .guidanceStart, "guidance-start", "X", "share of the steps before guidance begins",
        initial: fixed(initial.guidanceStart, places: 0)),
      .field(
        .guidanceEnd, "guidance-end", "X", "share of the steps after which guidance ends",
        initial: fixed(initial.guidanceEnd, places: 0)),
      .size,
      .field(
        .secondPass, "second-pass", "NAME", "whether large pictures are drawn small, enlarged and refined",
        initial: initial.secondPass.rawValue),
      .field(
        .seed, "seed", "N", "seed of the first picture; the next has one more", initial: "random, reported"),
      .field(.count, "count", "N", "pictures", initial: "\(initial.count)"),
      .field(
        .clipSkip, "clip-skip", "N", "layers to leave out at the text encoder's end (A1111 counts one more)",
        initial: "\(initial.clipSkip)"),
      .field(
        .eta, "eta", "X", "share of new noise in each step, for samplers that know it",
        initial: "the sampler's own"),
      .field(
        .noise, "noise", "NAME", "whose random numbers a seed stands for", initial: initial.noise.rawValue),
      .field(
        .batchNoise, "batch-noise", "NAME", "how several pictures share random numbers",
        initial: initial.batchNoise.rawValue),
      .field(
        .stepNoise, "step-noise", "NAME", "what the noise on the way is", initial: "the sampler's own"),
      .field(
        .system, "system", "NAME", "whose names and rules of sampling hold", initial: initial.system.rawValue),
      .field(
        .promptSyntax, "prompt-syntax", "NAME", "what in a prompt is special",
        initial: initial.promptSyntax.rawValue),
      .field(
        .promptMode, "prompt-mode", "NAME", "what happens to a prompt of more than 75 tokens",
        initial: initial.promptMode.rawValue),
      .precision,
    ]
  }()
}
