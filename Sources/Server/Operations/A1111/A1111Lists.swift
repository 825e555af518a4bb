import Darkroom
import FoundationEssentials

extension Operation {
  /// What may be asked for, and what is not here.
  static let a1111Lists: [Operation] =
    lists + empty + refreshing + [
      Operation(
        .a1111Open, .get, "/internal/ping", "Tells that the server lives",
        .tell { _ in HTTPResponse(json: [String: String]()) }),
      Operation(
        .a1111, .get, "/sdapi/v1/memory", "Tells the memory of this machine and of the server",
        .tell { _ in
          let (used, total) = (ResidentMemory.now ?? 0, ProcessInfo.processInfo.physicalMemory)
          let ram: FieldValue = [
            "free": .number("\(AvailableMemory.bytes)"), "used": .number("\(used)"),
            "total": .number("\(total)"),
          ]
          return FieldValue.object(["ram": ram, "cuda": ["error": "unavailable"]]).response()
        }),
      Operation(
        .a1111, .post, "/sdapi/v1/unload-checkpoint", "Gives back the memory that models take",
        .tell { visit in
          await visit.premises.releaseMemory()
          return HTTPResponse(json: [String: String]())
        }),
      Operation(
        .a1111, .post, "/sdapi/v1/interrogate", "Describes a picture, for which a model is missing",
        .tell { _ in
          throw Refusal(
            .notFound,
            "Model not found: describing pictures needs CLIP with a captioner or DeepDanbooru, which is not here"
          )
        }),
    ]

  private static let lists: [Operation] = [
    list("samplers", "Lists samplers") { _ in Catalogue.samplers.map(A1111List.sampler) },
    list("schedulers", "Lists schedules") { _ in
      [A1111List.automatic] + Catalogue.schedules.map(A1111List.schedule)
    },
    list("upscalers", "Lists what enlarges pictures") { A1111List.upscalers($0.upscalers) },
    list("latent-upscale-modes", "Lists what enlarges latents") { _ in
      A1111Names.latentModes.keys.sorted().map { ["name": .text($0)] }
    },
    list("realesrgan-models", "Lists networks that enlarge pictures") { premises in
      premises.upscalers.networks.map { ["name": .text($0.name), "path": .null, "scale": .null] }
    },
    list("sd-models", "Lists the models that are served") { $0.models.models.map(A1111List.model) },
    list("sd-vae", "Lists VAEs that models have instead of their own") { premises in
      let names = premises.models.models.compactMap(\.description.vae?.name)
      return names.map { ["model_name": .text(A1111Model.file($0)), "filename": .text(A1111Model.file($0))] }
    },
    list("prompt-styles", "Lists styles") { _ in
      Styles.all.map {
        [
          "name": .text($0.name), "prompt": .text($0.prompt), "negative_prompt": .text($0.negativePrompt),
        ]
      }
    },
  ]

  private static func list(
    _ name: String, _ summary: String, _ items: @escaping @Sendable (Premises) -> [FieldValue]
  ) -> Operation {
    Operation(
      .a1111, .get, "/sdapi/v1/\(name)", summary,
      .tell { visit in FieldValue.list(items(visit.premises)).response() })
  }

  /// Kinds of files that the web UI knows, and of which there are none here.
  private static let empty: [Operation] =
    [
      ("hypernetworks", []), ("face-restorers", []), ("loras", []), ("extensions", []), ("script-info", []),
      ("scripts", ["txt2img": [], "img2img": []]), ("embeddings", ["loaded": [:], "skipped": [:]]),
      ("cmd-flags", ["api": true, "nowebui": false, "ckpt_dir": .null, "lora_dir": .null]),
    ].map { name, answer in constant("/sdapi/v1/\(name)", answer) } + [
      constant("/StableStudio/get-generated-images", [])
    ]

  private static func constant(_ path: String, _ answer: FieldValue, _ method: Method = .get) -> Operation {
    Operation(.a1111, method, path, "Lists nothing", .tell { _ in answer.response() })
  }

  /// Models are found when the server starts, and loaded when they are needed.
  private static let refreshing: [Operation] = [
    "refresh-checkpoints", "refresh-vae", "refresh-loras", "refresh-embeddings", "reload-checkpoint",
  ].map { name in
    Operation(
      .a1111, .post, "/sdapi/v1/\(name)", "Changes nothing",
      .tell { _ in HTTPResponse(json: [String: String]()) })
  }
}

/// How the web UI writes the entries of its lists.
enum A1111List {
  static func sampler(_ sampler: Catalogue.Sampler) -> FieldValue {
    let own = sampler.systems[GenerationRequest.System.a1111.rawValue] ?? []
    let names = own + [sampler.name]
    let options: FieldValue = sampler.callsPerStep > 1 ? ["second_order": "True"] : [:]
    return [
      "name": .text(names[0]), "aliases": .list(names.dropFirst().map(FieldValue.text)), "options": options,
    ]
  }

  static let automatic = schedule(name: "automatic", label: "Automatic", aliases: [])

  /// Names have underscores where labels have spaces.
  static func schedule(_ schedule: Catalogue.Schedule) -> FieldValue {
    let own = schedule.systems[GenerationRequest.System.a1111.rawValue] ?? []
    let label = own.first ?? schedule.name
    return self.schedule(
      name: label.lowercased().replacing(" ", with: "_"), label: label, aliases: Array(own.dropFirst()))
  }

  private static func schedule(name: String, label: String, aliases: [String]) -> FieldValue {
    [
      "name": .text(name), "label": .text(label), "aliases": .list(aliases.map(FieldValue.text)),
      "default_rho": -1, "need_inner_model": false,
    ]
  }

  /// Filters, networks by their names, and what the built-in one stands for, with the name of what it is.
  static func upscalers(_ table: UpscalerTable) -> [FieldValue] {
    func row(_ name: String, _ model: String?, _ scale: Int?) -> FieldValue {
      [
        "name": .text(name), "model_name": model.map(FieldValue.text) ?? .null, "model_path": .null,
        "model_url": .null, "scale": scale.map { .number("\($0)") } ?? .null,
      ]
    }
    let builtIn = UpscalerSource.builtIn
    return ["None", "Lanczos", "Nearest"].map { row($0, nil, 4) }
      + table.networks.map { row($0.name, $0.name, $0 == builtIn ? 4 : nil) }
      + A1111Names.standIns.filter { table.network(named: $0) == nil }.map { row($0, builtIn.name, 4) }
  }

  static func model(_ served: ServedModel) -> FieldValue {
    let model = A1111Model(served)
    return [
      "title": .text(model.title), "model_name": .text(model.name),
      "hash": model.hash.map(FieldValue.text) ?? .null,
      "sha256": model.sha256.map(FieldValue.text) ?? .null, "filename": .text(A1111Model.file(model.name)),
      "config": .null,
    ]
  }
}
