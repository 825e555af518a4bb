extension KeyMap {
  /// A network that enlarges pictures. Our names are those that Real-ESRGAN writes, behind `upscaler.`.
  package static let upscaler = KeyMap(
    name: "upscaler",
    recognises: { upscalerLayout($0) != nil },
    table: { names in
      guard let layout = upscalerLayout(names) else { return [:] }
      return layout(names).mapValues { "upscaler.\($0)" }
    })

  private typealias Layout = (_ names: [String]) -> [String: String]

  private static func upscalerLayout(_ names: [String]) -> Layout? {
    let known = Set(names)
    if known.contains("model.0.weight") && names.contains(where: { $0.hasPrefix("model.1.sub.") }) {
      return sequentialRRDB
    }
    if known.contains("RRDB_trunk.0.RDB1.conv1.weight") { return firstRRDB }
    let isPresent =
      known.contains("body.0.rdb1.conv1.weight")
      || ["body.0.weight", "body.1.weight", "body.2.weight"].allSatisfy(known.contains)
    return isPresent ? { Dictionary(uniqueKeysWithValues: $0.map { ($0, $0) }) } : nil
  }

  /// ESRGAN's own names.
  private static func firstRRDB(_ names: [String]) -> [String: String] {
    let words: [Substring: Substring] = [
      "RRDB_trunk": "body", "trunk_conv": "conv_body", "upconv1": "conv_up1", "upconv2": "conv_up2",
      "upconv3": "conv_up3", "HRconv": "conv_hr", "RDB1": "rdb1", "RDB2": "rdb2", "RDB3": "rdb3",
    ]
    return Dictionary(
      uniqueKeysWithValues: names.map { name in
        (name, components(name).map { words[$0] ?? $0 }.joined(separator: "."))
      })
  }

  /// The same network as one sequence of modules, of which those without parameters are numbered too: the first
  /// convolution, the blocks with the convolution after them, one convolution for each doubling, and two more.
  private static func sequentialRRDB(_ names: [String]) -> [String: String] {
    let numbers = Set(names.compactMap { components($0).dropFirst().first.flatMap(blockNumber) }).sorted()
    let tail = numbers.filter { $0 > 1 }
    var stems = ["0": "conv_first"]
    for (index, number) in tail.enumerated() {
      let stem =
        switch tail.count - index {
        case 1: "conv_last"
        case 2: "conv_hr"
        default: "conv_up\(index + 1)"
        }
      stems["\(number)"] = stem
    }
    var table: [String: String] = [:]
    for name in names {
      let words = components(name)
      guard words.count >= 3, words[0] == "model", let last = words.last else { continue }
      if words.count == 3, let stem = stems[String(words[1])] { table[name] = "\(stem).\(last)" }
      guard words[1] == "1", words[2] == "sub" else { continue }
      if words.count == 5 { table[name] = "conv_body.\(last)" }
      // model.1.sub.N.RDB1.conv1.0.weight
      if words.count == 8, words[6] == "0" {
        table[name] = "body.\(words[3]).\(words[4].lowercased()).\(words[5]).\(last)"
      }
    }
    return table
  }
}
