import Families

/// Upscalers whose files are open, for one device. Their weights share its memory.
package final class LoadedUpscalers {
  private let residents: ResidentModels
  /// The least recently used first.
  private var all: [Upscaler] = []
  private static let most = 2

  package init(_ residents: ResidentModels) { self.residents = residents }

  /// The network of a source, from now on the most recently used.
  /// - Throws: an error that names the file and the tensor that does not fit.
  package func upscaler(_ source: UpscalerSource) throws -> Upscaler {
    if let index = all.firstIndex(where: { $0.source == source }) {
      all.append(all.remove(at: index))
    } else {
      let upscaler = try Upscaler(source)
      if all.count == Self.most { residents.unload(all.removeFirst().model.checkpoint) }
      all.append(upscaler)
    }
    return all[all.count - 1]
  }
}
