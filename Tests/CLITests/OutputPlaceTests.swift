import Darkroom
import Foundation
import Testing

import DarkroomCLI

@Suite struct OutputPlaceTests {
  @Test func tellsFilesFromFolders() throws {
    let folder = try TemporaryFolder()
    #expect(try OutputPlace(nil) == .folder("."))
    #expect(try OutputPlace("a/b.PNG") == .file(stem: "a/b", ending: ".PNG"))
    #expect(try OutputPlace("a.b.jpeg") == .file(stem: "a.b", ending: ".jpeg"))
    #expect(try OutputPlace("new/") == .folder("new"))
    #expect(try OutputPlace("/") == .folder("/"))
    #expect(try OutputPlace(folder.path) == .folder(folder.path))
    for path in ["a", "a.gif", "a.png.txt", "dir.png/a"] {
      #expect { try OutputPlace(path) } throws: { ($0 as? DarkroomError)?.kind == .request }
    }
  }

  private func write(
    _ place: OutputPlace, index: Int = 0, count: Int = 1, seed: UInt64 = 7, _ prompt: String = "A cat!"
  ) throws -> String {
    var request = GenerationRequest(prompt: prompt)
    request.seed = seed
    return try place.write(FakePicture(index: index, request: FakeMaker.resolved(request)), count: count)
  }

  @Test func namesOfFiles() throws {
    let folder = try TemporaryFolder()
    let place = try OutputPlace(folder.path("b.png"))
    for (index, count, name) in [(0, 1, "b.png"), (0, 2, "b-1.png"), (11, 12, "b-12.png"), (0, 1, "b.png")] {
      #expect(try write(place, index: index, count: count) == folder.path(name))
    }
    #expect(folder.names == ["b-1.png", "b-12.png", "b.png"])
  }

  @Test func namesInAFolderReplaceNothing() throws {
    let folder = try TemporaryFolder()
    let place = OutputPlace.folder(folder.path)
    try folder.write("precious", "7-a-cat-2.png")
    #expect(symlink("nowhere", folder.path("7-a-cat-3.png")) == 0)
    for name in ["7-a-cat.png", "7-a-cat-4.png", "7-a-cat-5.png"] {
      #expect(try write(place) == folder.path(name))
    }
    #expect(try folder.data("7-a-cat-2.png") == Data("precious".utf8))
    #expect(try write(place, "…") == folder.path("7.png"))
    #expect(try write(place, "../x") == folder.path("7-x.png"))
    let free = try OutputPlace(freeLike: folder.path("7.png"))
    #expect(try write(free) == folder.path("7-2.png"))
  }

  /// What can never be written is known before there is anything to write.
  @Test func impossibleNames() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder.path("pipe.png"), 0o600) == 0)
    for (link, target) in [
      ("device.png", "/dev/null"), ("loop.png", "loop.png"), ("far.png", "none/a.png"),
      ("new.png", "made.png"),
    ] { #expect(symlink(target, folder.path(link)) == 0) }
    try FileManager.default.createDirectory(atPath: folder.path("a-2.png"), withIntermediateDirectories: true)
    let name = String(repeating: "x", count: 250)
    var request = GenerationRequest(prompt: "x")
    for (path, count, reason) in [
      ("\(name)xx.png", 1, "File name too long"), ("\(name).png", 2, "File name too long"),
      ("pipe.png", 1, "not a regular file"), ("device.png", 1, "not a regular file"),
      ("loop.png", 1, "Too many levels of symbolic links"), ("far.png", 1, "No such file or directory"),
      ("a.png", 2, "not a regular file"), ("\(name)xxxxxx/", 1, "File name too long"),
    ] {
      request.count = count
      let error = #expect(throws: DarkroomError.self) {
        try OutputPlace(folder.path(path)).check(for: request)
      }
      #expect(error?.kind == .output && error?.description.contains(reason) == true, "\(path)")
    }
    request.count = 1
    for path in ["\(name).png", "new.png", "a.png", "a-2.png", "folder/"] {
      #expect(throws: Never.self, "\(path)") { try OutputPlace(folder.path(path)).check(for: request) }
    }
  }

  @Test(arguments: [
    ("A Lighthouse, at dusk", "a-lighthouse-at-dusk"), ("", ""), ("  --  ", ""),
    ("Crème brûlée", "creme-brulee"),
    ("日本 4k", "4k"), ("../../etc/passwd", "etc-passwd"), ("a\0b\n", "a-b"),
    (String(repeating: "ab ", count: 40), "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a"),
    (String(repeating: "e\u{301}", count: 60), String(repeating: "e", count: 40)),
  ])
  func slugs(text: String, slug: String) { #expect(OutputPlace.slug(text) == slug) }

  @Test func makesAMissingFolder() throws {
    let folder = try TemporaryFolder()
    let place = try OutputPlace(folder.path("a/b/"))
    try place.check(for: GenerationRequest(prompt: "x"))
    #expect(folder.names.isEmpty)
    try place.prepare(for: GenerationRequest(prompt: "x"))
    #expect(FileManager.default.fileExists(atPath: folder.path("a/b")))
  }

  @Test func checksFolders() throws {
    let folder = try TemporaryFolder()
    try folder.write("", "file")
    for path in ["none/a.png", "file/a.png", "file/new/"] {
      for act in [OutputPlace.check, OutputPlace.prepare] {
        #expect {
          try act(OutputPlace(folder.path(path)))(GenerationRequest(prompt: "x"))
        } throws: { ($0 as? DarkroomError)?.kind == .output }
      }
    }
    for path in [folder.path("a.png"), "a.png"] {
      #expect(throws: Never.self) { try OutputPlace(path).check(for: GenerationRequest(prompt: "x")) }
    }
  }

  @Test func endings() {
    #expect(OutputPlace.ending(of: "a.b/c") == "")
    #expect(OutputPlace.ending(of: "a.b/c.d.png") == ".png")
    #expect(OutputPlace.join("/", "a") == "/a" && OutputPlace.join("a", "b") == "a/b")
  }
}
