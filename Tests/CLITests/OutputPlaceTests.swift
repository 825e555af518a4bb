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

  @Test func namesOfFiles() throws {
    let place = try OutputPlace("a/b.png")
    #expect(place.path(index: 0, count: 1, seed: 1, prompt: "x") == "a/b.png")
    #expect(place.path(index: 0, count: 2, seed: 1, prompt: "x") == "a/b-1.png")
    #expect(place.path(index: 11, count: 12, seed: 1, prompt: "x") == "a/b-12.png")
  }

  @Test func namesInAFolderReplaceNothing() throws {
    let folder = try TemporaryFolder()
    let place = OutputPlace.folder(folder.path)
    func next() -> String { place.path(index: 0, count: 1, seed: 7, prompt: "A cat!") }
    #expect(next() == folder.path("7-a-cat.png"))
    try folder.write("", "7-a-cat.png")
    #expect(next() == folder.path("7-a-cat-2.png"))
    try folder.write("", "7-a-cat-2.png")
    #expect(next() == folder.path("7-a-cat-3.png"))
    #expect(place.path(index: 0, count: 1, seed: 7, prompt: "…") == folder.path("7.png"))
    #expect(OutputPlace.folder(".").path(index: 0, count: 1, seed: 7, prompt: "../x") == "7-x.png")
  }

  @Test(arguments: [
    ("A Lighthouse, at dusk", "a-lighthouse-at-dusk"), ("", ""), ("  --  ", ""),
    ("Crème brûlée", "creme-brulee"),
    ("日本 4k", "日本-4k"), ("Собака", "собака"), ("й и\u{306}", "й-й"), ("🙂", "🙂"), ("a ❤️ b", "a-❤-b"),
    ("猫\u{202E}gnp.exe", "猫gnp-exe"), ("a\u{200B}b\u{FEFF}", "ab"), ("नमस्ते", "नमस्ते"), ("ﷺ", "ﷺ"),
    ("Größe", "große"),
    ("👩‍🚀🇩🇪", "👩🚀🇩🇪"), ("가각", "가각"), ("!?…—", ""), ("٣ x²", "٣-x²"),
    (String(repeating: "猫", count: 60), String(repeating: "猫", count: 40)),
    (String(repeating: "🙂", count: 60), String(repeating: "🙂", count: 30)),
    ("../../etc/passwd", "etc-passwd"), ("a\0b\n", "a-b"),
    (String(repeating: "ab ", count: 40), "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a"),
    (String(repeating: "e\u{301}", count: 60), String(repeating: "e", count: 40)),
  ])
  func slugs(text: String, slug: String) { #expect(OutputPlace.slug(text) == slug) }

  @Test func makesAMissingFolder() throws {
    let folder = try TemporaryFolder()
    let place = try OutputPlace(folder.path("a/b/"))
    try place.check()
    #expect(folder.names.isEmpty)
    try place.prepare()
    #expect(FileManager.default.fileExists(atPath: folder.path("a/b")))
  }

  @Test func checksFolders() throws {
    let folder = try TemporaryFolder()
    try folder.write("", "file")
    for path in ["none/a.png", "file/a.png", "file/new/"] {
      for act in [OutputPlace.check, OutputPlace.prepare] {
        #expect {
          try act(OutputPlace(folder.path(path)))()
        } throws: { ($0 as? DarkroomError)?.kind == .output }
      }
    }
    #expect(throws: Never.self) { try OutputPlace(folder.path("a.png")).check() }
    #expect(throws: Never.self) { try OutputPlace("a.png").check() }
  }

  @Test func endings() {
    #expect(OutputPlace.ending(of: "a.b/c") == "")
    #expect(OutputPlace.ending(of: "a.b/c.d.png") == ".png")
    #expect(OutputPlace.join("/", "a") == "/a" && OutputPlace.join("a", "b") == "a/b")
  }
}
