import CPUBackend
import Families
import Pictures
import Sampling
import Tokenizer
import VulkanBackend
import Weights

/// What went wrong, in one line that names the file, tensor or field and what was expected.
public struct DarkroomError: Error, Codable, CustomStringConvertible, Sendable {
  public enum Kind: String, Codable, Sendable {
    /// A field of the request, a flag or an input file of the caller.
    case request
    /// A model's file.
    case model
    /// Too little memory or another resource.
    case resources
    /// A network made a number that is not finite.
    case nonFinite
    /// The Hub, or the way to it, does not give a model.
    case download
    /// A picture could not be encoded or written.
    case output
  }

  public let kind: Kind
  public let description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// Any error as one of these.
  init(_ error: any Error) {
    self = error as? DarkroomError ?? DarkroomError(.output, "\(error)")
  }

  /// The public form of what the modules throw. Cancelling stays what it is.
  package static func wrapping<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as WeightsError {
      throw DarkroomError(.model, "\(error)")
    } catch let error as ConfigurationError {
      throw DarkroomError(.model, "\(error)")
    } catch let error as FamilyError {
      throw DarkroomError(.model, "\(error)")
    } catch let error as OutOfResources {
      throw DarkroomError(.resources, "\(error)")
    } catch let error as VulkanError {
      throw DarkroomError(.resources, "\(error)")
    } catch let error as VocabularyError {
      throw DarkroomError(.model, "\(error)")
    } catch let error as PromptError {
      throw DarkroomError(.request, "\(error)")
    } catch let error as SamplingError {
      throw DarkroomError(.request, "\(error)")
    } catch let error as PictureError {
      throw DarkroomError(.output, "\(error)")
    }
  }
}
