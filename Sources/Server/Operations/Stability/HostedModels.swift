import Darkroom

/// The hosted APIs' names of models. Each stands for a model of this server.
package enum HostedModels {
  package struct Engine: Sendable {
    package let id: String
    package let name: String
  }

  /// Of version 1 and of gRPC.
  package static let engines: [Engine] = [
    Engine(id: "stable-diffusion-v1", name: "Stable Diffusion v1.4"),
    Engine(id: "stable-diffusion-v1-5", name: "Stable Diffusion v1.5"),
    Engine(id: "stable-diffusion-v1-6", name: "Stable Diffusion v1.6"),
    Engine(id: "stable-diffusion-512-v2-0", name: "Stable Diffusion v2.0"),
    Engine(id: "stable-diffusion-512-v2-1", name: "Stable Diffusion v2.1"),
    Engine(id: "stable-diffusion-768-v2-0", name: "Stable Diffusion v2.0-768"),
    Engine(id: "stable-diffusion-768-v2-1", name: "Stable Diffusion v2.1-768"),
    Engine(id: "stable-diffusion-xl-beta-v2-2-2", name: "Stable Diffusion v2.2.2-XL Beta"),
    Engine(id: "stable-diffusion-xl-1024-v0-9", name: "Stable Diffusion XL v0.9"),
    Engine(id: "stable-diffusion-xl-1024-v1-0", name: "Stable Diffusion XL v1.0"),
    Engine(id: "stable-inpainting-v1-0", name: "Stable Inpainting v1.0"),
    Engine(id: "stable-inpainting-512-v2-0", name: "Stable Inpainting v2.0"),
  ]

  /// Names that enlarge pictures, with the method that stands for them.
  package static let upscalers: [Engine] = [
    Engine(id: "esrgan-v1-x2plus", name: "Real-ESRGAN x2"),
    Engine(id: "stable-diffusion-x4-latent-upscaler", name: "Stable Diffusion x4 Latent Upscaler"),
  ]

  /// Of `model` in version 2.
  package static let version2 = [
    "sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash", "sd3-large", "sd3-large-turbo",
    "sd3-medium", "sd3", "sd3-turbo", "core", "ultra",
  ]

  /// Every hosted name with the served model that stands for it: the first, unless the user says another.
  package static func aliases(_ chosen: [String: String], usual: String) -> [String: String] {
    var aliases: [String: String] = [:]
    for id in engines.map(\.id) + upscalers.map(\.id) + version2 + OpenAI.models + ModelsLab.models {
      aliases[id] = usual
    }
    return aliases.merging(chosen) { $1 }
  }
}
