import Darkroom
import FoundationEssentials
import Server

extension Command {
  static let serve = Command(
    name: "serve", summary: "answer clients of hosted picture APIs on this machine",
    options: ServeOption.all,
    details: [
      """
      One port speaks all: Stability's REST API (/v1, /v2beta), gRPC and gRPC-web. Clients change their host or
      base URL and nothing else, for instance to http://localhost:7860. /openapi.json describes everything.
      """,
      """
      Names of hosted models stand for the first --model, which x-darkroom-engine in an answer names; --alias
      changes one. Other machines reach the server only with --host and --api-key-file.
      """,
      """
      An identical request with a seed is answered with the picture that was made before: from memory for an hour,
      or from the folder of --cache. Cache-Control: no-store draws anew. The first SIGTERM or SIGINT lets jobs at
      work end, the second ends at once.
      """,
      """
      --config: a JSON object with flags' names, such as {"port": 8000, "model": ["built-in", "dream"]};
      flags stand above it. Requests are logged on the error stream, without prompts.
      """,
    ],
    examples: [
      "darkroom serve",
      "darkroom serve --model dream --api-key-file keys.txt --host 0.0.0.0",
    ]
  ) { invocation in
    let settings = try invocation.serverSettings()
    let console = invocation.console
    let server = try await DarkroomServer(settings) { console.log($0) }
    let names = server.models.models.map(\.name).joined(separator: ", ")
    console.notice("serving \(names) on \(server.addresses.joined(separator: " and "))")
    console.notice("names of hosted models stand for \(server.models.first.name)")
    await server.run()
    return ExitCode.done
  }
}

extension Invocation {
  /// - Throws: `DarkroomError` of kind `request`.
  fileprivate func serverSettings() throws -> ServerSettings {
    var settings = settings
    if let file = settings.serve.configuration { settings = try settings.filled(from: file) }
    var server = settings.serve.server
    let named = environment["DARKROOM_MODEL"].flatMap { $0.isEmpty ? nil : [$0] } ?? []
    let names = settings.serve.models.isEmpty ? named : settings.serve.models
    server.models =
      names.isEmpty ? [.builtIn] : try names.map { try store.source(named: $0, configuration: nil) }
    for alias in settings.serve.aliases {
      let parts = alias.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw DarkroomError(.request, field: "--alias", found: alias, expected: "ID=MODEL")
      }
      server.aliases[parts[0]] = parts[1]
    }
    server.upscalers = try settings.serve.upscalers.map { try store.upscaler(named: $0) }
    server.devices = settings.serve.devices.isEmpty ? [user.device ?? .auto] : settings.serve.devices
    (server.threads, server.memoryLimit) = (settings.threads, settings.memoryLimit)
    server.packCache = settings.packCache
    server.wildcards = settings.wildcards
    return server
  }
}

extension Settings {
  /// These settings over those of a file.
  /// - Throws: `DarkroomError` of kind `request` that names the file and the key.
  fileprivate func filled(from file: String) throws -> Settings {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw DarkroomError(.request, field: "--config: \(file)", "cannot be read")
    }
    guard let fields = try? JSONDecoder().decode([String: FieldValue].self, from: data) else {
      throw DarkroomError(.request, field: "--config: \(file)", expected: "a JSON object", "is none")
    }
    var settings = self
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
      guard let option = ServeOption.all.first(where: { $0.name == key }), key != "config" else {
        let names = ServeOption.all.map(\.name)
        throw DarkroomError(
          .request, field: "--config: \(file): \(key)", expected: "one of \(names.joined(separator: ", "))",
          help: NearNames.question(key, among: names), "no flag is called so")
      }
      guard !given.contains(option.name) else { continue }
      let texts = if case .list(let list) = value { list.map(\.plain) } else { [value.plain] }
      for text in option.placeholder == nil ? (value == .flag(true) ? [""] : []) : texts {
        guard option.set(&settings, text) else {
          throw DarkroomError(
            .request, field: "--config: \(file): \(key)", found: text, expected: option.expected ?? "")
        }
      }
    }
    return settings
  }
}
