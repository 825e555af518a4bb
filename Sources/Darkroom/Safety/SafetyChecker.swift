import Families
import Graph
import Pictures
import Weights

/// Looks at finished pictures by the network of a model's folder.
package struct SafetyChecker {
  package let model: SafetyModel

  package init(_ model: SafetyModel) { self.model = model }

  /// What the rules of the checker make of a picture. Values are stored in float32 on every device: a verdict hangs on the third
  /// digit.
  /// - Throws: `DarkroomError` of kind `resources` if the network does not fit, `nonFinite` if it made numbers that are
  ///   none; `CancellationError` within an operation of the network.
  package func verdict(on picture: Picture, on residents: ResidentModels) throws -> SafetyVerdict {
    let (specialCare, concepts) = try likenesses(of: picture, on: residents)
    return SafetyVerdict(specialCare: specialCare, concepts: concepts)
  }

  /// How near a picture comes to each concept.
  package func likenesses(
    of picture: Picture, on residents: ResidentModels
  ) throws -> (specialCare: [SafetyVerdict.Likeness], concepts: [SafetyVerdict.Likeness]) {
    let embedding = try embedding(of: picture, on: residents)
    func likenesses(_ concepts: [SafetyModel.Concept]) -> [SafetyVerdict.Likeness] {
      concepts.map { (Self.cosine(embedding, $0.direction), $0.threshold) }
    }
    return (likenesses(model.specialCare), likenesses(model.concepts))
  }

  /// Where a picture lies among those that CLIP was trained with.
  private func embedding(of picture: Picture, on residents: ResidentModels) throws -> [Float] {
    let prepared = picture.prepared(model.preparation)
    let workload = Workload(
      format: .float32, before: [model.module], after: [], denoisers: { _ in [] }, mostTogether: 1,
      pictureBytes: prepared.count * MemoryLayout<Float>.stride)
    guard let reservation = residents.reserve(workload) else {
      throw DarkroomError.tooLarge(residents.estimate(workload))
    }
    let program = try residents.program(model.module, reservation)
    prepared.withUnsafeBufferPointer { program.write($0, to: "picture") }
    model.places.withUnsafeBufferPointer { program.write($0, to: "places") }
    try program.run(.picture) { try Task.checkCancellation() }
    var embedding = [Float](repeating: 0, count: model.embeddingCount)
    embedding.withUnsafeMutableBufferPointer { program.read("embedding", into: $0) }
    // Numbers that are none are beyond no threshold: the picture would pass.
    guard embedding.allSatisfy(\.isFinite) else {
      if let fault = try model.checkpoint.firstNonFinite() { throw fault }
      throw DarkroomError(.nonFinite, "the safety checker made numbers that are not finite of the picture")
    }
    return embedding
  }

  /// 0 where a vector has no length.
  private static func cosine(_ a: [Float], _ b: [Float]) -> Float {
    func product(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let lengths = (product(a, a) * product(b, b)).squareRoot()
    return lengths == 0 ? 0 : Float(product(a, b) / lengths)
  }
}

extension Picture {
  /// What a network sees of the picture, `[side, side, 3]`.
  package func prepared(_ preparation: PicturePreparation) -> [Float] {
    let (shorter, side) = (preparation.shorterSide, preparation.side)
    let ofPicture = min(width, height)
    let resized = resized(
      width: shorter * width / ofPicture, height: shorter * height / ofPicture, by: .bicubic)
    let square = resized.cropped(
      left: (resized.width - side) / 2, top: (resized.height - side) / 2, width: side, height: side)
    return square.pixels.enumerated().map { index, level in
      let value = Double(level) * preparation.factor - preparation.means[index % 3]
      return Float(value / preparation.deviations[index % 3])
    }
  }
}
