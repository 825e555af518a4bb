import Darkroom

/// Pictures from and to ComfyUI's clients.
extension Operation {
  static let comfyView = Operation(
    .comfyUI, .get, "/view", "Gives a picture that was made or sent",
    answers: ["image/png", "image/jpeg", "image/webp"],
    .tell { visit in
      let query = visit.request.query
      guard let folder = ComfyFiles.Folder(rawValue: query["type"] ?? "output") else {
        throw Refusal(.request, field: "type", "must be input, output or temp")
      }
      let place = ComfyFiles.Name(
        room: visit.room, folder: folder, subfolder: query["subfolder"] ?? "", name: query["filename"] ?? "")
      guard let file = visit.premises.comfy.file(place) else {
        throw Refusal(.notFound, field: "filename", "there is no such picture, or none any longer")
      }
      var response = HTTPResponse(type: file.mediaType, file.bytes)
      response.headers["cache-control"] = "private, no-cache"
      return response
    })

  static let comfyUpload = Operation(
    .comfyUploads, .post, "/upload/image",
    "Takes a picture for LoadImage; a form with image, subfolder, overwrite",
    body: .bytes,
    .tell { visit in
      let form = try ComfyForm(visit)
      return try form.keep(ComfyFiles.File(form.image, mediaType: try form.mediaType()))
    })

  static let comfyMaskUpload = Operation(
    .comfyUploads, .post, "/upload/mask",
    "Takes the transparency of a picture as the mask of one that was sent before",
    body: .bytes,
    .tell { visit in
      let form = try ComfyForm(visit)
      _ = try form.mediaType()
      let original = try form.original()
      return try form.keep(ComfyFiles.File(original.bytes, mediaType: original.mediaType, mask: form.image))
    })
}

/// The form that pictures come in.
private struct ComfyForm {
  let image: [UInt8]
  private let filename: String
  private let texts: [String: String]
  private let visit: Visit

  /// - Throws: `Refusal`.
  init(_ visit: Visit) throws {
    self.visit = visit
    var (file, texts) = ((name: String, bytes: [UInt8])?.none, [String: String]())
    do {
      guard let boundary = try MultipartForm.boundary(of: visit.request.headers["content-type"]) else {
        throw Refusal(.request, field: "content-type", "must be multipart/form-data")
      }
      for part in try MultipartForm(visit.request.body, boundary: boundary).parts {
        if part.name == "image", let name = part.filename {
          file = (name, Array(part.content))
        } else {
          texts[part.name] = try part.text()
        }
      }
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw Refusal(.request, field: "body", "\((error as? HTTPRefusal)?.message ?? "\(error)")")
    }
    guard let file else { throw Refusal(.request, field: "image", "is required, as a file with a name") }
    (image, filename, self.texts) = (file.bytes, file.name, texts)
  }

  /// - Throws: `Refusal` for what is no picture.
  func mediaType() throws -> String {
    let facts = try PictureFacts(contents: image, name: "image")
    return "image/\(facts.format.lowercased())"
  }

  /// The picture that a mask is for.
  func original() throws -> ComfyFiles.File {
    let field = "original_ref"
    guard case .object(let fields)? = try? StrictJSON.value(Array((texts[field] ?? "").utf8)),
      case .text(let name)? = fields["filename"]
    else { throw Refusal(.request, field: field, "must be an object with filename, subfolder and type") }
    let place = ComfyFiles.Name(
      room: visit.room, folder: ComfyFiles.Folder(rawValue: fields["type"]?.plain ?? "output") ?? .output,
      subfolder: fields["subfolder"]?.plain ?? "", name: name)
    guard let file = visit.premises.comfy.file(place) else {
      throw Refusal(.notFound, field: field, "there is no such picture, or none any longer")
    }
    return file
  }

  func keep(_ file: ComfyFiles.File) throws -> HTTPResponse {
    let folder = texts["subfolder"] ?? ""
    guard let prefix = ComfyFiles.Prefix(folder.isEmpty ? filename : "\(folder)/\(filename)") else {
      throw Refusal(.request, field: "image", "must have a file's name, and subfolder that of a folder")
    }
    // All are kept in memory for a while, whatever folder they are for.
    let name = ComfyFiles.Name(
      room: visit.room, folder: .input, subfolder: prefix.subfolder, name: prefix.name)
    let overwrites = ["true", "1"].contains(texts["overwrite"] ?? "")
    guard let kept = visit.premises.comfy.uploads.add(file, as: name, overwrites: overwrites) else {
      throw Refusal(.tooLarge, field: "image", "is larger than all pictures together may be")
    }
    return HTTPResponse(
      json: [
        "name": .text(kept.name), "subfolder": .text(kept.subfolder), "type": .text(kept.folder.rawValue),
      ]
        as FieldValue)
  }
}
