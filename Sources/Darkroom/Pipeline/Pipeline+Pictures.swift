import Families
import Foundation
import Graph
import Pictures
import Sampling

extension Pipeline {
  /// One picture's latents to pixels.
  /// - Parameter model: whose latents they are; nil for the pipeline's own.
  package func decode(
    _ latents: Latents, by model: (any DiffusionModel)? = nil, _ reservation: Reservation
  ) throws -> Picture {
    let model = model ?? self.model.network
    let space = model.traits.latents
    let program = try residents.program(
      model.decoder(LatentSize(height: latents.height, width: latents.width)), reservation)
    let unscaled = space.decodable(latents)
    unscaled.withUnsafeBufferPointer { program.write($0, to: "latents") }
    try program.run(.picture) { try Task.checkCancellation() }
    let (width, height) = (latents.width * space.factor, latents.height * space.factor)
    do {
      if let pixels = program.readPixels("picture") {
        return try Picture(rounded: pixels.bytes, notFinite: pixels.notFinite, width: width, height: height)
      }
      var decoded = [Float](repeating: 0, count: width * height * 3)
      decoded.withUnsafeMutableBufferPointer { program.read("picture", into: $0) }
      space.coding.spread(&decoded)
      return try Picture(decoded: decoded.span, width: width, height: height)
    } catch {
      throw DarkroomError(.nonFinite, "decoding: \(error); latents: \(latents.statistics)")
    }
  }

  /// What a pass of a job begins with.
  package func encodePictures(
    _ pass: Pass, of job: Job, _ reservation: Reservation
  ) throws -> EncodedPictures {
    try pass.encodedPictures(in: job.request.system) { values in
      try encode(values: values, width: pass.width, height: pass.height, by: pass.model, reservation)
    }
  }

  /// A picture to the distribution of latents that decode to it.
  /// - Parameter model: whose latents are wanted; nil for the pipeline's own.
  package func encode(
    _ picture: Picture, by model: (any DiffusionModel)? = nil, _ reservation: Reservation
  ) throws -> Posterior {
    try encode(
      values: picture.encodable, width: picture.width, height: picture.height, by: model, reservation)
  }

  /// - Parameter values: `[height, width, 3]`, black at -1 and white at 1.
  package func encode(
    values: [Float], width: Int, height: Int, by model: (any DiffusionModel)? = nil,
    _ reservation: Reservation
  ) throws -> Posterior {
    let model = model ?? self.model.network
    let space = model.traits.latents
    let size = LatentSize(height: height / space.factor, width: width / space.factor)
    let program = try residents.program(model.encoder(size), reservation)
    space.coding.encodable(values).withUnsafeBufferPointer { program.write($0, to: "picture") }
    try program.run(.picture) { try Task.checkCancellation() }
    var moments = [Float](
      repeating: 0, count: space.coding.moments * space.channels * size.height * size.width)
    moments.withUnsafeMutableBufferPointer { program.read("moments", into: $0) }
    let posterior = Posterior(moments: moments, space, size)
    let statistics = posterior.mode().statistics
    guard moments.allSatisfy(\.isFinite) else {
      throw DarkroomError(.nonFinite, "encoding: the picture's latents are not finite: \(statistics)")
    }
    return posterior
  }
}

extension LatentSpace {
  /// What the decoder reads of clean latents.
  fileprivate func decodable(_ latents: Latents) -> [Float] {
    let unscaled = latents.values.map { Float($0) / scale + shift }
    guard case .tiny(let limit) = coding else { return unscaled }
    return unscaled.map { limit * tanh($0 / limit) }
  }
}

extension LatentCoding {
  /// Numbers that an encoder makes for each of a latent.
  fileprivate var moments: Int { self == .variational ? 2 : 1 }

  /// What the encoder reads of a picture from -1 to 1.
  fileprivate func encodable(_ values: [Float]) -> [Float] {
    self == .variational ? values : values.map { ($0 + 1) / 2 }
  }

  /// Makes what a decoder made a picture from -1 to 1.
  fileprivate func spread(_ values: inout [Float]) {
    guard self != .variational else { return }
    for index in values.indices { values[index] = 2 * values[index] - 1 }
  }
}
