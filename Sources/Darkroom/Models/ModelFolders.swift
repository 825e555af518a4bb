import FoundationEssentials
import SystemFiles

/// Folders in which other programs keep models: those of A1111, ComfyUI, InvokeAI and their relatives, or plain ones.
/// A folder is the program's own, its `models`, or any below; what lies in it is found by its ending, up to five folders
/// deep, but for the folders of other kinds of files.
package struct ModelFolders: Sendable {
  /// A `.safetensors` or `.ckpt` file, or a folder in diffusers' layout.
  package struct Entry: Sendable, Equatable {
    package let path: String
    /// Its path within the folder that was searched.
    let place: String

    /// What it is called: the last part, without the ending of a file.
    package var name: String { plainPlace.split(separator: "/").last.map(String.init) ?? plainPlace }

    private var plainPlace: String {
      ModelFolders.endings.first { place.hasSuffix($0) }.map { String(place.dropLast($0.count)) } ?? place
    }

    package var isPickle: Bool { path.hasSuffix(".ckpt") }

    /// Whether it is meant by a name: the whole place or its last parts, with the ending or without.
    fileprivate func isCalled(_ text: String) -> Bool {
      [place, plainPlace].contains { $0 == text || $0.hasSuffix("/\(text)") }
    }
  }

  package enum Kind: String, Sendable {
    case model
    case vae = "VAE"
    case upscaler

    /// The folders in which others keep it, in small letters; of models all but those of other kinds.
    fileprivate var folders: Set<String> {
      switch self {
      case .model: []
      case .vae: ["vae", "vaes"]
      case .upscaler: ["esrgan", "realesrgan", "upscale_models", "upscalers"]
      }
    }
  }

  let folders: [String]

  package init(_ folders: [String]) { self.folders = folders }

  fileprivate static let endings = [".safetensors", ".ckpt"]
  private static let deepest = 5
  private static let most = 10_000
  /// Folders of other kinds of files, in small letters, as these programs call them.
  private static let otherFolders: Set<String> = [
    "adetailer", "animatediff_models", "blip", "clip", "clip_embed", "clip_vision", "codeformer", "configs",
    "controlnet", "deepbooru", "diffusion_models", "embedding", "embeddings", "esrgan", "gfpgan", "gligen",
    "hypernetworks", "insightface", "ip_adapter", "ipadapter", "karlo", "ldsr", "lora", "loras", "lycoris",
    "midas", "photomaker", "prompt_expansion", "realesrgan", "spandrel_image_to_image", "style_models",
    "swinir", "t2i_adapter", "t5_encoder", "text_encoder", "text_encoders", "textual_inversion",
    "torch_deepdanbooru", "unet", "upscale_models", "upscalers", "vae-approx", "vae_approx", "venv",
  ]

  /// Everything of a kind, each file once, in the order of the folders and of names within them.
  package func entries(_ kind: Kind = .model) -> [Entry] {
    var search = Search(kind: kind)
    for folder in folders {
      let inside = ["models", "Models"].map { "\(folder)/\($0)" }.first { Search.isFolder($0) }
      let start = Search.hasIndex(folder) ? folder : inside ?? folder
      let name = (start as String).split(separator: "/").last?.lowercased() ?? ""
      search.look(
        in: start, below: start, depth: 0, isOfKind: kind == .model || kind.folders.contains(name))
    }
    return search.found
  }

  /// Those that a name means: written the same, else in other letters; no pickle if there is another file.
  package func named(_ text: String, _ kind: Kind = .model) -> [Entry] {
    // A1111 shows a part of the hash behind the name.
    let text = text.firstRange(of: /\ \[[0-9a-f]{8,}\]$/).map { String(text[..<$0.lowerBound]) } ?? text
    let all = entries(kind)
    var found = all.filter { $0.isCalled(text) }
    if found.isEmpty {
      let small = text.lowercased()
      found = all.filter { Entry(path: $0.path, place: $0.place.lowercased()).isCalled(small) }
    }
    let readable = found.filter { !$0.isPickle }
    return readable.isEmpty ? found : readable
  }

  private struct Search {
    let kind: Kind
    var found: [Entry] = []
    private var seen: Set<String> = []

    init(kind: Kind) { self.kind = kind }

    static func isFolder(_ path: String) -> Bool {
      var isFolder = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
    }

    static func hasIndex(_ path: String) -> Bool {
      FileManager.default.fileExists(atPath: "\(path)/model_index.json")
    }

    /// - Parameter isOfKind: whether files here are of the kind that is looked for.
    mutating func look(in folder: String, below root: String, depth: Int, isOfKind: Bool) {
      // Links may lead in circles, or to the same file twice.
      guard depth <= deepest, found.count < most, let real = Paths.resolved(folder),
        seen.insert(real).inserted
      else { return }
      if Self.hasIndex(folder) {
        if kind == .model { add(folder, below: root) }
        return
      }
      if kind == .vae, isOfKind, FileManager.default.fileExists(atPath: "\(folder)/config.json") {
        add(folder, below: root)
        return
      }
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      for name in names.sorted() where !name.hasPrefix(".") {
        let path = "\(folder)/\(name)"
        if Self.isFolder(path) {
          let isOwn = kind.folders.contains(name.lowercased())
          guard isOwn || !isOfOthers(name.lowercased()) else { continue }
          look(in: path, below: root, depth: depth + 1, isOfKind: isOfKind || isOwn)
        } else if endings.contains(where: name.hasSuffix), holds(name, isOfKind: isOfKind),
          let real = Paths.resolved(path), seen.insert(real).inserted
        {
          add(path, below: root)
        }
      }
    }

    private func isOfOthers(_ name: String) -> Bool {
      otherFolders.contains(name) || kind == .model && Kind.vae.folders.contains(name)
    }

    /// A1111 keeps a model's own VAE beside it, as NAME.vae.safetensors.
    private func holds(_ name: String, isOfKind: Bool) -> Bool {
      let isBeside = name.lowercased().hasSuffix(".vae.safetensors")
      return isBeside ? kind == .vae : isOfKind
    }

    private mutating func add(_ path: String, below root: String) {
      let place =
        path == root ? String(path.split(separator: "/").last ?? "") : String(path.dropFirst(root.count + 1))
      found.append(Entry(path: path, place: place))
    }
  }
}
