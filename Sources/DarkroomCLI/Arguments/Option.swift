import Darkroom

/// A flag: the parser and the help both read this table.
package struct Option: Sendable {
  /// Without the dashes.
  package let name: String
  /// Other names that mean the same, without the dashes.
  package var aliases: [String] = []
  /// The short form, behind a single dash.
  package var letter: Character?
  package var group = RequestField.Group.output
  /// What stands for the value in help; nil for a switch.
  package let placeholder: String?
  package fileprivate(set) var meaning: String
  /// What holds without the flag, for help.
  package var initial: String?
  /// What values are possible, for errors and help.
  package var expected: String?
  /// Names to guess from when a value is wrong, and to complete from.
  package var choices: [String] = []
  /// Possible values near a wrong one, as a sentence's end; nil for near names of `choices`.
  var advice: (@Sendable (String) -> String?)?
  /// The part of a wrong value that is to blame, for errors: nil for all of it.
  var blamed: (@Sendable (String) -> String?)?
  /// Whether it may be given several times.
  var mayRepeat = false
  /// The flags that say the same in other words.
  var covers: [String] = []
  /// Takes the value; false if it is not a possible one. A switch gets an empty value.
  let set: @Sendable (inout Settings, String) -> Bool

  static func `switch`(
    _ name: String, letter: Character? = nil, _ meaning: String, _ group: RequestField.Group = .output,
    _ set: @escaping @Sendable (inout Settings) -> Void
  ) -> Option {
    Option(name: name, letter: letter, group: group, placeholder: nil, meaning: meaning) { settings, _ in
      set(&settings)
      return true
    }
  }

  /// Every way to write it, with the dashes.
  package var names: [String] { ([name] + aliases).map { "--\($0)" } + (letter.map { ["-\($0)"] } ?? []) }

  /// Whether a word is its name; `_` stands for `-`, as in names of fields.
  func isCalled(_ flag: String) -> Bool {
    names.contains(flag) || flag.hasPrefix("--") && names.contains(flag.replacing("_", with: "-"))
  }

  /// A flag whose value is a path.
  static func path(
    _ name: String, _ placeholder: String, letter: Character? = nil, _ meaning: String,
    initial: String? = nil, _ group: RequestField.Group = .output,
    _ set: @escaping @Sendable (inout Settings, String) -> Void
  ) -> Option {
    Option(
      name: name, letter: letter, group: group, placeholder: placeholder, meaning: meaning, initial: initial,
      expected: "a path"
    ) { settings, text in
      guard !text.isEmpty else { return false }
      set(&settings, text)
      return true
    }
  }
}

/// Flags of the request's fields.
extension Option {
  /// The flag of a field of the request.
  init(_ field: RequestField) {
    let flag = field.flag
    self.init(
      name: flag.names[0], aliases: Array(flag.names.dropFirst()), letter: flag.letter, group: field.group,
      placeholder: flag.placeholder, meaning: field.help, initial: field.usual,
      expected: field.expected(), choices: field.choices,
      advice: { field.advice(field.value(ofText: $0)) }
    ) { settings, text in
      settings.fields.insert(field.key)
      return field.set(field.value(ofText: text), in: &settings.request)
    }
  }

  /// The flags of all fields of the request, in the order of their rows, and `size` before the width.
  static let fields: [Option] = RequestField.all.flatMap { field in
    (field.key == "width" ? [size] : []) + [Option(field)]
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
      "model", "M", letter: "m",
      "diffusers folder, .safetensors file, the name of one in a model folder, OWNER/NAME[@REVISION] of a model that was pulled, or built-in",
      initial: initial, .model
    ) { $0.model = $1 }
  }
  static let configuration = path(
    "config", "DIR", "folder with the config.json files that a single file lacks", .model
  ) { $0.configuration = $1 }
  static let vae = path(
    "vae", "FILE|DIR",
    "a VAE instead of the model's own: .safetensors file, diffusers folder, or a name as for --model",
    .model
  ) { $0.vae = $1 }
  static func output(_ meaning: String, initial: String) -> Option {
    path("output", "FILE|DIR", letter: "o", meaning, initial: initial) { $0.output = $1 }
  }
  static let wildcards = path(
    "wildcards", "DIR", "folder of the .txt files whose lines __NAME__ in a prompt draws",
    initial: "~/.config/darkroom/wildcards", .prompt
  ) { $0.wildcards = $1 }
  static let format = Option(
    name: "format", placeholder: "NAME", meaning: "format of a picture for --output -", initial: "png",
    expected: "png, jpeg or webp", choices: PictureFormat.allCases.map(\.rawValue)
  ) { settings, text in
    guard let format = PictureFormat(rawValue: text == "jpg" ? "jpeg" : text) else { return false }
    settings.format = format
    return true
  }
  static let device = Option(
    name: "device", group: .speed, placeholder: "D", meaning: "what computes", initial: "auto",
    expected: DeviceChoice.expected
  ) { settings, text in
    guard let device = DeviceChoice(text) else { return false }
    settings.device = device
    return true
  }
  static let threads = Option(
    name: "threads", letter: "t", group: .speed, placeholder: "N", meaning: "threads that compute",
    initial: "all cores",
    expected: "1 to 1024"
  ) { settings, text in
    guard let count = Int(text), (1...1024).contains(count) else { return false }
    settings.threads = count
    return true
  }
  static let memoryLimit = Option(
    name: "memory-limit", group: .speed, placeholder: "SIZE",
    meaning: "memory for weights, values and working memory together, of the device that computes",
    initial: "what is free", expected: "a size such as 2GiB or 1500MiB"
  ) { settings, text in
    guard let bytes = bytes(text) else { return false }
    settings.memoryLimit = bytes
    return true
  }
  static let noPackCache = `switch`(
    "no-pack-cache", "pack weights anew, and keep none packed on the disk for the next start", .speed
  ) { $0.packCache = false }
  static let size = Option(
    name: "size", group: .size, placeholder: "WxH",
    meaning: "width and height in pixels, or one number for both", initial: "the model's own",
    expected: "one or both \(RequestField.named("width")?.expected() ?? "") such as 512x768",
    advice: { text in sides(text).lazy.compactMap { $0.field.advice(.number($0.text)) }.first },
    covers: ["width", "height"]
  ) { settings, text in
    let sides = sides(text)
    settings.fields.formUnion(sides.map(\.field.key))
    return !sides.isEmpty && sides.allSatisfy { $0.field.set(.number($0.text), in: &settings.request) }
  }

  /// The fields and texts of `WxH`, or of one number for both; empty for other numbers of sides.
  private static func sides(_ text: String) -> [(field: RequestField, text: String)] {
    let fields = ["width", "height"].compactMap { RequestField.named($0) }
    let parts = text.split(omittingEmptySubsequences: false) { "xX×*".contains($0) }.map(String.init)
    switch parts.count {
    case 1: return fields.map { ($0, parts[0]) }
    case fields.count: return Array(zip(fields, parts))
    default: return []
    }
  }

  static let json = `switch`("json", "results as JSON, one object a line") { $0.json = true }
  static let quiet = `switch`("quiet", letter: "q", "nothing but errors on the error stream") {
    $0.quiet = true
  }
  static let dryRun = `switch`("dry-run", "say what memory it would take, and make nothing", .speed) {
    $0.dryRun = true
  }
}
