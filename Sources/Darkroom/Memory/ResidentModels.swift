import Families
import Graph

/// The networks that are on one device: packed weights, values and programs, of all models together, within one
/// budget of bytes. What was not used for longest goes first; the models of the job at work stay.
///
/// All programs of a device share one arena. So its memory is given back for all of them at once.
package final class ResidentModels {
  private struct Key: Hashable {
    let module: Module
    let format: NumberFormat
    let strips: Strips?
  }

  package let backend: any Backend
  let plans: PlanBook
  /// Bytes that weights, values and working memory may take in all; nil for what there is.
  private let limit: Int?
  private static let mostPrograms = 16
  /// Bytes that a sparing workload takes at least, if it needs them.
  private static let sparing = 512 << 20
  /// The least recently used first, as are sources.
  private var programs: [(key: Key, program: any Program)] = []
  /// Whose weights may be packed.
  private var sources: [any WeightSource] = []
  private var remarksTold = 0

  package init(_ backend: any Backend, limit: Int? = nil) {
    self.backend = backend
    self.limit = limit
    plans = PlanBook(backend)
  }

  /// What this process could take now: of the machine's or the device's memory, and of the limit.
  var bytesAvailable: Int {
    let machine = backend.bytesAvailable ?? AvailableMemory.bytes
    return min(machine, limit.map { max(0, $0 - backend.bytesHeld) } ?? machine)
  }

  /// What the user should know of how the device computes and was not told before.
  func newRemarks() -> [String] {
    defer { remarksTold = backend.remarks.count }
    return Array(backend.remarks.dropFirst(remarksTold))
  }

  // MARK: Programs

  /// A network that is ready to run, as the job's reservation says.
  /// - Throws: what reading a parameter throws, or an error that says how much memory is missing.
  package func program(_ module: Module, _ reservation: Reservation) throws -> any Program {
    let strips = reservation.strips[module]
    let key = Key(module: module, format: reservation.format, strips: strips)
    if let index = programs.firstIndex(where: { $0.key == key }) {
      programs.append(programs.remove(at: index))
    } else {
      if reservation.takesTurns { removeAll() }
      if programs.count == Self.mostPrograms { programs.removeFirst() }
      use(module.source)
      programs.append((key, try prepared(plan(module, reservation))))
    }
    return programs[programs.count - 1].program
  }

  /// Lets the disk be read while another network is at work.
  func readAhead(_ module: Module, _ reservation: Reservation) {
    // In turns it would have to go before it is used; plans with strips are made when they are needed.
    guard !reservation.takesTurns, reservation.strips[module] == nil else { return }
    let key = Key(module: module, format: reservation.format, strips: nil)
    if !programs.contains(where: { $0.key == key }) { backend.readAhead(plan(module, reservation)) }
  }

  /// The plan of `program`.
  package func plan(_ module: Module, _ reservation: Reservation) -> Plan {
    plans.plan(module, storing: reservation.format, strips: reservation.strips[module])
  }

  /// Where memory turns out to be too small for all networks, the others go.
  private func prepared(_ plan: Plan) throws -> any Program {
    do {
      return try backend.prepare(plan)
    } catch  where backend.isShortage(error) {
      removeAll()
      return try backend.prepare(plan)
    }
  }

  private func use(_ source: any WeightSource) {
    sources.removeAll { $0 === source }
    sources.append(source)
  }

  // MARK: Making room

  /// Decides how a workload will run. Where memory does not hold what is there and what comes, other models go, the
  /// least recently used first, and then all that is there.
  /// - Returns: nil if there is no way.
  func reserve(_ workload: Workload) -> Reservation? {
    // Plans that were looked at and dropped leave their memory to the allocator, which keeps it.
    defer { ResidentMemory.returnFree() }
    let pinned = workload.sources
    for source in sources where pinned.contains(where: { $0 === source }) { use(source) }
    let search = ReservationSearch(workload, self)
    if let found = search.withoutLoss(in: bytesAvailable) { return found }
    for source in sources where !pinned.contains(where: { $0 === source }) {
      evict(source)
      if let found = search.withoutLoss(in: bytesAvailable) { return found }
    }
    removeAll()
    return search.cheapest(in: bytesAvailable)
  }

  /// As `reserve`, in as few bytes as cost next to nothing: networks that are there stay if they can, and values are
  /// whole only where strips do not make them much smaller.
  func reserveSparingly(_ workload: Workload) -> Reservation? {
    let search = ReservationSearch(workload, self)
    var bytes = Self.sparing
    while bytes < bytesAvailable {
      if let found = search.besideOthers(in: bytes) { return found }
      bytes *= 2
    }
    return reserve(workload)
  }

  /// What a workload would take as it would run now, or, if it cannot, as it would run in more memory.
  func estimate(_ workload: Workload) -> MemoryEstimate {
    let search = ReservationSearch(workload, self)
    let available = bytesAvailable
    let emptied = available + backend.bytesHeld
    let reservation =
      search.withoutLoss(in: available) ?? search.cheapest(in: emptied) ?? search.whole
    return MemoryEstimate(
      reservation, available: available, least: search.least, leastWeights: search.leastWeights)
  }

  /// Drops a model's programs and packed weights.
  private func evict(_ source: any WeightSource) {
    programs.removeAll { $0.key.module.source === source }
    backend.dropParameters(of: source)
    sources.removeAll { $0 === source }
  }

  /// Forgets a model.
  func unload(_ source: any WeightSource) {
    evict(source)
    plans.remove(source)
  }

  /// Drops all networks, their weights and values.
  package func removeAll() {
    programs = []
    backend.dropValues()
    for source in sources { backend.dropParameters(of: source) }
    sources = []
  }
}
