import Darkroom
import FoundationEssentials

extension Operation {
  static let comfyPrompt = Operation(
    .comfyUI, .post, "/prompt", "Works on a graph of nodes, in ComfyUI's API format", body: .looseJSON,
    parameters: [
      Parameter("prompt", .anything, "nodes by their ids"),
      Parameter("client_id", .anything, "whose WebSocket is told of it"),
      Parameter("prompt_id", .anything, "a name for it, if the client chooses one"),
      Parameter("extra_data", .anything, "kept with it; preview_method asks for previews"),
      Parameter("number", .anything, "read, and without effect: clients take turns"),
      Parameter("front", .anything, "read, and without effect: clients take turns"),
      Parameter("partial_execution_targets", .anything, "read, and without effect"),
    ],
    .tell { visit in
      do {
        return try await ComfyPosting(visit).answer()
      } catch let problem as ComfyProblem {
        return problem.response
      }
    })
}

/// A prompt on its way from a client to the queue.
private struct ComfyPosting {
  private let visit: Visit
  private let run: ComfyRun

  private var comfy: ComfyDoor { visit.premises.comfy }

  /// - Throws: `ComfyProblem`, `Refusal`.
  init(_ visit: Visit) throws {
    self.visit = visit
    let values = visit.arguments.values
    guard let sent = values["prompt"] else {
      throw ComfyProblem("no_prompt", "No prompt provided", "No prompt provided")
    }
    let shelf = visit.shelf
    let graph = try ComfyGraph(sent)
    let evaluation = try ComfyEvaluation(graph, shelf)
    var extra: [String: FieldValue] =
      if case .object(let fields)? = values["extra_data"] { fields } else { [:] }
    let client = visit.arguments.text("client_id") ?? ""
    if !client.isEmpty { extra["client_id"] = .text(client) }
    let number = visit.premises.comfy.prompts.next()
    let prompt = ComfyPrompts.Prompt(
      id: try Self.id(visit), room: visit.room, number: visit.arguments.number("number") ?? Double(number),
      graph: sent, extra: .object(extra), outputs: graph.outputs,
      key: visit.isShared ? graph.key { shelf.pictures($0)?.digest ?? "" } : "")
    run = ComfyRun(
      prompt: prompt, graph: graph, plan: evaluation.plan, order: evaluation.order, visit: visit,
      place: ComfySockets.Place(room: visit.room, client: client),
      wantsPreviews: ["auto", "latent2rgb", "taesd"].contains(extra["preview_method"]?.plain))
  }

  private static func id(_ visit: Visit) throws -> String {
    guard let given = visit.arguments.text("prompt_id") else { return UUID().uuidString.lowercased() }
    guard (1...100).contains(given.utf8.count), visit.premises.comfy.prompts.isFree(given) else {
      throw ComfyProblem(
        "invalid_prompt_id", "prompt_id must be a text of 1 to 100 bytes that is not in use", "")
    }
    return given
  }

  func answer() async throws -> HTTPResponse {
    guard !visit.premises.queue.isClosed else { throw Refusal(.unavailable, "the server is being shut down") }
    var first: [Submission] = []
    if comfy.kept(run.prompt) == nil {
      for order in try await run.checked() { first.append(try await visit.premises.desk.submit(order)) }
    }
    let number = run.prompt.number
    try comfy.prompts.add(run.prompt) { [run, first] in await run.run(first) }
    comfy.tellStatus(run.prompt.room)
    return HTTPResponse(
      json: [
        "prompt_id": .text(run.prompt.id), "number": .number(number.shortest), "node_errors": [:],
      ] as FieldValue)
  }
}
