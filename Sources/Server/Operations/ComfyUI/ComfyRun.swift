import Darkroom
import FoundationEssentials
import Glibc

/// Works on a prompt: its plan's steps one after the other, each a job of the queue, with ComfyUI's messages of what
/// happens.
struct ComfyRun: Sendable {
  let prompt: ComfyPrompts.Prompt
  let graph: ComfyGraph
  let plan: ComfyPlan
  /// Nodes in the order in which they are worked on.
  let order: [String]
  let visit: Visit
  /// Who is told.
  let place: ComfySockets.Place
  let wantsPreviews: Bool

  private var comfy: ComfyDoor { visit.premises.comfy }

  /// The orders of a step, as soon as the pictures are there that it works on.
  func orders(of step: ComfyPlan.Step, _ pictures: ComfyPictures) async throws -> [Order] {
    let asks: [Ask] =
      switch step.work {
      case .draw(let drawing): [try drawing.ask(pictures)]
      case .enlarge(let picture, let network):
        try pictures.all(picture, "image").map { picture in
          Ask(.upscaling(UpscaleRequest(picture, upscaler: network)), visit.premises.models.first)
        }
      }
    var orders: [Order] = []
    for ask in asks {
      orders.append(try await visit.order(ask, .comfyUI))
    }
    return orders
  }

  /// Checks what can be checked before: steps that need no picture of another step.
  /// - Returns: the orders of the first step, if there is any.
  /// - Throws: `ComfyProblem` that names the node.
  func checked() async throws -> [Order] {
    var first: [Order] = []
    for (number, step) in plan.steps.enumerated() where !step.needsOthers {
      do {
        let orders = try await orders(of: step, ComfyPictures())
        if number == 0 { first = orders }
      } catch {
        let refusal = Refusal(problem: error)
        // What is not about the graph is told as it is: a full queue, a word that is not allowed.
        guard refusal.kind == .request else { throw refusal }
        throw ComfyEvaluation.problem(step.node, in: graph, refusal.text)
      }
    }
    return first
  }

  /// - Parameter first: what was begun already of the first step.
  func run(_ first: [Submission]) async {
    var telling = ComfyTelling(self)
    if let outputs = comfy.kept(prompt) {
      telling.outcome.outputs = outputs
      telling.begin(cached: order)
      for (node, names) in outputs.sorted(by: { $0.key < $1.key }) { telling.executed(node, names) }
      return telling.end()
    }
    var node = order.first ?? ""
    do {
      var pictures = ComfyPictures()
      for next in order {
        node = next
        telling.enter(node)
        if let number = plan.step(of: node) {
          pictures.add(try await draw(number, pictures, first, &telling), of: number)
        }
        if let keeping = plan.keeping(of: node) {
          telling.begin()
          telling.executed(node, try keep(keeping, pictures))
        }
      }
      telling.end()
    } catch {
      telling.fail(node, error)
    }
  }

  private func draw(
    _ number: Int, _ pictures: ComfyPictures, _ first: [Submission], _ telling: inout ComfyTelling
  ) async throws -> [MadePicture] {
    var jobs = number == 0 ? first : []
    if jobs.isEmpty {
      for order in try await orders(of: plan.steps[number], pictures) {
        jobs.append(try await visit.premises.desk.submit(order))
      }
    }
    var made: [MadePicture] = []
    for (index, job) in jobs.enumerated() {
      made += try await follow(job, part: (index, jobs.count), plan.steps[number].node, &telling)
    }
    return made
  }

  /// - Parameter part: the job's place among those of its step.
  private func follow(
    _ job: Submission, part: (index: Int, count: Int), _ node: String, _ telling: inout ComfyTelling
  ) async throws -> [MadePicture] {
    var made: [MadePicture] = []
    for await event in job.events {
      switch event {
      case .queued, .notice: break
      case .started: telling.begin()
      case .progress(let progress):
        telling.begin()
        telling.progress(node, progress, part)
      case .preview(let preview): if wantsPreviews { telling.preview(preview) }
      case .picture(let picture):
        telling.begin()
        made.append(picture)
      case .failed(let error): throw error
      case .finished: return made.sorted { $0.index < $1.index }
      }
    }
    throw CancellationError()
  }

  private func keep(_ keeping: ComfyPlan.Keeping, _ pictures: ComfyPictures) throws -> [ComfyFiles.Name] {
    var (now, local) = (time(nil), tm())
    localtime_r(&now, &local)
    let prefix = keeping.prefix.filled(at: local)
    return try pictures.files(keeping.picture).map { bytes in
      let file = ComfyFiles.File(bytes, mediaType: "image/png")
      return comfy.pictures.save(file, prefix, in: keeping.folder, room: prompt.room)
    }
  }
}

extension Refusal {
  /// What is wrong with an input is said by its name.
  fileprivate init(problem error: any Error) {
    guard let problem = error as? ComfyValues.Problem else {
      self.init(error)
      return
    }
    self.init(.request, field: problem.input, problem.message)
  }
}

extension ComfyPlan.Step {
  /// Whether it works on pictures that another step makes.
  var needsOthers: Bool {
    func isMade(_ picture: ComfyPicture) -> Bool {
      switch picture {
      case .given: false
      case .made: true
      case .scaled(let picture, _): isMade(picture)
      }
    }
    switch work {
    case .enlarge(let picture, _): return isMade(picture)
    case .draw(let drawing):
      guard case .encoded(let picture) = drawing.start.content else { return false }
      return isMade(picture)
    }
  }
}

/// What a client is told of its prompt, in ComfyUI's messages and order.
struct ComfyTelling {
  private let run: ComfyRun
  private var hasBegun = false
  /// Nodes that were entered while the first job waits.
  private var entered: [String] = []
  private var done: [String] = []
  var outcome = ComfyPrompts.Outcome()

  init(_ run: ComfyRun) { self.run = run }

  private var comfy: ComfyDoor { run.visit.premises.comfy }
  private var id: FieldValue { .text(run.prompt.id) }

  /// The prompt's turn has come.
  /// - Parameter cached: nodes whose results are there.
  mutating func begin(cached: [String] = []) {
    guard !hasBegun else { return }
    hasBegun = true
    comfy.prompts.begin(run.prompt.id)
    note("execution_start", [:])
    note("execution_cached", ["nodes": .list(cached.map(FieldValue.text))])
    for node in entered { executing(node) }
  }

  mutating func enter(_ node: String) {
    if let last = entered.last { done.append(last) }
    entered.append(node)
    if hasBegun { executing(node) }
  }

  private func executing(_ node: String) {
    send("executing", ["node": .text(node), "display_node": .text(node), "prompt_id": id])
  }

  func progress(_ node: String, _ progress: GenerationProgress, _ part: (index: Int, count: Int)) {
    var (value, most) = (progress.step, progress.steps)
    if progress.stage == .enlarging, most == 0 {
      (value, most) = (Int((Double(part.index) + progress.fraction) / Double(part.count) * 100), 100)
    } else if progress.stage != .sampling {
      return
    }
    send(
      "progress",
      ["value": .number("\(value)"), "max": .number("\(most)"), "prompt_id": id, "node": .text(node)])
  }

  func preview(_ preview: GenerationPreview) {
    guard preview.index == preview.together.lowerBound, let file = try? preview.encoded() else { return }
    comfy.sockets.send(preview: file, to: run.place)
  }

  mutating func executed(_ node: String, _ names: [ComfyFiles.Name]) {
    outcome.outputs[node] = names
    send(
      "executed",
      [
        "node": .text(node), "display_node": .text(node), "output": ComfyPrompts.Outcome.images(names),
        "prompt_id": id,
      ])
  }

  mutating func end() {
    begin()
    outcome.isComplete = true
    note("execution_success", [:])
    finish()
  }

  mutating func fail(_ node: String, _ error: any Error) {
    begin()
    var data: [String: FieldValue] = [
      "node_id": .text(node), "node_type": .text(run.graph.nodes[node]?.kind.name ?? ""),
      "executed": .list(done.map(FieldValue.text)),
    ]
    if error is CancellationError {
      note("execution_interrupted", data)
    } else {
      let refusal = Refusal(problem: error)
      data["exception_message"] = .text(refusal.text)
      data["exception_type"] = .text(refusal.kind.usualName)
      for name in ["traceback", "current_outputs"] { data[name] = [] }
      data["current_inputs"] = [:]
      note("execution_error", data)
    }
    finish()
  }

  /// The history has the prompt before its client hears that it has ended.
  private func finish() {
    comfy.prompts.end(run.prompt.id, outcome)
    send("executing", ["node": .null, "prompt_id": id])
    comfy.tellStatus(run.prompt.room)
  }

  /// A message that the history has too.
  private mutating func note(_ type: String, _ data: [String: FieldValue]) {
    var data = data
    data["prompt_id"] = id
    data["timestamp"] = .number("\(Int64(Date.now.timeIntervalSince1970 * 1000))")
    outcome.messages.append([.text(type), .object(data)])
    send(type, .object(data))
  }

  private func send(_ type: String, _ data: FieldValue) { comfy.sockets.send(type, data, to: run.place) }
}
