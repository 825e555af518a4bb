import Families
import Graph

/// What text encoders have made of the last texts of a model: most requests repeat one, as the negative prompt or the prompt of
/// another seed.
final class KeptEncodings {
  struct Key: Hashable {
    let module: Module
    let format: NumberFormat
    let inputs: NamedInputs
  }

  /// Some hundred kilobytes each, of large models some megabytes.
  private static let most = 16
  /// The least recently used first.
  private var entries: [(key: Key, made: NamedInputs)] = []

  /// Nil for what was not encoded of late.
  subscript(_ key: Key) -> NamedInputs? {
    get {
      guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
      entries.append(entries.remove(at: index))
      return entries[entries.count - 1].made
    }
    set {
      entries.removeAll { $0.key == key }
      guard let newValue else { return }
      if entries.count == Self.most { entries.removeFirst() }
      entries.append((key, newValue))
    }
  }
}
