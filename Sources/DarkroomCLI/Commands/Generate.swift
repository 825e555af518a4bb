import Darkroom

extension Command {
  package static let generate = Command(
    name: "generate", summary: "make pictures of a prompt, or of a file of prompts",
    arguments: ["[PROMPT]"],
    options: Option.fields + [
      .path(
        "from", "FILE",
        "a file of requests instead of a prompt: .csv, .jsonl, or .txt with a prompt a line; - for the standard input",
        .prompt
      ) { $0.from = $1 },
      .output("a file, or a folder in which names are made of seed and prompt", initial: "this folder"),
      .wildcards, .format, .show, .preview, .previewTerminal, .model, .configuration, .vae, .device, .threads,
      .memoryLimit, .noPackCache, .json, .quiet,
      .dryRun,
    ],
    details: [
      """
      The ending of --output chooses the format: .png, .jpg, .jpeg or .webp. Several pictures for FILE.png are
      called FILE-1.png, FILE-2.png …; names made in a folder never replace a file. A folder that does not
      exist yet is written with a / at its end. - is the standard output, for one picture in --format.
      """,
      """
      PROMPT may be -: the standard input is the prompt.
      """,
      """
      Each picture's path is a line of the output (on a terminal with seed, size and time); with --json an object with path, seed, width, height,
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
      The seed makes the choices in a prompt: {a|b} is a or b, {3::a|b} mostly
      a, {2$$a|b|c} two of them, and __NAME__ a line of NAME.txt in the folder
      of --wildcards. Every picture makes them anew, and its file says which. A
      backslash makes \\{ \\} \\| \\__ literal, --prompt-syntax plain everything.
      """,
      """
      --from: a .txt file has a prompt a line; empty lines and those that begin with # are left out. The standard input
      is read so too, or as .jsonl if it begins with {". Each row of .csv, or object of .jsonl, is a request with the
      fields
      \(fieldNames.joined(separator: ", "));
      flags stand for what a row lacks. The field output names the row's picture within the folder of --output.
      A run that was stopped goes on where it was when the same command is given again; rows that have changed
      since are made again. What is done stands in .darkroom-FILE.json in that folder.
      """,
    ],
    examples: [
      "darkroom generate 'a lighthouse at dusk' --model sd15/ --steps 20 --seed 7 --output dusk.png",
      "darkroom generate --from prompts.csv --model sd15.safetensors --output pictures/",
      "darkroom generate 'a red heart' --output - --format webp",
    ]
  ) { invocation in
    let settings = invocation.settings
    guard let from = settings.from else {
      var request = invocation.request
      request.prompt = try invocation.prompt()
      try request.validate()
      return try await invocation.make(
        request, with: invocation.model(), to: OutputPlace(settings.output))
    }
    guard invocation.words.isEmpty, !settings.fields.contains("prompt") else {
      throw DarkroomError(.request, "--from: stands instead of PROMPT; expected one of the two")
    }
    return try await invocation.makeRows(of: from)
  }

  private static let fieldNames = RequestField.all.map(\.key).sorted()
}

extension Invocation {
  /// The prompt, as an argument or a flag.
  /// - Throws: `DarkroomError` of kind `request` if there is none, or both.
  fileprivate func prompt() throws -> String {
    let isFlag = settings.fields.contains("prompt")
    guard let prompt = words.first else {
      if isFlag { return settings.request.prompt }
      throw DarkroomError(.request, "no PROMPT; expected darkroom generate PROMPT, or --from FILE")
    }
    guard !isFlag else {
      throw DarkroomError(.request, "--prompt: stands instead of PROMPT; expected one of the two")
    }
    guard prompt == "-" else { return prompt }
    let text = try RowFile.text(prompt, flag: "PROMPT")
    guard let start = text.firstIndex(where: { !$0.isWhitespace }) else {
      throw DarkroomError(.request, "PROMPT: the standard input is empty; expected a prompt")
    }
    let end = text.lastIndex { !$0.isWhitespace } ?? start
    return String(text[start...end])
  }
}
