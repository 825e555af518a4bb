import CPUBackend
import Graph
import Models

/// The networks of a model at one size each.
enum Module: Hashable {
  case textEncoder(skip: Int)
  case unet(batch: Int, height: Int, width: Int, tokens: Int)
  /// Sizes are those of the latents, here as well.
  case decoder(height: Int, width: Int)
  case encoder(height: Int, width: Int)

  /// Records the module's graph and plans it.
  /// - Throws: if the model has an encoder that does not fit.
  func plan(_ model: LoadedModel) throws -> Plan {
    switch self {
    case .textEncoder(let skip): Plan(model.textEncoder.graph(batch: 1, skip: skip))
    case .unet(let batch, let height, let width, let tokens):
      Plan(model.unet.graph(batch: batch, height: height, width: width, tokens: tokens))
    case .decoder(let height, let width): Plan(model.decoder.graph(batch: 1, height: height, width: width))
    case .encoder(let height, let width):
      Plan(try model.encoder.graph(batch: 1, height: height, width: width))
    }
  }
}

/// Programs that are ready to run; the least recently used goes first.
final class ProgramCache {
  private let model: LoadedModel
  private let backend: CPUBackend
  private let most = 8
  private var entries: [(module: Module, program: any Program)] = []

  init(_ model: LoadedModel, _ backend: CPUBackend) {
    self.model = model
    self.backend = backend
  }

  func program(_ module: Module) throws -> any Program {
    if let index = entries.firstIndex(where: { $0.module == module }) {
      entries.append(entries.remove(at: index))
    } else {
      if entries.count == most { entries.removeFirst() }
      entries.append((module, try backend.prepare(try module.plan(model))))
    }
    return entries[entries.count - 1].program
  }
}
