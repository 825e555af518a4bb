import Darkroom

/// Names of pictures within the output folder of `--from`.
package enum PictureName {
  package static let expected = "a plain file name that ends in .png, .jpg, .jpeg or .webp, with no folder"

  /// Whether a name stays inside its folder and ends as a picture's does.
  package static func isPlain(_ name: String) -> Bool {
    // Leaves room for -1000 and for the ending of a file that is being written.
    guard (1...200).contains(name.utf8.count), !name.hasPrefix("."), !name.contains("/") else { return false }
    guard singleLine(name) == name else { return false }
    do {
      try GeneratedPicture.checkEnding(of: name)
      return true
    } catch {
      return false
    }
  }

  /// The names of a row's pictures: they depend on the row alone.
  static func names(of row: Row) -> [String] {
    let slug = OutputPlace.slug(row.request.prompt)
    let digits = String(row.number)
    let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    let name = row.output ?? number + (slug.isEmpty ? "" : "-\(slug)") + ".png"
    let count = row.request.pictureCount
    guard count > 1 else { return [name] }
    let ending = OutputPlace.ending(of: name)
    return (1...count).map { "\(name.dropLast(ending.count))-\($0)\(ending)" }
  }
}
