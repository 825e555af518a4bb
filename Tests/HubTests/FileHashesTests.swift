import Foundation
import Glibc
import Hub
import Testing

/// Hashes of files, and when a kept one is used.
@Suite final class FileHashesTests {
  private let folder: URL
  private var kept: FileHashes { FileHashes(file: folder.appendingPathComponent("cache/hashes.json").path) }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("hashes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// A file as large as those whose hashes are kept, which was changed long ago.
  private func file(_ name: String = "a", filledWith byte: UInt8, seconds: Int = 1_000_000_000) throws
    -> String
  {
    let path = folder.appendingPathComponent(name).path
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o644)
    defer { close(descriptor) }
    let bytes = [UInt8](repeating: byte, count: FileHashes.leastKept)
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
    let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    try #require(futimens(descriptor, times) == 0)
    return path
  }

  @Test func knownValues() throws {
    let path = folder.appendingPathComponent("abc").path
    try Data("abc".utf8).write(to: URL(fileURLWithPath: path))
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(try kept.sha256(ofFiles: [path, path]) == [expected, expected])
    #expect(try Array("abc".utf8).withUnsafeBytes { try FileHashes.sha256($0) } == expected)
  }

  /// Bytes that are changed behind size, time and inode show whether the file was read again.
  @Test func aLargeFileIsReadOnce() throws {
    let path = try file(filledWith: 1)
    let first = try kept.sha256(ofFiles: [path])
    _ = try file(filledWith: 2)
    #expect(try kept.sha256(ofFiles: [path]) == first)
    #expect(try FileHashes(file: nil).sha256(ofFiles: [path]) != first)
  }

  /// Two that add at the same time keep what the other has added.
  @Test func hashesOfAllAreKept() async throws {
    let paths = try (0..<10).map { try file("\($0)", filledWith: UInt8($0)) }
    let hashes = kept
    await withTaskGroup(of: Void.self) { group in
      for path in paths { group.addTask { _ = try? hashes.sha256(ofFiles: [path]) } }
    }
    let text = try Data(contentsOf: folder.appendingPathComponent("cache/hashes.json"))
    let entries = try #require(JSONSerialization.jsonObject(with: text) as? [String: Any])
    #expect(entries.count == paths.count)
  }

  @Test func anotherTimeSizeOrInodeIsReadAgain() throws {
    let path = try file(filledWith: 1)
    let first = try kept.sha256(ofFiles: [path])
    _ = try file(filledWith: 2, seconds: 1_000_000_001)
    let second = try kept.sha256(ofFiles: [path])
    #expect(second != first)
    try #require(rename(try file("b", filledWith: 3, seconds: 1_000_000_001), path) == 0)
    #expect(try kept.sha256(ofFiles: [path]) != second)
  }

  /// A file that was just written may be written again within one tick of the clock.
  @Test func aFreshFileIsNotKept() throws {
    let path = try file(filledWith: 1, seconds: time(nil))
    let first = try kept.sha256(ofFiles: [path])
    let status = try #require(try? FileManager.default.attributesOfItem(atPath: path))
    _ = try file(
      filledWith: 2, seconds: Int((status[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0))
    #expect(try kept.sha256(ofFiles: [path]) != first)
  }

  @Test func aCacheThatCannotBeReadOrWrittenIsNoError() throws {
    let path = try file(filledWith: 1)
    let expected = try FileHashes(file: nil).sha256(ofFiles: [path])
    #expect(try FileHashes(file: "/dev/null/hashes.json").sha256(ofFiles: [path]) == expected)
    let damaged = folder.appendingPathComponent("damaged.json")
    try Data("[{".utf8).write(to: damaged)
    #expect(try FileHashes(file: damaged.path).sha256(ofFiles: [path]) == expected)
  }

  @Test func aBlobOfTheHubIsNotRead() throws {
    let blobs = folder.appendingPathComponent("models--owner--name/blobs")
    try FileManager.default.createDirectory(at: blobs, withIntermediateDirectories: true)
    let hash = String(repeating: "0123456789abcdef", count: 4)
    try Data("x".utf8).write(to: blobs.appendingPathComponent(hash))
    let link = folder.appendingPathComponent("model.safetensors").path
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: blobs.appendingPathComponent(hash).path)
    #expect(try kept.sha256(ofFiles: [link]) == [hash])
  }

  @Test func errorsNameTheFile() throws {
    let missing = folder.appendingPathComponent("missing").path
    #expect { try kept.sha256(ofFiles: [missing]) } throws: { "\($0)".contains(missing) }
    #expect { try kept.sha256(ofFiles: [folder.path]) } throws: { "\($0)".contains("not a regular file") }
    struct Stop: Error {}
    let path = try file(filledWith: 1)
    #expect(throws: Stop.self) { try kept.sha256(ofFiles: [path]) { throw Stop() } }
  }
}
