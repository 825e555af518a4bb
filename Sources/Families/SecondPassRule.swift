/// When a picture is too large for a model, and how it is made then: drawn at a size that the model was trained for,
/// enlarged, noised, and sampled again at the size that was asked for.
///
/// A network sees what is as far apart as in its training pictures. Drawn at once, larger ones repeat their subject;
/// the second pass keeps the layout of the first and adds detail.
package struct SecondPassRule: Sendable {
  /// A picture is large if its longer side is above this many native sides, or its area above this many native
  /// areas. Up to there models of 512 pixels still draw one subject.
  package var usefulScale = 1.5
  /// The share of the steps that the second pass runs, when it doubles a picture's sides or enlarges them less. Less
  /// leaves the enlarged picture's blur; from about 0.5 on the network has enough freedom to draw its subject several
  /// times after all.
  package var strength = 0.4

  package init() {}

  /// The share of the steps for a picture whose sides grow by `scale`: beyond 2 it falls with it, since each of the
  /// network's native areas shows less of the layout that is to be kept.
  package func strength(enlarging scale: Double) -> Double { strength * min(1, 2 / max(scale, 1)) }

  /// The size of the first pass, or nil if the picture is not large. It has the picture's aspect, at most the native
  /// area, sides that are multiples of `factor`, all within rounding, and it is never large itself.
  /// - Parameters:
  ///   - width: pixels, a multiple of `factor`, as is `height`.
  ///   - nativeSide: pixels of the square pictures that the model was trained with, a multiple of `factor`.
  ///   - factor: picture pixels of one latent pixel, a side.
  package func firstPass(
    width: Int, height: Int, nativeSide: Int, factor: Int
  ) -> (width: Int, height: Int)? {
    let native = Double(nativeSide)
    let (area, longest) = (Double(width) * Double(height), usefulScale * native)
    let longer = Double(max(width, height))
    guard longer > longest || area > usefulScale * native * native else { return nil }
    // A long strip of the native area would be longer than the strip that was asked for.
    let scale = min(native / area.squareRoot(), longest / longer)
    func side(_ asked: Int) -> Int {
      let rounded = Int((Double(asked) * scale / Double(factor)).rounded())
      return factor * max(1, min(rounded, Int(longest) / factor))
    }
    return (side(width), side(height))
  }
}
