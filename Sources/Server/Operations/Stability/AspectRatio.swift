import Darkroom

/// The shapes of pictures in version 2.
enum AspectRatio {
  static let names = ["1:1", "16:9", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"]

  /// Width and height of a shape with about as many pixels as the model's own square.
  static func size(_ name: String, _ model: ModelDescription) -> (width: Int, height: Int)? {
    let parts = name.split(separator: ":").compactMap { Double($0) }
    guard parts.count == 2, names.contains(name) else { return nil }
    return size(parts[0] / parts[1], model)
  }

  /// - Parameter ratio: of the width to the height.
  static func size(_ ratio: Double, _ model: ModelDescription) -> (width: Int, height: Int) {
    // Sides that a model has seen are mostly eighths of its own.
    let multiple = max(model.sideMultiple, model.nativeSide / 8 / model.sideMultiple * model.sideMultiple)
    let area = Double(model.nativeSide * model.nativeSide)
    func side(_ share: Double) -> Int {
      max(multiple, Int(((area * share).squareRoot() / Double(multiple)).rounded()) * multiple)
    }
    return (side(ratio), side(1 / ratio))
  }
}
