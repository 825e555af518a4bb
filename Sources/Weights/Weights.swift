import Graph

/// A place in a checkpoint, walked like folders: `weights["mid_block"]["resnets"][0]`.
package struct Weights: Sendable {
  package let checkpoint: Checkpoint
  /// Our name up to here, `unet.mid_block.resnets.0`.
  package let path: String

  package subscript(name: String) -> Weights { Weights(checkpoint: checkpoint, path: full(name)) }
  package subscript(number: Int) -> Weights { self[String(number)] }

  /// The tensor `name` here, which must have this shape. A missing or misshapen one is noted and
  /// reported by `Checkpoint.verify()`, after which nobody may use the parameter.
  package func parameter(_ name: String, _ shape: Shape) -> Parameter {
    checkpoint.ask(for: full(name), shape)
  }

  /// As `parameter`, but nil if there is no such tensor.
  package func parameterIfPresent(_ name: String, _ shape: Shape) -> Parameter? {
    contains(name) ? parameter(name, shape) : nil
  }

  /// Whether there is a tensor of this name here.
  package func contains(_ name: String) -> Bool { checkpoint.tensor(full(name)) != nil }

  /// Shape of the tensor as stored, to infer a network's sizes from.
  package func shape(_ name: String) -> Shape? { checkpoint.tensor(full(name))?.shape }

  private func full(_ name: String) -> String { "\(path).\(name)" }
}
