import Darkroom
import Server

/// The flags of `serve`.
enum ServeOption {
  static let all: [Option] = [
    text("model", "M", "a model as for generate; several with several flags", .model, initial: "built-in") {
      $0.models.append($1)
    },
    text("alias", "ID=MODEL", "a hosted model's name for one of the served", .model) {
      $0.aliases.append($1)
    },
    text("upscaler", "M", "a network that clients may enlarge with", .model, initial: "the built-in one") {
      $0.upscalers.append($1)
    },
    text("config", "FILE", "a JSON file with flags", .output) { $0.configuration = $1 },
    text("host", "NAME", "address to listen on", .output, initial: "localhost, which is 127.0.0.1 and ::1") {
      $0.server.host = $1
    },
    number("port", "port; 0 for a free one", 0...65535, initial: "7860") { $0.server.port = $1 },
    number("grpc-port", "a further port", 0...65535, initial: "none") { $0.server.otherPorts = [$1] },
    text("api-key-file", "FILE", "keys that clients need, one a line", .output, initial: "none is needed") {
      $0.server.keyFile = $1
    },
    text("allow-host", "NAME", "a name by which clients call this machine", .output, initial: "loopback") {
      $0.server.hostNames.append($1)
    },
    text("cors-origin", "URL", "web pages that may ask; * for all", .output, initial: "those of this machine")
    { $0.server.origins.append($1) },
    text("tls-certificate", "FILE", "PEM file; connections may then be encrypted", .output, initial: "none") {
      $0.server.certificate = $1
    },
    text("tls-key", "FILE", "PEM file of the certificate's key", .output, initial: "the certificate's file") {
      $0.server.certificateKey = $1
    },
    number("queue-length", "jobs that may wait", 1...10_000, initial: "64") { $0.server.queue.jobs = $1 },
    number("client-queue-length", "of one client while others wait", 1...10_000, initial: "8") {
      $0.server.queue.jobsOfClient = $1
    },
    number("job-time-limit", "seconds of a job", 1...1_000_000, initial: "4 times the estimate, 600 at least")
    {
      $0.server.jobTime = $1
    },
    number("drain-time", "seconds that jobs at work get when the server ends", 0...86_400, initial: "30") {
      $0.server.drainTime = $1
    },
    number(
      "keep-alive", "seconds after which an idle model's memory is given back", 0...1_000_000,
      initial: "never"
    ) { $0.server.keepAlive = $1 },
    text("cache", "DIR", "folder for results that are kept", .output, initial: "memory") {
      $0.server.cacheFolder = $1
    },
    Option(
      name: "cache-size", placeholder: "SIZE", meaning: "bytes of results that are kept", initial: "256MiB",
      expected: "a size such as 1GiB, or 0"
    ) { settings, text in
      guard let bytes = text == "0" ? 0 : bytes(text) else { return false }
      settings.serve.server.cache.bytes = bytes
      return true
    },
    number("cache-time", "seconds that results are kept", 0...31_536_000, initial: "3600") {
      $0.server.cache.time = .seconds($1)
    },
    .switch("allow-fetch", "pictures at https addresses of public servers are fetched") {
      $0.serve.server.fetches = true
    },
    text("fetch-host", "NAME", "one whose addresses may be private, and http", .output, initial: "none") {
      $0.server.fetchHosts.append($1)
      $0.server.fetches = true
    },
    text("webhook-host", "NAME", "a host that may be told when a job has ended", .output, initial: "none") {
      $0.server.webhookHosts.append($1)
    },
    number(
      "hold-time", "seconds that an answer of ModelsLab's API waits for its pictures", 0...86_400,
      initial: "300"
    ) { $0.server.holdTime = $1 },
    decimal("rate-limit", "requests a second of a client; more get status 429", initial: "any number") {
      $0.server.ratePerSecond = $1
    },
    decimal("credits", "credits to spend; then requests get status 402", initial: "endless") {
      $0.server.credits = $1
    },
    text("word-filter", "FILE", "words that prompts may not have, one a line", .output, initial: "none") {
      $0.server.wordFile = $1
    },
    Option(
      name: "safety", placeholder: "NAME",
      meaning: "what becomes of pictures that the model's safety checker trips on", initial: "off",
      expected: "off, blur or refuse", choices: PictureFilter.Rule.allCases.map(\.rawValue)
    ) { settings, text in
      guard let rule = PictureFilter.Rule(rawValue: text) else { return false }
      settings.serve.server.safety = rule
      return true
    },
    Option(
      name: "log-format", placeholder: "NAME", meaning: "of the log", initial: "text",
      expected: "text or json", choices: AccessLog.Format.allCases.map(\.rawValue)
    ) { settings, text in
      guard let format = AccessLog.Format(rawValue: text) else { return false }
      settings.serve.server.logFormat = format
      return true
    },
    .switch("log-prompts", "what requests say is logged too") { $0.serve.server.logPrompts = true },
    Option(
      name: "device", group: .speed, placeholder: "D", meaning: "what computes; several with several flags",
      initial: "auto", expected: DeviceChoice.expected, mayRepeat: true
    ) { settings, text in
      guard let device = DeviceChoice(text) else { return false }
      settings.serve.devices.append(device)
      return true
    },
    .threads, .memoryLimit, .noPackCache, .wildcards, .quiet,
  ]

  private static func text(
    _ name: String, _ placeholder: String, _ meaning: String, _ group: RequestField.Group,
    initial: String? = nil, _ set: @escaping @Sendable (inout ServeSettings, String) -> Void
  ) -> Option {
    Option(
      name: name, group: group, placeholder: placeholder, meaning: meaning, initial: initial,
      expected: placeholder,
      mayRepeat: ["model", "alias", "allow-host", "cors-origin", "fetch-host", "webhook-host"].contains(name)
    ) { settings, text in
      guard !text.isEmpty else { return false }
      set(&settings.serve, text)
      return true
    }
  }

  private static func number(
    _ name: String, _ meaning: String, _ range: ClosedRange<Int>, initial: String,
    _ set: @escaping @Sendable (inout ServeSettings, Int) -> Void
  ) -> Option {
    Option(
      name: name, placeholder: "N", meaning: meaning, initial: initial,
      expected: "\(range.lowerBound) to \(range.upperBound)"
    ) { settings, text in
      guard let number = Int(text), range.contains(number) else { return false }
      set(&settings.serve, number)
      return true
    }
  }

  private static func decimal(
    _ name: String, _ meaning: String, initial: String,
    _ set: @escaping @Sendable (inout ServeSettings, Double) -> Void
  ) -> Option {
    Option(
      name: name, placeholder: "X", meaning: meaning, initial: initial, expected: "a number, 0 or above"
    ) { settings, text in
      guard let number = Double(text), number >= 0, number.isFinite else { return false }
      set(&settings.serve, number)
      return true
    }
  }
}

/// What the flags of `serve` say.
package struct ServeSettings: Sendable {
  var server = ServerSettings()
  var models: [String] = []
  var aliases: [String] = []
  var upscalers: [String] = []
  var devices: [DeviceChoice] = []
  var configuration: String?
}
