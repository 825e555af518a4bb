import Darkroom
import SamplerComparison

/// One word after `darkroom`. A new one is a file in `Commands` and a word in `all`.
package struct Command: Sendable {
  package let name: String
  let summary: String
  /// Names of the arguments that are no flags, all needed unless in brackets; the last may end in `...`, for one or more.
  var arguments: [String] = []
  package var options: [Option] = []
  /// Paragraphs of help beyond the table of flags.
  var details: [String] = []
  package let examples: [String]
  /// Variables that it reads, with their meanings.
  var environment: [(name: String, meaning: String)] = []
  /// Returns the exit code.
  let run: @Sendable (Invocation) async throws -> Int32

  package static let all: [Command] = [
    .generate, .compare, .redo, .upscale, .serve, .inspect, .pull, .models, .remove, .samplers, .devices,
    .bench,
    .completions,
    .man,
    .help,
  ]

  /// - Throws: `DarkroomError` of kind `request` with near names.
  static func named(_ name: String) throws -> Command {
    if let command = all.first(where: { $0.name == name }) { return command }
    if name.contains(where: \.isWhitespace) {
      throw DarkroomError(
        .request, "\(quoted(name)) is no command; expected darkroom generate \(quoted(name))")
    }
    let hint = NearNames.hint(name, among: all.map(\.name))
    throw DarkroomError(.request, "unknown command \(quoted(name))\(hint); darkroom --help lists them")
  }
}

/// Everything that flags can say.
package struct Settings: Sendable {
  package var request = GenerationRequest(prompt: "")
  /// The keys of the request's fields that flags have given.
  package var fields: Set<String> = []
  package var comparison = ComparisonRequest(prompts: [], samplers: [], steps: [])
  package var model: String?
  package var configuration: String?
  package var vae: String?
  package var output: String?
  package var from: String?
  package var preview: String?
  package var wildcards: String?
  package var previewTerminal = false
  package var show = false
  /// Of a picture that goes to the output.
  package var format: PictureFormat?
  /// A file of a repository.
  package var file: String?
  package var safetyChecker = false
  /// Nil for the user's own, else the best.
  package var device: DeviceChoice?
  package var threads: Int?
  /// In bytes.
  package var memoryLimit: Int?
  /// Whether packed weights are kept on the disk.
  package var packCache = true
  /// Of an enlarged picture.
  package var scale: Double?
  package var method = UpscaleRequest.Method.fast
  package var pixelLimit: Int?
  package var creativity: Double?
  package var drawingModel: String?
  package var ops = false
  package var pipelines = false
  package var retest = false
  package var json = false
  package var quiet = false
  package var dryRun = false
  package var rounds = 3
  package var wait = false
  package var fingerprint = false
  package var serve = ServeSettings()
  /// Names of the flags that were given.
  package var given: Set<String> = []

  package init() {}
}
