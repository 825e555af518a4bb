import Glibc
import Graph

// Which layers have weights and inputs in 8 bits where a request asks for it (`--precision int8`). What a picture loses
// by each group of them `scripts/sensitivity` tells; what loses too much stays in 16 bits.

extension LayerNames {
  /// Of networks that nobody measured: the linear layers of attention and of what follows it, which take most of the
  /// time. What networks begin and end with, and what they make of time, is little work and much of the picture.
  static let usualEightBit = LayerNames(["*transformer_blocks.*"], except: ["*.norm*"])

  /// Stable Diffusion's UNet (`LatentDiffusion`). With one group alone in 8 bits pictures of the built-in model keep, in a
  /// simulation of the arithmetic (SPEED.md), as median PSNR against float32 in dB: self-attention's queries, keys and
  /// values 60, its output 56; cross-attention's queries 60, keys and values 59, output 57; feed-forward's first layer 54,
  /// second 56; all of these together 50.
  /// Kernels of one pixel around attention (56 each) stay in 16 bits: they are 2 % of the operations and would take one
  /// more dB. So do shortcuts (51), time (60), text encoder (59) and autoencoder (58), which are less.
  static let stableDiffusion = LayerNames(["unet.*.attn1.*", "unet.*.attn2.*", "unet.*.ff.net.*"])

  /// Those that the environment's DARKROOM_INT8_LAYERS names instead of a table, patterns with commas between them: for
  /// `scripts/sensitivity`.
  static let forcedEightBit: LayerNames? = getenv("DARKROOM_INT8_LAYERS").map {
    LayerNames(String(cString: $0).split(separator: ",").map(String.init))
  }
}
