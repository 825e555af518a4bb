import FoundationEssentials
import SystemFiles
import Weights

/// What a user has written down for all commands, in `darkroom/config.json` of `XDG_CONFIG_HOME`, else of `~/.config`:
///
///     {"models": ["/data/ComfyUI"], "model": "dream", "device": "cpu", "defaults": {"steps": 30}}
package struct UserConfiguration: Sendable, Equatable {
  /// Folders with models, as `ModelFolders` reads them.
  package var modelFolders: [String] = []
  /// The model of commands that name none.
  package var model: String?
  package var device: DeviceChoice?
  /// A request with what holds for fields that nobody gives.
  package var defaults = GenerationRequest(prompt: "")

  private static let keys = ["models", "model", "device", "defaults"]

  package init() {}

  /// Where the file is, whether or not it exists; nil where the environment names no home.
  package static func path(_ environment: [String: String]) -> String? {
    func absolute(_ variable: String) -> String? {
      environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    let folder = absolute("XDG_CONFIG_HOME") ?? absolute("HOME").map { "\($0)/.config" }
    return folder.map { "\($0)/darkroom/config.json" }
  }

  /// Nothing where there is no file.
  /// - Throws: `DarkroomError` of kind `request` that names the file, the key, and what was expected.
  package init(_ environment: [String: String]) throws {
    guard let path = Self.path(environment), FileManager.default.fileExists(atPath: path) else {
      self.init()
      return
    }
    let bytes: [UInt8]
    do {
      bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw DarkroomError(.request, field: path, "cannot be read")
    }
    do {
      try self.init(bytes, home: environment["HOME"])
    } catch let error as DarkroomError {
      throw error.at(path)
    }
  }

  init(_ json: [UInt8], home: String?) throws {
    do {
      _ = try JSONValue(json)
    } catch {
      throw DarkroomError(.request, "cannot be read as JSON: \(error)")
    }
    guard let fields = try? JSONDecoder().decode([String: FieldValue].self, from: Data(json)) else {
      throw DarkroomError(.request, "is not a JSON object")
    }
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) where value != .null {
      func refusal(_ expected: String) -> DarkroomError {
        DarkroomError(.request, field: key, found: value.plain, expected: expected)
      }
      switch key {
      case "models":
        guard let folders = Self.folders(value, home: home) else {
          throw refusal("a folder or a list of folders, each beginning with / or ~/")
        }
        modelFolders = folders
      case "model":
        guard case .text(let name) = value, !name.isEmpty else {
          throw refusal("the name or path of a model")
        }
        model = Paths.expanded(name, home: home)
      case "device":
        guard case .text(let name) = value, let choice = DeviceChoice(name) else {
          throw refusal(DeviceChoice.expected)
        }
        device = choice
      case "defaults":
        guard case .object(let values) = value else { throw refusal("an object of a request's fields") }
        defaults = try Self.defaults(values)
      default:
        throw DarkroomError(
          .request, field: key, expected: "one of \(Self.keys.joined(separator: ", "))",
          help: NearNames.question(key, among: Self.keys), "no key is called so")
      }
    }
  }

  private static func folders(_ value: FieldValue, home: String?) -> [String]? {
    let list = if case .list(let list) = value { list } else { [value] }
    let folders = list.compactMap { item -> String? in
      guard case .text(let text) = item else { return nil }
      let path = Paths.expanded(text, home: home)
      return path.hasPrefix("/") ? path : nil
    }
    return folders.count == list.count ? folders : nil
  }

  private static func defaults(_ values: [String: FieldValue]) throws -> GenerationRequest {
    var request = GenerationRequest(prompt: "")
    for (key, value) in values.sorted(by: { $0.key < $1.key }) where value != .null {
      guard let field = RequestField.named(key), field.key != FieldKey.prompt.stringValue else {
        let names = RequestField.all.map(\.key).filter { $0 != FieldKey.prompt.stringValue }
        throw DarkroomError(
          .request, field: "defaults.\(key)", expected: "one of \(names.joined(separator: ", "))",
          help: NearNames.question(key, among: names), "no field of a request with a default is called so")
      }
      guard field.set(value, in: &request) else { throw field.refusal(value).at("defaults") }
    }
    return request
  }
}
