import Darkroom
import FoundationEssentials

/// What ComfyUI's clients ask for besides working on graphs.
extension Operation {
  /// All of the door, each also under `/api`.
  static let comfyUI: [Operation] =
    comfy.map { operation in
      var both = operation
      both.otherPaths = ["/api" + operation.path]
      return both
    } + comfyModels

  /// Only there: OpenAI's clients ask for `/models` too.
  private static let comfyModels: [Operation] = [
    get("/api/models", "Lists the kinds of models") { _ in .list(ComfySystem.folders.map { .text($0) }) },
    get("/api/models/{folder}", "Lists the models of a kind") { visit in
      guard let names = ComfySystem.models(visit.path["folder"] ?? "", visit.shelf) else {
        throw Refusal(.notFound, "there is no such folder")
      }
      return .list(names.map(FieldValue.text))
    },
  ]

  private static let comfy: [Operation] = [
    comfyPrompt,
    get("/prompt", "Tells how many prompts wait or are at work") { $0.premises.comfy.status($0.room) },
    get("/queue", "Lists the prompts that wait or are at work") { visit in
      let queue = visit.premises.comfy.prompts.queue(of: visit.room)
      return ["queue_running": .list(queue.running), "queue_pending": .list(queue.pending)]
    },
    post(
      "/queue", "Takes back prompts that wait",
      [
        Parameter("clear", .flag, "all of them"), Parameter("delete", .anything, "the ids of some"),
      ]
    ) { visit in
      let prompts = visit.premises.comfy.prompts
      if visit.arguments.flag("clear") == true { prompts.cancel(nil, of: visit.room, working: false) }
      for id in visit.ids("delete") { prompts.cancel(id, of: visit.room, working: false) }
    },
    post(
      "/interrupt", "Ends the prompts that are at work",
      [Parameter("prompt_id", .anything, "one of them; all without it")]
    ) { visit in
      visit.premises.comfy.prompts.cancel(visit.arguments.text("prompt_id"), of: visit.room, working: true)
    },
    post(
      "/free", "Gives back memory that models take",
      [Parameter("unload_models", .flag, "do so"), Parameter("free_memory", .flag, "do so")]
    ) { visit in
      guard visit.arguments.flag("unload_models") ?? visit.arguments.flag("free_memory") ?? false else {
        return
      }
      await visit.premises.releaseMemory()
    },
    get("/history", "Tells what became of prompts") { visit in
      let most = visit.request.query["max_items"].flatMap { Int($0) }.map { max(0, $0) } ?? .max
      return visit.premises.comfy.prompts.history(of: visit.room, most: most)
    },
    get("/history/{prompt_id}", "Tells what became of a prompt") { visit in
      visit.premises.comfy.prompts.history(of: visit.room, visit.path["prompt_id"] ?? "")
    },
    post(
      "/history", "Forgets prompts that have ended",
      [Parameter("clear", .flag, "all of them"), Parameter("delete", .anything, "the ids of some")]
    ) { visit in
      let prompts = visit.premises.comfy.prompts
      if visit.arguments.flag("clear") == true { prompts.forget(nil, of: visit.room) }
      for id in visit.ids("delete") { prompts.forget(id, of: visit.room) }
    },
    get("/object_info", "Describes the nodes that are served") { ComfyObjectInfo.all($0.shelf) },
    get("/object_info/{node}", "Describes a node; nothing if it is not served") { visit in
      ComfyObjectInfo.one(visit.path["node"] ?? "", visit.shelf)
    },
    get("/system_stats", "Tells about the machine") { ComfySystem.json($0) },
    get("/embeddings", "Lists textual inversions; there are none") { _ in [] },
    get("/extensions", "Lists extensions of the interface; there are none") { _ in [] },
    get("/features", "Tells what the server can do beyond the first version") { _ in
      ["supports_preview_metadata": false, "max_upload_size": .number("\(API.comfyUploads.bodyLimit)")]
    },
    comfyView, comfyUpload, comfyMaskUpload, comfySocket,
  ]

  private static func get(
    _ path: String, _ summary: String, _ tell: @escaping @Sendable (Visit) throws -> FieldValue
  ) -> Operation {
    Operation(.comfyUI, .get, path, summary, .tell { HTTPResponse(json: try tell($0)) })
  }

  /// One whose answer is empty.
  private static func post(
    _ path: String, _ summary: String, _ parameters: [Parameter],
    _ act: @escaping @Sendable (Visit) async throws -> Void
  ) -> Operation {
    Operation(
      .comfyUI, .post, path, summary, body: .looseJSON, parameters: parameters, answers: [],
      .tell { visit in
        try await act(visit)
        return HTTPResponse(200)
      })
  }

  private static let comfySocket = Operation(
    .comfyUI, .get, "/ws", "Becomes a WebSocket, which tells what happens to a client's prompts",
    statuses: [101],
    .tell { visit in
      let comfy = visit.premises.comfy
      try comfy.sockets.check()
      let given = visit.request.query["clientId"] ?? ""
      let client = given.isEmpty ? UUID().uuidString.lowercased().filter { $0 != "-" } : given
      let place = ComfySockets.Place(room: visit.room, client: client)
      return try WebSocketHandshake.answer(visit.request) { socket in
        socket.send(
          ComfySockets.message("status", ["status": comfy.status(place.room), "sid": .text(client)]))
        await comfy.sockets.hold(socket, at: place)
      }
    })
}

extension Visit {
  fileprivate func ids(_ name: String) -> [String] {
    (arguments.list(name) ?? []).compactMap { if case .text(let id) = $0 { id } else { nil } }
  }
}

extension API {
  /// Where paths begin that are ComfyUI's even if they cannot be read.
  static let comfyRoots = Operation.comfyUI.flatMap { [$0.path] + $0.otherPaths }.map { path in
    String(path.prefix { $0 != "{" })
  }
}

/// What `/system_stats` and `/models` say.
enum ComfySystem {
  static let folders = ["checkpoints", "vae", "upscale_models", "loras", "embeddings", "controlnet"]

  /// Nil if there is no such folder.
  static func models(_ folder: String, _ shelf: ComfyShelf) -> [String]? {
    switch folder {
    case "checkpoints": shelf.checkpoints
    case "vae": shelf.vaes
    case "upscale_models": shelf.upscalers.networks.map(\.name)
    default: folders.contains(folder) ? [] : nil
    }
  }

  static func json(_ visit: Visit) -> FieldValue {
    let total = FieldValue.number("\(ProcessInfo.processInfo.physicalMemory)")
    let free = FieldValue.number("\(AvailableMemory.bytes)")
    return [
      "system": [
        "os": "linux", "ram_total": total, "ram_free": free,
        "comfyui_version": .text("darkroom \(darkroomVersion)"),
        "python_version": "", "pytorch_version": "", "embedded_python": false, "argv": [],
      ],
      // The engine keeps its memory itself; what it computes on counts as one device.
      "devices": [
        [
          "name": "darkroom", "type": "cpu", "index": 0, "vram_total": total, "vram_free": free,
          "torch_vram_total": total, "torch_vram_free": free,
        ]
      ],
    ]
  }
}
