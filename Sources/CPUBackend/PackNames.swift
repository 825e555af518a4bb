import CPUKernels
import Graph
import SystemFiles

/// How packed weights are called on disk: by everything that their bytes follow from. Weights that come from no file have
/// no name.
struct PackNames: Equatable {
  /// Which kernels read them. It stands in each file.
  let kernels: String
  let names: [PackKey: String]
  /// How the names of files begin that may hold some of them.
  let network: String

  init(_ keys: [PackKey], _ instructions: InstructionSet) {
    kernels = "layout \(DK_PACKED_LAYOUT), \(instructions.rawValue)"
    var files: Set<String> = []
    var names: [PackKey: String] = [:]
    for key in keys {
      let origins = key.parts.map { $0.source.origin(of: $0.name) }
      guard !origins.contains(nil) else { continue }
      let parts = zip(key.parts, origins).map { part, origin in
        files.insert(origin?.file ?? "")
        return
          "\(part.name), rows \(part.rows) of \(part.shape): \(origin?.tensor ?? "") of \(origin?.file ?? "")"
      }
      names[key] = "\(key.packing.name): \(parts.joined(separator: "; "))"
    }
    self.names = names
    network = fingerprint([kernels] + files.sorted())
  }

  /// The name of the file for some of the packs.
  func file(_ keys: some Sequence<PackKey>) -> String {
    "\(network)-\(fingerprint(keys.compactMap { names[$0] }.sorted()))\(PackFile.ending)"
  }
}

private func fingerprint(_ texts: [String]) -> String {
  var fingerprint = Fingerprint()
  for text in texts {
    fingerprint.add(text.utf8)
    fingerprint.add([0])
  }
  return fingerprint.text
}

extension Packing {
  fileprivate var name: String {
    switch self {
    case .matrix(let area, let packing): "matrix \(packing.rawValue), \(area) taps"
    case .plain: "plain"
    }
  }
}
