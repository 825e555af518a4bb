import Darkroom
import Server
import Synchronization

/// The built-in model as a server knows it.
enum Known {
  static let model: ServedModel = {
    do {
      let description = try ModelDescription(.builtIn)
      return ServedModel(
        name: description.name, source: .builtIn, description: description, precisions: [.float32])
    } catch {
      fatalError("the built-in model cannot be read: \(error)")
    }
  }()
}

/// A complete order for the built-in model.
func order(_ prompt: String, pictures: Int = 1, seed: UInt64 = 7, client: String = "client") throws -> Order {
  var request = GenerationRequest(prompt: prompt)
  (request.count, request.seed) = (pictures, seed)
  let resolved = try ResolvedRequest(
    request, for: Known.model.description, precisions: Known.model.precisions)
  return Order(.drawing(resolved), model: Known.model.name, client: client)
}

func picture(_ index: Int, bytes: Int = 3) -> MadePicture {
  MadePicture(
    index: index, model: Known.model.name, seed: 7, format: .png, bytes: [UInt8](repeating: 1, count: bytes),
    width: 8, height: 8)
}

final class Flag: Sendable {
  private let state = Mutex(false)

  var isRaised: Bool { state.withLock { $0 } }
  func raise() { state.withLock { $0 = true } }
}
