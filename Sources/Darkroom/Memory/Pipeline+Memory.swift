import Graph
import Models
import Sampling
import Tokenizer

extension Pipeline {
  /// What this process could take now: of the machine's or the device's memory, and of the limit.
  private var bytesAvailable: Int {
    let machine = backend.bytesAvailable ?? AvailableMemory.bytes
    return min(machine, memoryLimit.map { max(0, $0 - backend.bytesHeld) } ?? machine)
  }

  /// What a job takes as it would run now, or, if it cannot, as it would run in more memory.
  package func estimate(_ job: Job) throws -> MemoryEstimate {
    let available = bytesAvailable
    let reservation = try self.reservation(job, in: available) ?? wholeReservation(job)
    return MemoryEstimate(reservation, available: available, least: try leastBytes(job))
  }

  /// Decides how a job will run. Where memory does not hold what is there and what comes, what is there goes.
  /// - Throws: `DarkroomError` of kind `resources` if there is no way.
  func reserve(_ job: Job) throws -> Reservation {
    var reservation = try self.reservation(job, in: bytesAvailable)
    if reservation == nil || reservation?.takesTurns == true || reservation?.extra ?? 0 > 0 {
      programs.removeAll()
      reservation = try self.reservation(job, in: bytesAvailable)
    }
    guard let reservation else { throw DarkroomError.tooLarge(try estimate(job)) }
    programs.takeTurns = reservation.takesTurns
    programs.strips = reservation.strips
    return reservation
  }

  /// All networks that a job runs, at their sizes.
  func modules(_ job: Job, batch: Int) -> [Module] {
    let chunks = max(job.prompt.chunks.count, job.negative?.chunks.count ?? 0)
    let tokens = chunks * model.textEncoder.configuration.positions
    var modules: [Module] = [.textEncoder(skip: job.request.clipSkip)]
    modules += unets(job.first, job, batch: batch, tokens: tokens) + [decoder(job.first)]
    if let second = job.second {
      modules += [encoder(second)] + unets(second, job, batch: 1, tokens: tokens) + [decoder(second)]
    }
    return modules
  }

  /// What lies outside of the networks, of one picture: the decoded picture as floats and as bytes; the enlarged
  /// picture with its columns in between, as floats; and latents, of which samplers hold up to six as doubles, and the
  /// network's inputs and outputs eight as floats.
  func pictureBytes(_ job: Job) -> Int {
    let float = MemoryLayout<Float>.stride
    let decoded = job.passes.map { $0.width * $0.height * 3 * (float + 1) }.max() ?? 0
    let enlarged = job.second.map { $0.width * ($0.height + job.first.height) * 3 * float } ?? 0
    let values =
      job.passes.map { pass in
        let (height, width) = latentSize(pass)
        return height * width * model.unet.configuration.inputChannels
      }.max() ?? 0
    return decoded + enlarged + values * (6 * MemoryLayout<Double>.stride + 8 * float)
  }

  /// The UNets of a pass, the largest first: for both halves of guided steps, for one half of the others.
  private func unets(_ pass: SamplingPass, _ job: Job, batch: Int, tokens: Int) -> [Module] {
    let guided = job.guidance.guidedSteps(of: pass.count).count
    let halves = guided == 0 ? [1] : guided < pass.count ? [2, 1] : [2]
    return halves.map { unet(pass, halves: $0, batch: batch, tokens: tokens) }
  }

  /// The UNet that is a pass's largest.
  func unet(_ pass: SamplingPass, _ job: Job, batch: Int, tokens: Int) -> Module {
    unets(pass, job, batch: batch, tokens: tokens)[0]
  }

  func unet(_ pass: SamplingPass, halves: Int, batch: Int, tokens: Int) -> Module {
    let (height, width) = latentSize(pass)
    return .unet(batch: halves * batch, height: height, width: width, tokens: tokens)
  }

  func decoder(_ pass: SamplingPass) -> Module {
    let (height, width) = latentSize(pass)
    return .decoder(height: height, width: width)
  }

  private func encoder(_ pass: SamplingPass) -> Module {
    let (height, width) = latentSize(pass)
    return .encoder(height: height, width: width)
  }

  private func latentSize(_ pass: SamplingPass) -> (height: Int, width: Int) {
    let factor = model.decoder.configuration.factor
    return (pass.height / factor, pass.width / factor)
  }
}

extension MemoryEstimate {
  init(_ reservation: Reservation, available: Int, least: Int) {
    let need = reservation.need
    self.init(
      weights: need.weights, arena: need.arena, scratch: need.scratch, batch: reservation.batch,
      available: available, least: least, oneNetworkAtATime: reservation.takesTurns,
      strips: reservation.strips.values.map(\.count).max(),
      extraOperations: reservation.strips.isEmpty ? nil : reservation.extra)
  }
}

extension Reservation {
  /// What the user should know of it.
  var notices: [Notice] {
    var notices: [Notice] = []
    if takesTurns {
      notices.append(Notice(description: "memory: too little for all networks; they are read one at a time"))
    }
    if let count = strips.values.map(\.count).max() {
      notices.append(
        Notice(
          description:
            "memory: too little for whole pictures in the autoencoder; it works in \(count) strips, with \(percent(extra)) more operations"
        ))
    }
    return notices
  }

  private func percent(_ share: Double) -> String {
    let percent = 100 * share
    return percent < 1 ? "less than 1 %" : "\(Int(percent.rounded())) %"
  }
}

extension DarkroomError {
  static func tooLarge(_ estimate: MemoryEstimate) -> DarkroomError {
    DarkroomError(
      .resources,
      "the request needs \((estimate.least + (1 << 20) - 1) >> 20) MiB of memory at least, and \(estimate.available >> 20) MiB are available; ask for a smaller size"
    )
  }
}
