import Darkroom

/// The hosted APIs' style presets. What theirs add to a prompt is not published; these texts are ours.
package enum Styles {
  package struct Style: Sendable {
    package let name: String
    /// Follows the prompt.
    package let prompt: String
    /// Follows the negative prompt.
    package let negativePrompt: String
  }

  package static let all: [Style] = [
    Style(
      name: "3d-model", prompt: "3D model, physically based materials, studio render",
      negativePrompt: "flat drawing, sketch, photograph"),
    Style(
      name: "analog-film", prompt: "analogue film photograph, faded colours, visible grain",
      negativePrompt: "painting, drawing, digital render"),
    Style(
      name: "anime", prompt: "anime artwork, clean line art, cel shading, bright colours",
      negativePrompt: "photograph, 3D render, realistic"),
    Style(
      name: "cinematic", prompt: "film still, dramatic light, shallow depth of field, colour grading",
      negativePrompt: "drawing, cartoon, flat light"),
    Style(
      name: "comic-book", prompt: "comic book panel, inked outlines, halftone shading",
      negativePrompt: "photograph, 3D render"),
    Style(
      name: "digital-art", prompt: "digital painting, concept art, detailed, smooth shading",
      negativePrompt: "photograph, low detail"),
    Style(
      name: "enhance", prompt: "high detail, sharp focus, balanced light",
      negativePrompt: "blurry, noisy, low quality"),
    Style(
      name: "fantasy-art", prompt: "fantasy illustration, magical, ornate, epic",
      negativePrompt: "photograph, modern, plain"),
    Style(
      name: "isometric", prompt: "isometric view, clean edges, small scale model",
      negativePrompt: "perspective, photograph"),
    Style(
      name: "line-art", prompt: "line drawing, black lines on white, minimal",
      negativePrompt: "colour, shading, photograph"),
    Style(
      name: "low-poly", prompt: "low-poly model, flat triangles, simple shapes",
      negativePrompt: "photograph, fine texture"),
    Style(
      name: "modeling-compound", prompt: "modelling clay figure, handmade, soft light",
      negativePrompt: "photograph of a person, drawing"),
    Style(
      name: "neon-punk", prompt: "neon lights, cyberpunk, glowing, high contrast",
      negativePrompt: "daylight, muted colours"),
    Style(
      name: "origami", prompt: "origami, folded paper, crisp creases",
      negativePrompt: "fabric, metal, drawing"),
    Style(
      name: "photographic", prompt: "photograph, natural light, realistic, sharp",
      negativePrompt: "drawing, painting, render"),
    Style(
      name: "pixel-art", prompt: "pixel art, low resolution, limited palette",
      negativePrompt: "photograph, smooth gradients"),
    Style(
      name: "tile-texture", prompt: "seamless texture, even light, repeating pattern",
      negativePrompt: "single object, perspective"),
  ]

  package static var names: [String] { all.map(\.name) }

  /// - Throws: `Refusal` for another name.
  static func apply(_ name: String?, to request: inout GenerationRequest) throws {
    guard let name else { return }
    guard let style = all.first(where: { $0.name == name }) else {
      throw Refusal(.request, field: "style_preset", "must be one of \(names.joined(separator: ", "))")
    }
    func joined(_ text: String, _ addition: String) -> String {
      text.isEmpty ? addition : "\(text), \(addition)"
    }
    request.prompt = joined(request.prompt, style.prompt)
    request.negativePrompt = joined(request.negativePrompt ?? "", style.negativePrompt)
  }
}
