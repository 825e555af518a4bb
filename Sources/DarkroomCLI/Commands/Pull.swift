import Darkroom

extension Command {
  static let pull = Command(
    name: "pull", summary: "fetch a model from the Hugging Face Hub",
    arguments: ["REPO"],
    options: [
      .path("file", "NAME", "one .safetensors file of the repository instead of the whole model", .model) {
        $0.file = $1
      },
      .switch(
        "safety-checker",
        "also the network that Stable Diffusion 1 models carry to judge finished pictures, 0.6 GB in half precision",
        .model
      ) { $0.safetyChecker = true },
      .json, .quiet,
    ],
    details: [
      """
      REPO is OWNER/NAME, OWNER/NAME@REVISION with a branch, tag or commit (main if none is named), or the address of
      the model's page or of one of its files, as a browser shows it. Of a
      repository in diffusers' layout the parts that make pictures are fetched, in half precision where it is
      offered; else its only .safetensors file. Then --model OWNER/NAME uses it.
      """,
      """
      A stopped download goes on where it was when the command is given again. Sizes and hashes are checked. The
      cache is the one of the Hub's own programs: what they have fetched is used, and they use what is fetched
      here. The path to load goes to the output; with --json an object with repository, revision, commit, path
      and files.
      """,
    ],
    examples: [
      "darkroom pull stable-diffusion-v1-5/stable-diffusion-v1-5",
      "darkroom pull https://huggingface.co/OWNER/NAME",
      "darkroom pull OWNER/NAME@v2 --file model.safetensors",
    ],
    environment: [
      (
        "HF_TOKEN",
        "access token for private and gated models; else the file that HF_TOKEN_PATH names, or the token file in HF_HOME; sent to the Hub alone"
      ),
      ("HF_HUB_CACHE", "the cache [HF_HOME/hub]"),
      ("HF_HOME", "[XDG_CACHE_HOME/huggingface, or ~/.cache/huggingface]"),
      ("HF_ENDPOINT", "another Hub [https://huggingface.co]"),
      ("HF_HUB_OFFLINE", "1: fetch nothing, and fail if a file is missing"),
      ("SSL_CERT_FILE", "certificates to trust instead of the system's; https_proxy names a proxy"),
    ]
  ) { invocation in
    let (console, settings) = (invocation.console, invocation.settings)
    let rate = TransferRate()
    let model = try await invocation.store.pull(
      invocation.words[0], file: settings.file, safetyChecker: settings.safetyChecker,
      progress: { progress in
        let speed = rate.add(progress.received, at: console.now)
        console.status(
          DownloadText.line(progress, bytesPerSecond: speed),
          short: DownloadText.short(progress, bytesPerSecond: speed), isNew: progress.fileBytes == 0)
      },
      notice: { console.notice($0) })
    console.notice(DownloadText.summary(model))
    if settings.json {
      try console.result(json: model)
    } else {
      try console.result(singleLine(model.path))
    }
    return ExitCode.done
  }
}
