import Foundation
import Server
import TestSupport
import Testing

@Suite final class ResultStoreTests {
  private let folder: TemporaryFolder
  private let start = ContinuousClock.now

  init() throws { folder = try TemporaryFolder() }

  private func store(build: String = "1", _ limits: ResultStore.Limits = .init()) throws -> ResultStore {
    ResultStore(limits, folder: try ResultFolder(folder.path, build: build))
  }

  @Test func anotherStartFindsResultsInTheFolder() throws {
    let made = [picture(0, bytes: 100), picture(1, bytes: 50)]
    try store().keep(.done(made), of: JobID("a"), key: "order", at: start)
    #expect(try store().result(of: "order", at: start) == made)
    #expect(try store(build: "2").result(of: "order", at: start) == nil, "another build may draw otherwise")
    #expect(try store().result(of: "another", at: start) == nil)
  }

  @Test func theFolderHoldsNoMoreThanItsLimit() throws {
    var limits = ResultStore.Limits()
    limits.bytes = 2000
    let store = try store(limits)
    for index in 0..<8 {
      store.keep(.done([picture(0, bytes: 600)]), of: JobID("\(index)"), key: "\(index)", at: start)
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.count >= 1 && names.count < 8)
  }

  @Test func aDamagedFileIsNoResult() throws {
    try store().keep(.done([picture(0)]), of: JobID("a"), key: "order", at: start)
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      try Data("{".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
    }
    #expect(try store().result(of: "order", at: start) == nil)
  }
}
