import Darkroom

extension Command {
  package static let redo = Command(
    name: "redo", summary: "make a picture again from the request in its file",
    arguments: ["PICTURE"],
    options: [
      .output("a file, or a folder in which the name is made", initial: "PICTURE-redo with its ending"),
      .preview, .previewTerminal, .model, .configuration, .device, .threads, .memoryLimit, .json, .quiet,
      .dryRun,
    ],
    details: ["With the same model and version the new file has the same bytes.", previewDetails],
    examples: ["darkroom redo dusk.png --model sd15/"]
  ) { invocation in
    guard let picture = invocation.words.first else { throw DarkroomError(.request, "no PICTURE") }
    let place: OutputPlace
    if let output = invocation.settings.output {
      place = try OutputPlace(output)
    } else {
      let ending = OutputPlace.ending(of: picture)
      let stem = "\(picture.dropLast(ending.count))-redo"
      place = try OutputPlace(OutputPlace.unused(stem, ending))
    }
    return try await invocation.make(
      try GenerationRequest.read(fromPicture: picture), to: place, keeping: [picture])
  }
}
