import FoundationEssentials
import Pictures

/// A picture of a program whose requests are not drawn again here: whose it is, and what it plainly tells.
public struct ForeignPicture: Codable, Sendable, Equatable {
  public enum Program: String, Codable, Sendable, CaseIterable {
    case comfyUI = "ComfyUI"
    case invokeAI = "InvokeAI"
    case novelAI = "NovelAI"
    case fooocus = "Fooocus"
  }

  public let program: Program
  /// In the program's own words, by the names of a request's fields, and `model`.
  public let facts: [String: String]

  /// The facts' names in the order in which they are shown.
  package static let order = [
    "prompt", "negative_prompt", "sampler", "schedule", "steps", "cfg_scale", "seed", "width", "height",
    "model",
  ]

  /// Nil if no known program signed the file.
  init?(_ metadata: PictureMetadata) {
    let texts = metadata.others
    if texts["prompt"]?.contains("\"class_type\"") == true || texts["workflow"]?.contains("\"nodes\"") == true
    {
      program = .comfyUI
      facts = ComfyGraph(Self.object(texts["prompt"])).facts
    } else if let told = Self.invokeAI(texts) {
      (program, facts) = (.invokeAI, told)
    } else if texts["Software"] == "NovelAI" {
      program = .novelAI
      facts = Self.novelAI(texts)
    } else if let told = Self.fooocus(metadata) {
      (program, facts) = (.fooocus, told)
    } else {
      return nil
    }
  }

  /// What a JSON object has under other names.
  private static func facts(_ object: [String: FieldValue], _ names: [String: String]) -> [String: String] {
    names.compactMapValues { object[$0].flatMap(plainly) }
  }

  static func plainly(_ value: FieldValue) -> String? {
    switch value {
    case .text(let text) where !text.isEmpty: text
    case .number(let number): number
    default: nil
    }
  }

  /// The fields of a JSON object; none if it is another text, damaged or long.
  private static func object(_ text: String?) -> [String: FieldValue] {
    guard let text, text.utf8.count <= 1 << 20,
      case .object(let fields) = try? JSONDecoder().decode(FieldValue.self, from: Data(text.utf8))
    else { return [:] }
    return fields
  }

  private static func object(_ value: FieldValue?) -> [String: FieldValue] {
    if case .object(let fields) = value { fields } else { [:] }
  }

  // MARK: Programs

  /// Three generations: `invokeai_metadata`, `sd-metadata` and the command line `Dream`.
  private static func invokeAI(_ texts: [String: String]) -> [String: String]? {
    if let text = texts["invokeai_metadata"] {
      let fields = object(text)
      var told = facts(
        fields,
        [
          "prompt": "positive_prompt", "negative_prompt": "negative_prompt", "sampler": "scheduler",
          "steps": "steps", "cfg_scale": "cfg_scale", "seed": "seed", "width": "width", "height": "height",
        ])
      let model = object(fields["model"])
      told["model"] = (model["name"] ?? model["model_name"]).flatMap(plainly)
      return told
    }
    if let text = texts["sd-metadata"] {
      let (fields, image) = (object(text), object(object(text)["image"]))
      var told = facts(
        image,
        [
          "prompt": "prompt", "sampler": "sampler", "steps": "steps", "cfg_scale": "cfg_scale",
          "seed": "seed",
          "width": "width", "height": "height",
        ])
      if case .list(let prompts) = image["prompt"] {
        told["prompt"] = object(prompts.first)["prompt"].flatMap(plainly)
      }
      told["model"] = fields["model_weights"].flatMap(plainly)
      return told
    }
    return texts["Dream"].map(dream)
  }

  /// `"PROMPT" -s STEPS -S SEED -W WIDTH -H HEIGHT -C SCALE -A SAMPLER`
  private static func dream(_ line: String) -> [String: String] {
    guard line.hasPrefix("\""), let end = line.lastIndex(of: "\""), end > line.startIndex else { return [:] }
    let names = ["s": "steps", "S": "seed", "W": "width", "H": "height", "C": "cfg_scale", "A": "sampler"]
    var told = ["prompt": String(line[..<end].dropFirst())]
    let words = line[line.index(after: end)...].split(separator: " ")
    for (flag, value) in zip(words, words.dropFirst()) where flag.hasPrefix("-") {
      if let name = names[String(flag.dropFirst())] { told[name] = String(value) }
    }
    return told
  }

  private static func novelAI(_ texts: [String: String]) -> [String: String] {
    var told = facts(
      object(texts["Comment"]),
      [
        "negative_prompt": "uc", "sampler": "sampler", "steps": "steps", "cfg_scale": "scale", "seed": "seed",
        "width": "width", "height": "height",
      ])
    told["prompt"] = texts["Description"]
    told["model"] = texts["Source"]
    return told
  }

  private static func fooocus(_ metadata: PictureMetadata) -> [String: String]? {
    let fields = object(metadata.parameters)
    let version = fields["version"].flatMap(plainly) ?? metadata.others["Software"]
    let isSigned = version?.hasPrefix("Fooocus") == true
    guard isSigned || metadata.others["fooocus_scheme"] != nil else { return nil }
    return facts(
      fields,
      [
        "prompt": "prompt", "negative_prompt": "negative_prompt", "sampler": "sampler",
        "schedule": "scheduler",
        "steps": "steps", "cfg_scale": "guidance_scale", "seed": "seed", "model": "base_model",
      ])
  }
}

/// The nodes of ComfyUI by their numbers. Inputs are values, or links `[NODE, OUTPUT]`.
private struct ComfyGraph {
  private let nodes: [String: FieldValue]

  init(_ nodes: [String: FieldValue]) { self.nodes = nodes }

  /// Of the first node that samples, and what hangs on it.
  var facts: [String: String] {
    let numbers = nodes.keys.sorted { (Int($0) ?? .max, $0) < (Int($1) ?? .max, $1) }
    let all = numbers.map(inputs)
    var told: [String: String] = [:]
    told["model"] = all.lazy.compactMap { $0["ckpt_name"].flatMap(ForeignPicture.plainly) }.first
    let sampling = all.first { $0["steps"] != nil && ($0["seed"] ?? $0["noise_seed"]) != nil }
    guard let sampling else { return told }
    for (name, input) in [
      ("sampler", "sampler_name"), ("schedule", "scheduler"), ("steps", "steps"), ("cfg_scale", "cfg"),
    ] {
      told[name] = sampling[input].flatMap(ForeignPicture.plainly)
    }
    told["seed"] = (sampling["seed"] ?? sampling["noise_seed"]).flatMap(ForeignPicture.plainly)
    told["prompt"] = text(sampling["positive"])
    told["negative_prompt"] = text(sampling["negative"])
    let latents = inputs(node(sampling["latent_image"]) ?? "")
    for side in ["width", "height"] { told[side] = latents[side].flatMap(ForeignPicture.plainly) }
    return told
  }

  private func inputs(_ number: String) -> [String: FieldValue] {
    guard case .object(let node) = nodes[number], case .object(let inputs) = node["inputs"] else {
      return [:]
    }
    return inputs
  }

  private func node(_ link: FieldValue?) -> String? {
    if case .list(let link) = link, case .text(let number) = link.first { number } else { nil }
  }

  /// The text that a link leads to. Links may run in circles.
  private func text(_ link: FieldValue?) -> String? {
    var link = link
    for _ in 0..<16 {
      guard let number = node(link) else { break }
      let inputs = inputs(number)
      if let text = inputs["text"].flatMap(ForeignPicture.plainly) { return text }
      link = inputs["text"] ?? inputs["conditioning"] ?? inputs["positive"]
    }
    return nil
  }
}
