/// What a node computes. The list is closed and coarse; backends switch over it, and a new case needs a
/// reason. Planned with the families that use them: rmsNorm, slices along tokens, pixel shuffle, selected rows,
/// conversion.
///
/// It is indirect since plans in strips copy nodes by the thousand.
package indirect enum Op: Sendable, Hashable {
  /// `[..., in]` times `[out, in]` transposed: `[..., out]`.
  case linear(Weight)
  /// `[batch, height, width, in]` convolved with `[out, in, kernel, kernel]`.
  case conv2d(Weight, Window)
  /// `[batch, height, width, channels]`, normalised over the pixels and channels of each group.
  case groupNorm(groups: Int, Affine)
  /// The first half of `groupNorm`, for some rows of a picture `[1, rows, width, channels]`: of each group the mean
  /// and the sum of squared differences from it, `[1, groups x 2]` in float32.
  case groupNormStatistics(groups: Int)
  /// The second half: rows of a picture, normalised by the statistics of all its strips `[strips, groups x 2]`.
  case groupNormApply(groups: Int, Affine, Cut)
  /// Normalised over the channels of each row.
  case layerNorm(Affine)
  /// Queries, keys and values `[batch, tokens, heads x size]`; softmax(scale q kᵀ) v per head.
  case attention(AttentionOptions)
  /// Joins its inputs along channels.
  case concat
  /// Nearest neighbour to `[batch, height, width, channels]` of the output.
  case upsample
  /// Rows of the table chosen by an input of whole numbers `[batch, tokens]`, plus the row of each position.
  case embedding(table: Parameter, positions: Parameter?)
  case activation(Activation)
  /// The sum of two tensors of one shape, or of a tensor and a vector `[batch or 1, channels]` per picture.
  case add
  /// The product of two tensors of one shape.
  case multiply
}

/// A matrix made of the rows of one or more parameters, one below the other, `[outputs, ...]`. Several
/// parts share one product: queries, keys and values of an attention.
package struct Weight: Sendable, Hashable {
  package let parts: [Parameter]

  package init(_ parts: [Parameter]) {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.rowCount == parts[0].rowCount })
    self.parts = parts
  }

  package var outputs: Int { parts.reduce(0) { $0 + $1.rows.count } }
  /// Factors of one output: input channels times the kernel's area.
  package var depth: Int { parts[0].rowCount }
}

/// The window of a square convolution kernel. Padding is by side: the bottom and right follow from the
/// output's size.
package struct Window: Sendable, Hashable {
  package let kernel: Int
  package let stride: Int
  package let padTop: Int
  package let padLeft: Int
  /// Rows of the whole result where a strip makes some of them; nil if all are made.
  package let pictureRows: Int?

  package init(kernel: Int, stride: Int, padTop: Int, padLeft: Int, pictureRows: Int? = nil) {
    self.kernel = kernel
    self.stride = stride
    self.padTop = padTop
    self.padLeft = padLeft
    self.pictureRows = pictureRows
  }

  /// Whether kernels may make tiles of its result, several rows and columns together.
  package var mayBeTiled: Bool { kernel == 3 && stride == 1 }
}

/// How a picture was cut into strips for its statistics.
package struct Cut: Sendable, Hashable {
  /// Pixels of the whole picture.
  package let pixels: Int
  /// Pixels of each strip but the last, which has the rest.
  package let stripPixels: Int

  package init(pixels: Int, stripPixels: Int) {
    self.pixels = pixels
    self.stripPixels = stripPixels
  }

  package var strips: Int { (pixels + stripPixels - 1) / stripPixels }
}

/// Scale and shift per channel after a normalisation, and the number added to the variance.
package struct Affine: Sendable, Hashable {
  package let weight: Parameter
  package let bias: Parameter
  package let epsilon: Float

  package init(weight: Parameter, bias: Parameter, epsilon: Float) {
    self.weight = weight
    self.bias = bias
    self.epsilon = epsilon
  }
}

package struct AttentionOptions: Sendable, Hashable {
  package let heads: Int
  package let scale: Float
  /// Whether token i sees tokens 0...i alone.
  package let causal: Bool

  package init(heads: Int, scale: Float, causal: Bool) {
    self.heads = heads
    self.scale = scale
    self.causal = causal
  }
}

package enum Activation: Sendable, Hashable {
  /// x · sigmoid(x)
  case silu
  /// x · Φ(x), the exact form with erf
  case gelu
  /// x · sigmoid(1.702 x)
  case quickGelu
  /// x where it is positive, x · slope elsewhere.
  case leakyReLU(slope: Float)
  /// The same with a slope for each channel, `[channels]`.
  case prelu(slopes: Parameter)
  /// x · factor: no activation, but in the place of one.
  case scaled(by: Float)

  /// Those without numbers, which norms take too.
  package static let smooth: [Activation] = [.silu, .gelu, .quickGelu]

  var isSmooth: Bool { Activation.smooth.contains(self) }

  package var slopes: Parameter? { if case .prelu(let slopes) = self { slopes } else { nil } }
}
