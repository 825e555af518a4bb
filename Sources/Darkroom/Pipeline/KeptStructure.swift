import Sampling

/// Keeps the large forms and tones of a picture while its detail is drawn anew: in each estimate of the clean picture the means
/// of blocks are those of the picture's latents (iterative latent variable refinement, Choi et al. 2021).
struct KeptStructure {
  /// The picture's latents, of each picture of the batch.
  let clean: Latents
  /// Latent pixels of a block's side.
  let block: Int

  /// Shifts an estimate smoothly, so that what is larger than blocks is the picture's.
  func correct(_ estimate: inout Latents) {
    let (height, width) = (estimate.height, estimate.width)
    var means = Latents(
      batch: estimate.batch, channels: estimate.channels, height: (height + block - 1) / block,
      width: (width + block - 1) / block)
    eachPixel { index, plane, row, column in
      let pixels = min(block, height - row / block * block) * min(block, width - column / block * block)
      let place = (plane * means.height + row / block) * means.width + column / block
      means.values[place] += (clean.values[index] - estimate.values[index]) / Double(pixels)
    }
    let shift = means.resized(height: height, width: width, by: .bilinear)
    for index in estimate.values.indices { estimate.values[index] += shift.values[index] }
  }

  private func eachPixel(_ body: (_ index: Int, _ plane: Int, _ row: Int, _ column: Int) -> Void) {
    for index in clean.values.indices {
      let pixel = index % (clean.height * clean.width)
      body(index, index / (clean.height * clean.width), pixel / clean.width, pixel % clean.width)
    }
  }
}
