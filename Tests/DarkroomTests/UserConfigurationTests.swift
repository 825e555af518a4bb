import Darkroom
import Foundation
import Testing

/// What users write down for all commands.
@Suite final class UserConfigurationTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "user-\(UUID().uuidString)")

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func read(_ text: String?) throws -> UserConfiguration {
    let place = folder.appendingPathComponent("darkroom")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let file = place.appendingPathComponent("config.json")
    if let text { try Data(text.utf8).write(to: file) }
    return try UserConfiguration(["XDG_CONFIG_HOME": folder.path, "HOME": "/u/me"])
  }

  @Test func placesOfTheFile() {
    #expect(UserConfiguration.path(["HOME": "/h"]) == "/h/.config/darkroom/config.json")
    #expect(UserConfiguration.path(["HOME": "/h", "XDG_CONFIG_HOME": "/c"]) == "/c/darkroom/config.json")
    #expect(
      UserConfiguration.path(["HOME": "/h", "XDG_CONFIG_HOME": "c"]) == "/h/.config/darkroom/config.json")
    #expect(UserConfiguration.path([:]) == nil)
  }

  @Test func readsEveryKey() throws {
    #expect(try read(nil) == UserConfiguration())
    let user = try read(
      """
      {"models": ["~/ComfyUI", "/data"], "model": "~/a.safetensors", "device": "cpu",
       "defaults": {"steps": 30, "negative_prompt": "fog", "guidance_scale": 5, "precision": "fp32"}}
      """)
    #expect(user.modelFolders == ["/u/me/ComfyUI", "/data"] && user.model == "/u/me/a.safetensors")
    #expect(user.device == .cpu && user.defaults.steps == 30 && user.defaults.negativePrompt == "fog")
    #expect(user.defaults.guidanceScale == 5 && user.defaults.precision == .float32)
    #expect(try read(#"{"models": "/one"}"#).modelFolders == ["/one"])
  }

  @Test(arguments: [
    (#"{"model": "a" "#, "cannot be read as JSON: "), ("[]", "is not a JSON object"),
    (
      #"{"modles": []}"#,
      "modles: no key is called so; expected one of models, model, device, defaults; did you mean "
    ),
    (#"{"models": ["a"]}"#, #"models: ["a"] is not possible; expected a folder or a list of folders, each "#),
    (#"{"models": 3}"#, "models: 3 is not possible; "),
    (#"{"device": "gpu"}"#, "device: gpu is not possible; expected auto, cpu, vulkan, "),
    (#"{"defaults": 3}"#, "defaults: 3 is not possible; expected an object of a request's fields"),
    (#"{"defaults": {"steps": 0}}"#, "defaults: steps: 0 is not possible; expected 1 to 150"),
    (#"{"defaults": {"stepz": 3}}"#, "defaults.stepz: no field of a request with a default is called so; "),
    (#"{"defaults": {"prompt": "x"}}"#, "defaults.prompt: "),
  ])
  func errorsNameTheKey(text: String, message: String) throws {
    let path = folder.appendingPathComponent("darkroom/config.json").path
    let error = #expect(throws: DarkroomError.self) { try read(text) }
    #expect(error?.kind == .request)
    #expect(error?.description.hasPrefix("\(path): \(message)") == true, "\(error?.description ?? "")")
  }
}
