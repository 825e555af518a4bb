import Darkroom

/// A flag: the parser and the help both read this table.
package struct Option: Sendable {
  /// Without the dashes.
  package let name: String
  /// What stands for the value in help; nil for a switch.
  package let placeholder: String?
  package fileprivate(set) var meaning: String
  /// What holds without the flag, for help.
  package var initial: String?
  /// What values are possible, for errors and help.
  package var expected: String?
  /// Names to guess from when a value is wrong.
  var choices: [String] = []
  /// The part of a wrong value that is to blame, for errors: nil for all of it.
  var blamed: (@Sendable (String) -> String?)?
  /// Whether it may be given several times.
  var mayRepeat = false
  /// Takes the value; false if it is not a possible one. A switch gets an empty value.
  let set: @Sendable (inout Settings, String) -> Bool

  static func `switch`(
    _ name: String, _ meaning: String, _ set: @escaping @Sendable (inout Settings) -> Void
  ) -> Option {
    Option(name: name, placeholder: nil, meaning: meaning) { settings, _ in
      set(&settings)
      return true
    }
  }

  /// A flag whose value is a path.
  static func path(
    _ name: String, _ placeholder: String, _ meaning: String, initial: String? = nil,
    _ set: @escaping @Sendable (inout Settings, String) -> Void
  ) -> Option {
    Option(
      name: name, placeholder: placeholder, meaning: meaning, initial: initial, expected: "a path"
    ) { settings, text in
      guard !text.isEmpty else { return false }
      set(&settings, text)
      return true
    }
  }
}

/// Flags of the request's fields.
extension Option {
  /// The flag of a field of the request; nil if it has none.
  init?(_ field: RequestField) {
    guard let flag = field.flag else { return nil }
    self.init(
      name: flag.name, placeholder: flag.placeholder, meaning: field.help, initial: field.usual,
      expected: field.expected(), choices: field.choices
    ) { settings, text in field.set(field.value(ofText: text), in: &settings.request) }
  }

  /// The flags of all fields of the request, in the order of their rows.
  static let fields: [Option] = RequestField.all.flatMap { field in
    field.key == "height" ? [size] : Option(field).map { [$0] } ?? []
  }

  /// The flag of one field.
  static func field(_ name: String, _ meaning: String? = nil) -> [Option] {
    fields.filter { $0.name == name }.map { option in
      var option = option
      option.meaning = meaning ?? option.meaning
      return option
    }
  }
}

/// Flags that several commands have.
extension Option {
  static let model = model("the environment's DARKROOM_MODEL, else built-in")
  static func model(_ initial: String) -> Option {
    path(
      "model", "M",
      "diffusers folder, .safetensors file, OWNER/NAME[@REVISION] of a model that was pulled, or built-in",
      initial: initial
    ) { $0.model = $1 }
  }
  static let configuration = path(
    "config", "DIR", "folder with the config.json files that a single file lacks"
  ) { $0.configuration = $1 }
  static func output(_ meaning: String, initial: String) -> Option {
    path("output", "FILE|DIR", meaning, initial: initial) { $0.output = $1 }
  }
  static let device = Option(
    name: "device", placeholder: "D", meaning: "what computes", initial: "auto",
    expected: DeviceChoice.expected
  ) { settings, text in
    guard let device = DeviceChoice(text) else { return false }
    settings.device = device
    return true
  }
  static let threads = Option(
    name: "threads", placeholder: "N", meaning: "threads that compute", initial: "all cores",
    expected: "1 to 1024"
  ) { settings, text in
    guard let count = Int(text), (1...1024).contains(count) else { return false }
    settings.threads = count
    return true
  }
  static let memoryLimit = Option(
    name: "memory-limit", placeholder: "SIZE",
    meaning: "memory for weights, values and working memory together, of the device that computes",
    initial: "what is free", expected: "a size such as 2GiB or 1500MiB"
  ) { settings, text in
    guard let bytes = bytes(text) else { return false }
    settings.memoryLimit = bytes
    return true
  }
  static let size = Option(
    name: "size", placeholder: "WxH", meaning: "width and height in pixels", initial: "the model's own",
    expected: "both \(RequestField.named("width")?.expected() ?? "")"
  ) { settings, text in
    let sides = text.split(omittingEmptySubsequences: false) { $0 == "x" || $0 == "X" }.map(String.init)
    guard sides.count == 2 else { return false }
    return zip(["width", "height"], sides).allSatisfy { key, side in
      RequestField.named(key)?.set(.number(side), in: &settings.request) == true
    }
  }
  static let json = `switch`("json", "results as JSON, one object a line") { $0.json = true }
  static let quiet = `switch`("quiet", "nothing but errors on the error stream") { $0.quiet = true }
  static let dryRun = `switch`("dry-run", "say what memory it would take, and make nothing") {
    $0.dryRun = true
  }
}
