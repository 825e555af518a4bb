import Families
import FoundationEssentials
import Hub
import Sampling

/// What enlarges a picture between two passes, by name: a filter of `Enlargement.filters`, or a network.
public struct UpscalerReference: Sendable, Equatable {
  /// Of a filter, of the built-in network, of one in the model folders, or a file's path.
  public var name: String
  /// SHA-256 of the network's file in hexadecimal digits; nil where it was not read yet, and for filters. Another content
  /// is refused.
  public var sha256: String?

  public init(_ name: String, sha256: String? = nil) { (self.name, self.sha256) = (name, sha256) }

  /// The names of filters, which need no file.
  public static var filters: [String] { Enlargement.filters }
}

/// What enlarges a picture between two passes.
enum Enlargement {
  /// Lanczos' filter, of the decoded picture.
  case lanczos
  /// The latents themselves, without decoding them.
  case latents(Latents.Filter)
  /// A network that was trained for it, of the decoded picture.
  case network(UpscalerSource)

  static let filters = ["lanczos", "latent", "latent-nearest"]

  /// - Parameter reference: nil for the usual one. A1111's names of filters are known too.
  /// - Throws: `DarkroomError` of kind `model` that says what is missing.
  init(_ reference: UpscalerReference?) throws {
    switch reference?.name.lowercased() {
    case nil, "lanczos": self = .lanczos
    case "latent", "latent (bilinear)": self = .latents(.bilinear)
    case "latent-nearest", "latent (nearest-exact)": self = .latents(.nearest)
    default:
      let environment = ProcessInfo.processInfo.environment
      let folders = try UserConfiguration(environment).modelFolders
      do {
        let store = ModelStore(environment: environment, folders: folders)
        self = .network(try store.upscaler(named: reference?.name ?? ""))
      } catch let error as DarkroomError {
        throw error.at("upscaler")
      }
    }
  }

  /// Whether the enlarged picture becomes latents again.
  var needsEncoder: Bool { if case .latents = self { false } else { true } }

  /// As A1111 writes it.
  var title: String {
    switch self {
    case .lanczos: "Lanczos"
    case .latents(.bilinear): "Latent"
    case .latents(.nearest): "Latent (nearest-exact)"
    case .network(let source): source.name
    }
  }

  /// The reference with the content of the network's file.
  /// - Throws: `DarkroomError` of kind `model` if the file has another content than the reference says.
  func completed(_ reference: UpscalerReference?) throws -> UpscalerReference? {
    guard case .network(let source) = self, var reference else { return reference }
    let found = try DarkroomError.wrapping { try source.fingerprint() }.description
    if let wanted = reference.sha256, wanted != found {
      throw DarkroomError(
        .model, field: "upscaler: \(reference.name)", found: found,
        expected: "the file with SHA-256 \(wanted)",
        "is another network (SHA-256 \(found))")
    }
    reference.sha256 = found
    return reference
  }
}

extension UpscalerReference {
  /// A name, or an object that gives the hash too.
  init?(_ value: FieldValue) {
    switch value {
    case .text(let name): self.init(name)
    case .object(let fields):
      guard case .text(let name)? = fields["name"], case .text(let sha256)? = fields["sha256"],
        fields.count == 2
      else { return nil }
      self.init(name, sha256: sha256)
    default: return nil
    }
  }

  var fieldValue: FieldValue {
    sha256.map { .object(["name": .text(name), "sha256": .text($0)]) } ?? .text(name)
  }
}
