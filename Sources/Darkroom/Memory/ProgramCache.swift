import Graph
import Models

/// The networks of a model at one size each.
enum Module: Hashable {
  case textEncoder(skip: Int)
  case unet(batch: Int, height: Int, width: Int, tokens: Int)
  /// Sizes are those of the latents, here as well.
  case decoder(height: Int, width: Int)
  case encoder(height: Int, width: Int)

  /// Whether it is for one picture, whose values can be made some rows at a time.
  var mayWorkInStrips: Bool {
    switch self {
    case .decoder, .encoder: true
    case .textEncoder, .unet: false
    }
  }

  /// Records the module's graph.
  /// - Throws: if the model has an encoder that does not fit.
  func graph(_ model: LoadedModel) throws -> Graph {
    switch self {
    case .textEncoder(let skip): model.textEncoder.graph(batch: 1, skip: skip)
    case .unet(let batch, let height, let width, let tokens):
      model.unet.graph(batch: batch, height: height, width: width, tokens: tokens)
    case .decoder(let height, let width):
      model.decoder.graph(batch: 1, height: height, width: width, pixels: true)
    case .encoder(let height, let width): try model.encoder.graph(batch: 1, height: height, width: width)
    }
  }
}

/// Programs that are ready to run; the least recently used goes first.
final class ProgramCache {
  private struct Key: Hashable {
    let module: Module
    let storage: Storage
    let strips: Strips?
  }

  private let model: LoadedModel
  private let backend: any Backend
  private let most = 8
  private var entries: [(key: Key, program: any Program)] = []
  /// Whether a network goes before the next is prepared, since memory does not hold them all.
  var takeTurns = false
  /// Of the networks that do not have all values as a whole, for lack of memory.
  var strips: [Module: Strips] = [:]

  init(_ model: LoadedModel, _ backend: any Backend) {
    self.model = model
    self.backend = backend
  }

  func program(_ module: Module, storing storage: Storage) throws -> any Program {
    let key = Key(module: module, storage: storage, strips: strips[module])
    if let index = entries.firstIndex(where: { $0.key == key }) {
      entries.append(entries.remove(at: index))
    } else {
      if takeTurns { removeAll() }
      if entries.count == most { entries.removeFirst() }
      entries.append((key, try prepared(plan(module, storing: storage))))
    }
    return entries[entries.count - 1].program
  }

  /// The plan of `program(_:storing:)`.
  func plan(_ module: Module, storing storage: Storage) throws -> Plan {
    backend.plan(try module.graph(model), storing: storage, strips: strips[module])
  }

  /// Drops all networks, their weights and values.
  func removeAll() {
    entries = []
    backend.dropValues()
    backend.dropParameters(of: model.checkpoint)
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
}
