import Glibc
import Graph

// Which layers have weights and inputs in 8 bits where a request asks for it (`--precision int8`). `scripts/sensitivity`
// measures what a picture loses by each group of them; what loses too much stays in 16 bits.

extension LayerNames {
  /// Of networks that nobody measured: the linear layers of attention and of what follows it, which take most of the
  /// time. What networks begin and end with, and what they make of time, is little work and much of the picture.
  static let usualEightBit = LayerNames(["*transformer_blocks.*"], except: ["*.norm*"])

  /// Those that the environment's DARKROOM_INT8_LAYERS names, patterns with commas between them, instead of the table's:
  /// for `scripts/sensitivity`.
  static let forcedEightBit: LayerNames? = getenv("DARKROOM_INT8_LAYERS").map {
    LayerNames(String(cString: $0).split(separator: ",").map(String.init))
  }
}
