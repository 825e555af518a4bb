import Families
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
    let unscaled = latents.values.map { Float($0) / space.scale + space.shift }
    unscaled.withUnsafeBufferPointer { program.write($0, to: "latents") }
    try program.run(.picture) { try Task.checkCancellation() }
    let (width, height) = (latents.width * space.factor, latents.height * space.factor)
    do {
      if let pixels = program.readPixels("picture") {
        return try Picture(rounded: pixels.bytes, notFinite: pixels.notFinite, width: width, height: height)
      }
      var decoded = [Float](repeating: 0, count: width * height * 3)
      decoded.withUnsafeMutableBufferPointer { program.read("picture", into: $0) }
      return try Picture(decoded: decoded.span, width: width, height: height)
    } catch {
      throw DarkroomError(.nonFinite, "decoding: \(error); latents: \(latents.statistics)")
    }
  }

  /// A picture to the latents that would decode to it: the mean of the posterior, scaled.
  /// - Parameter model: whose latents are wanted; nil for the pipeline's own.
  package func encode(
    _ picture: Picture, by model: (any DiffusionModel)? = nil, _ reservation: Reservation
  ) throws -> Latents {
    let model = model ?? self.model.network
    let space = model.traits.latents
    let size = LatentSize(height: picture.height / space.factor, width: picture.width / space.factor)
    let program = try residents.program(model.encoder(size), reservation)
    picture.encodable.withUnsafeBufferPointer { program.write($0, to: "picture") }
    try program.run(.picture) { try Task.checkCancellation() }
    var latents = Latents(batch: 1, channels: space.channels, height: size.height, width: size.width)
    var means = [Float](repeating: 0, count: latents.count)
    means.withUnsafeMutableBufferPointer { program.read("latents", into: $0) }
    for index in means.indices { latents.values[index] = Double((means[index] - space.shift) * space.scale) }
    let statistics = latents.statistics
    guard statistics.nonFinite == 0 else {
      throw DarkroomError(
        .nonFinite, "encoding: the enlarged picture's latents are not finite: \(statistics)")
    }
    return latents
  }
}
