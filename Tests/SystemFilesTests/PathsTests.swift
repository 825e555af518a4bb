import Glibc
import SystemFiles
import TestSupport
import Testing

@Suite struct PathsTests {
  @Test(arguments: [("a", "."), ("a/b", "a"), ("/a", "/"), ("/", "/"), ("./a/b", "./a"), ("", ".")])
  func folders(path: String, folder: String) { #expect(Paths.folder(of: path) == folder) }

  @Test func resolvedPaths() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write([1], to: "\(folder.path)/a")
    #expect(symlink("a", "\(folder.path)/link") == 0)
    #expect(Paths.resolved("\(folder.path)/./link") == Paths.resolved("\(folder.path)/a"))
    #expect(Paths.resolved("\(folder.path)/none") == nil && errno == ENOENT)
  }

  @Test func makesFoldersThatAreMissing() throws {
    let folder = try TemporaryFolder()
    let (inner, outer) = ("\(folder.path)/a/b", "\(folder.path)/a")
    for path in [inner, inner, outer + "/c/", "."] { try Paths.makeFolder(path) }
    #expect(TemporaryFolder.names(in: outer) == ["b", "c"])
    try AtomicFile.write([1], to: "\(folder.path)/file")
    for (path, reason) in [
      ("\(folder.path)/file", "File exists"), ("\(folder.path)/file/new", "Not a directory"),
      ("", "No such file or directory"),
    ] {
      let error = #expect(throws: FileError.self) { try Paths.makeFolder(path) }
      #expect(error?.description == "cannot make \(path): \(reason)")
    }
    for path in [inner, outer + "/c", outer] { rmdir(path) }
  }

  @Test func theCacheIsTheUsers() async {
    await #expect(processExitsWith: .success) {
      for (cache, home, expected) in [
        ("/c", "/h", "/c/darkroom"), ("", "/h", "/h/.cache/darkroom"), ("c", "/h", "/h/.cache/darkroom"),
        ("", "", nil),
      ] as [(String, String, String?)] {
        setenv("XDG_CACHE_HOME", cache, 1)
        setenv("HOME", home, 1)
        #expect(Paths.cache == expected)
      }
    }
  }
}

@Suite struct SmallHelperTests {
  /// The published test vectors of 64-bit FNV-1a.
  @Test func fingerprints() {
    var fingerprint = Fingerprint()
    #expect(fingerprint.value == 0xcbf2_9ce4_8422_2325)
    for part in ["foo", "", "bar"] { fingerprint.add(part.utf8) }
    #expect(fingerprint.value == 0x8594_4171_f739_67e8 && fingerprint.text == "85944171f73967e8")
  }

  @Test func editDistances() {
    #expect(editDistance(Array("kitten".utf8), Array("sitting".utf8)) == 3)
    #expect(editDistance(Array("kitten".unicodeScalars), Array("sitting".unicodeScalars)) == 3)
    #expect(editDistance([], Array("abc".utf8)) == 3 && editDistance(Array("ab".utf8), []) == 2)
    #expect(editDistance(Array("abc".utf8), Array("abc".utf8)) == 0)
  }

  @Test func secondsOfADuration() {
    #expect(Duration.milliseconds(1500).seconds == 1.5 && Duration.seconds(-2).seconds == -2)
  }
}
