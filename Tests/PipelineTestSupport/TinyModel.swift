import CPUBackend
import Darkroom
import Foundation
import Sampling
import TestSupport

/// The tiny Stable Diffusion of `Tests/Fixtures/sd1_tiny`, what diffusers made of it, and the requests for that.
package struct TinyModel {
  /// A case of `sd1_tiny.io.json`: what differs from the common request.
  package struct Case: Decodable {
    var scheduler: String
    var prompt: String?
    var height: Int?
    var width: Int?
    var seeds: [UInt64]?
    var num_inference_steps: Int?
    var guidance_scale: Double?
    var guidance_rescale: Double?
    var clip_skip: Int?
    var eta: Double?
    var strength: Double?
    var image_guidance_scale: Double?
    var noise_level: Int?
  }

  private struct Description: Decodable {
    let prompt: String
    let negative_prompt: String
    let cases: [String: Case]
  }

  package static let folder = Fixtures.url("sd1_tiny").path
  private let description: Description
  private let goldens: Golden

  /// - Parameter goldens: a file of tensors named as in `sd1_tiny.io.safetensors`.
  package init(goldens: String = Fixtures.url("sd1_tiny.io.safetensors").path) throws {
    try self.init("sd1_tiny", goldens: goldens)
  }

  private init(_ name: String, goldens: String) throws {
    description = try JSONDecoder().decode(Description.self, from: Fixtures.data("\(name).io.json"))
    self.goldens = try Golden(path: goldens)
  }

  /// The same of the tiny x4 upscaler.
  package static func x4() throws -> TinyModel {
    try TinyModel("x4_tiny", goldens: Fixtures.url("x4_tiny.io.safetensors").path)
  }

  /// The same of the tiny SD-Turbo in `Tests/Fixtures/sd2_tiny`.
  package static func sd2() throws -> TinyModel {
    try TinyModel("sd2_tiny", goldens: Fixtures.url("sd2_tiny.io.safetensors").path)
  }

  package func has(_ name: String) -> Bool { goldens.has(name) }

  package func golden(_ name: String) throws -> [Float] { try goldens.tensor(name).0 }

  /// The request of a golden, in this engine's words.
  package func request(_ name: String) throws -> GenerationRequest {
    guard let golden = description.cases[name] else { throw MissingGolden(name: name) }
    var request = GenerationRequest(prompt: golden.prompt ?? description.prompt)
    request.negativePrompt = description.negative_prompt
    request.precision = .float32
    request.promptSyntax = .plain
    request.promptMode = .truncate
    (request.sampler, request.schedule) = Self.names(golden.scheduler)
    request.steps = golden.num_inference_steps ?? 8
    request.guidanceScale = golden.guidance_scale ?? 7.5
    request.guidanceRescale = golden.guidance_rescale ?? 0
    request.height = golden.height ?? 64
    request.width = golden.width ?? 64
    request.seed = golden.seeds?.first ?? 42
    request.count = golden.seeds?.count ?? 1
    request.clipSkip = golden.clip_skip ?? 0
    (request.eta, request.strength) = (golden.eta, golden.strength)
    request.pictureGuidanceScale = golden.image_guidance_scale
    request.noiseLevel = golden.noise_level
    return request
  }

  /// The goldens of text to latents for the samplers that this engine has.
  package static let latentCases: [String] = {
    guard let model = try? TinyModel() else { return [] }
    return model.description.cases.filter { name, golden in
      golden.strength == nil && !name.hasPrefix("edit")
        && (try? NameSystem.diffusers.sampler(names(golden.scheduler).0)) != nil
    }.map(\.key).sorted()
  }()

  /// The engine's sampler and schedule for a golden's scheduler; UniPC's was made with linspace.
  private static func names(_ scheduler: String) -> (String, String?) {
    let words = scheduler.split(separator: "_").map(String.init)
    switch words[0] {
    case "euler" where words.last == "a": return ("euler_a", nil)
    case "dpmpp2m": return ("dpmpp_2m", words.last)
    case "unipc": return ("unipc", "linspace")
    default: return (words[0], words.count == 2 ? words[1] : nil)
    }
  }

  /// The tiny x4 upscaler with the text encoder of the tiny Stable Diffusion.
  /// - Returns: its folder.
  package static func x4(into parent: borrowing TemporaryFolder, files: [String: String] = [:]) throws
    -> String
  {
    let model = try copy(of: Fixtures.url("x4_tiny").path, into: parent, files: files)
    try FileManager.default.createSymbolicLink(
      atPath: "\(model)/text_encoder", withDestinationPath: "\(folder)/text_encoder")
    return model
  }

  /// A model with the fixture's weights and some other JSON files.
  /// - Parameters:
  ///   - scheduler: its class; the fixture's if nil.
  ///   - files: texts by relative path.
  /// - Returns: its folder.
  package static func copy(
    of folder: String = folder, into parent: borrowing TemporaryFolder, scheduler: String? = nil,
    files: [String: String]
  ) throws -> String {
    let copy = "\(parent.path)/model"
    let manager = FileManager.default
    for path in manager.enumerator(atPath: folder)?.compactMap({ $0 as? String }) ?? [] {
      guard path.contains(".") else {
        try manager.createDirectory(atPath: "\(copy)/\(path)", withIntermediateDirectories: true)
        continue
      }
      try manager.createDirectory(atPath: copy, withIntermediateDirectories: true)
      try manager.createSymbolicLink(atPath: "\(copy)/\(path)", withDestinationPath: "\(folder)/\(path)")
    }
    var files = files
    if let scheduler {
      let index = String(decoding: try Fixtures.data("sd1_tiny/model_index.json"), as: UTF8.self)
      files["model_index.json"] = index.replacingOccurrences(of: "PNDMScheduler", with: scheduler)
    }
    for (file, text) in files {
      let place = URL(fileURLWithPath: "\(copy)/\(file)").deletingLastPathComponent()
      try manager.createDirectory(at: place, withIntermediateDirectories: true)
      try? manager.removeItem(atPath: "\(copy)/\(file)")
      try text.write(toFile: "\(copy)/\(file)", atomically: false, encoding: .utf8)
    }
    return copy
  }

  package static func pipeline(_ path: String = folder, threads: Int = 2, configuration: String? = nil) throws
    -> Pipeline
  {
    try Pipeline(ModelSource(path: path, configuration: configuration), CPUBackend(threads: threads))
  }
}
