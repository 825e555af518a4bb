import Darkroom

/// What ComfyUI's door remembers.
package struct ComfyDoor: Sendable {
  package let prompts: ComfyPrompts
  /// Pictures that clients have sent, and those that were made.
  package let uploads: ComfyFiles
  package let pictures: ComfyFiles
  package let sockets: ComfySockets

  package init(
    prompts: ComfyPrompts = ComfyPrompts(), uploads: ComfyFiles = ComfyFiles(),
    pictures: ComfyFiles = ComfyFiles(), sockets: ComfySockets = ComfySockets()
  ) {
    (self.prompts, self.uploads) = (prompts, uploads)
    (self.pictures, self.sockets) = (pictures, sockets)
  }

  func file(_ name: ComfyFiles.Name) -> ComfyFiles.File? {
    (name.folder == .input ? uploads : pictures).file(name)
  }

  /// The pictures of an identical prompt, where they are all still there.
  func kept(_ prompt: ComfyPrompts.Prompt) -> [String: [ComfyFiles.Name]]? {
    guard !prompt.key.isEmpty, let outputs = prompts.outputs(of: prompt.key, in: prompt.room),
      outputs.values.allSatisfy({ $0.allSatisfy { file($0) != nil } })
    else { return nil }
    return outputs
  }

  func status(_ room: String) -> FieldValue {
    ["exec_info": ["queue_remaining": .number("\(prompts.remaining(in: room))")]]
  }

  func tellStatus(_ room: String) { sockets.sendAll("status", ["status": status(room)], in: room) }

  /// Waits until the last prompts have told how they ended.
  package func settle() async {
    for _ in 0..<200 where prompts.isWorking { try? await Task.sleep(for: .milliseconds(10)) }
  }
}

extension API {
  /// ComfyUI's own API, for graphs of plain nodes.
  package static let comfyUI = API("comfyui", bodyLimit: 10 << 20) { refusal, _ in
    let problem = ComfyProblem(refusal.name ?? refusal.kind.usualName, refusal.text, refusal.field ?? "")
    return HTTPResponse(refusal.kind.status, json: problem.json)
  }
  /// The same, where pictures are sent.
  static let comfyUploads = API("comfyui", bodyLimit: 64 << 20, write: comfyUI.write)
}

extension Visit {
  /// Whose prompts and pictures it sees: with keys everybody has their own.
  var room: String { premises.keys == nil ? "" : request.client }

  var shelf: ComfyShelf {
    let (comfy, room) = (premises.comfy, room)
    return ComfyShelf(
      models: premises.models, upscalers: premises.upscalers,
      pictures: { name in ComfyFiles.Name(name, room: room).flatMap { comfy.file($0) } },
      pictureNames: comfy.uploads.names(.input, room: room))
  }
}
