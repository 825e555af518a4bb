import Graph

/// What people take for a file of weights and is none, known by its first bytes.
enum FileSignature {
  /// Enough for every mark here, and for the first line of a text.
  private static let looked = 4096

  /// What a file is that is not in the safetensors format, and what to do; nil if nothing here knows it.
  static func problem(_ source: ByteSource) -> String? {
    guard let head = head(source) else { return nil }
    if head.isEmpty { return "is empty (0 bytes); download it again" }
    if let mark = marks.first(where: { $0.fits(head) }) { return mark.problem }
    return page(head) ?? text(head) ?? (head.allSatisfy { $0 == 0 } ? zeros(source) : nil)
  }

  /// As `problem`, of what may stand in place of any file, texts among them: pointers and web pages.
  static func placeholder(_ source: ByteSource) -> String? {
    guard let head = head(source) else { return nil }
    return marks.prefix(2).first { $0.fits(head) }?.problem ?? page(head)
  }

  /// Whether the file begins as one of safetensors does.
  static func isSafetensors(_ source: ByteSource) -> Bool {
    guard let head = head(source), head.count > 8 else { return false }
    return head[8] == UInt8(ascii: "{") && head[6] == 0 && head[7] == 0
  }

  static let pickle =
    "is a Python pickle as PyTorch writes it (.ckpt, .pt, .pth, .bin), which runs programs when it is opened, and is "
    + "not read; convert it to safetensors"

  private static func head(_ source: ByteSource) -> [UInt8]? {
    var head = [UInt8](repeating: 0, count: min(looked, source.count))
    let isRead = head.withUnsafeMutableBytes { (try? source.read(at: 0, into: $0)) != nil }
    return isRead ? head : nil
  }

  // MARK: - Marks

  private struct Mark {
    let bytes: [[UInt8]]
    let at: Int
    let problem: String

    init(_ bytes: [[UInt8]], at: Int = 0, _ problem: String) {
      (self.bytes, self.at, self.problem) = (bytes, at, problem)
    }

    init(_ text: String, at: Int = 0, _ problem: String) { self.init([Array(text.utf8)], at: at, problem) }

    func fits(_ head: [UInt8]) -> Bool { bytes.contains { head.dropFirst(at).starts(with: $0) } }
  }

  /// The table: what files begin with; first what stands in place of any file. ZIP archives are mostly PyTorch's.
  private static let marks = [
    Mark(
      "version https://git-lfs",
      "is a Git LFS pointer and holds no numbers: the file itself was not fetched; run git lfs pull, or download it"
    ),
    Mark(
      "# xet version", "is a Xet pointer and holds no numbers: the file itself was not fetched; download it"),
    Mark(
      "GGUF",
      "is a GGUF file, the format of llama.cpp and stable-diffusion.cpp, which is not read; \(another)"),
    Mark(["lmgg", "fmgg", "tjgg"].map { Array($0.utf8) }, "is a GGML file, which is not read; \(another)"),
    Mark("PK\u{3}\u{4}", pickle),
    Mark((2...5).map { [0x80, $0] }, pickle),
    Mark((7...10).map { [0x08, $0, 0x12] }, "is an ONNX file, which is not read; \(another)"),
    Mark([[0x89] + Array("HDF\r\n".utf8)], "is an HDF5 file (Keras), which is not read; \(another)"),
    Mark("TFL3", at: 4, "is a TensorFlow Lite file, which is not read; \(another)"),
    Mark([[0x93] + Array("NUMPY".utf8)], "is a NumPy file, which is not read; \(another)"),
    Mark(
      [[0x89] + Array("PNG".utf8), [0xFF, 0xD8, 0xFF], Array("RIFF".utf8)],
      "is a picture and no model; darkroom inspect and darkroom redo read it under its own ending"),
    Mark(
      [[0x1F, 0x8B], Array("7z".utf8) + [0xBC], Array("Rar!".utf8), [0xFD] + Array("7zXZ".utf8)],
      "is a compressed archive; unpack it"),
  ]

  private static let another = "choose the .safetensors file of the same model"

  // MARK: - Texts

  /// Behind white space and a byte order mark.
  private static func start(_ head: [UInt8]) -> ArraySlice<UInt8> {
    head.drop { [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
  }

  private static func page(_ head: [UInt8]) -> String? {
    let start = String(decoding: start(head).prefix(40), as: UTF8.self).lowercased()
    guard ["<!doctype", "<html", "<?xml", "<head", "<body"].contains(where: start.hasPrefix) else {
      return nil
    }
    return
      "is a saved web page (HTML): the site asked for a login or a licence, or showed an error; open its address in a "
      + "browser, or use darkroom pull"
  }

  private static func text(_ head: [UInt8]) -> String? {
    let text = start(head)
    guard text.count > 2, text.allSatisfy({ $0 >= 0x20 || [0x09, 0x0A, 0x0D].contains($0) }),
      String(validating: text.prefix(120), as: UTF8.self) != nil
    else { return nil }
    let line = String(decoding: text.prefix { $0 != 0x0A && $0 != 0x0D }.prefix(60), as: UTF8.self)
    return
      "is a text and no model; it begins \"\(line)\": an error message in place of the file? Download it again"
  }

  private static func zeros(_ source: ByteSource) -> String? {
    "holds zeros where its header should be: a download whose \(source.count) bytes were reserved and not written; "
      + "download it again"
  }
}
