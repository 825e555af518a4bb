import Darkroom
import Foundation
import Pictures
import TestSupport
import Testing

import DarkroomCLI

/// Devices on the command line, on Mesa's software device.
@Suite struct DeviceTests {
  private struct Listing: Decodable {
    struct Device: Decodable {
      let id: String
      let name: String
      let kind: String
      let memory: Int
      let largest_allocation: Int
      let precisions: [String]
      let distrusted: [String]
      let problem: String?
    }
    let devices: [Device]
  }

  @Test func theListNamesAllDevicesAndWhatTheyCan() async throws {
    let folder = try TemporaryFolder()
    let environment = ["XDG_CACHE_HOME": folder.path]
    let result = try await BuiltCommand.run(["devices", "--json"], in: folder, environment: environment)
    #expect(result.code == 0, "\(result.error)")
    let devices = try JSONDecoder().decode(Listing.self, from: Data(result.output.utf8)).devices
    #expect(devices.map(\.id) == ["cpu"] + devices.dropFirst().indices.map { "vulkan:\($0 - 1)" })
    let software = try #require(devices.first { $0.kind == "software" })
    #expect(software.problem == nil && software.distrusted == [])
    #expect(software.largest_allocation > 0 && software.memory >= software.largest_allocation)
    #expect(software.precisions == ["float16", "float32"])
    #expect(FileManager.default.fileExists(atPath: folder.path("darkroom/vulkan-kernels.json")))
    let text = try await BuiltCommand.run(["devices"], in: folder, environment: environment)
    #expect(text.output.contains(software.name) && text.output.contains("all kernels are right"))
  }

  @Test func aPictureOnASoftwareDeviceIsTheProcessors() async throws {
    let folder = try TemporaryFolder()
    let words = [
      "generate", "a red boat", "--model", BuiltCommand.model, "--size", "32x32", "--steps", "2", "--seed",
      "1",
      "--precision", "float32",
    ]
    for (device, name) in [("cpu", "a.png"), ("vulkan:llvmpipe", "b.png")] {
      let result = try await BuiltCommand.run(
        words + ["--device", device, "--output", name], in: folder,
        environment: ["XDG_CACHE_HOME": folder.path])
      #expect(result.code == 0, "\(result.error)")
    }
    let pictures = try ["a.png", "b.png"].map { try Picture.decode(file: folder.path($0)) }
    #expect(zip(pictures[0].pixels, pictures[1].pixels).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
  }

  @Test func whatIsNotThereIsOneClearLine() async throws {
    let folder = try TemporaryFolder()
    let wrong = try await BuiltCommand.run(["generate", "x", "--device", "vulkan:nothing"], in: folder)
    #expect(wrong.code == 2 && wrong.errorLines.count == 1 && wrong.error.contains("for llvmpipe"))
    // A loader that finds no driver.
    let none = try await BuiltCommand.run(
      ["generate", "x", "--device", "vulkan", "--steps", "1"], in: folder,
      environment: ["VK_ICD_FILENAMES": "/nowhere.json", "VK_DRIVER_FILES": "/nowhere.json"])
    #expect(none.code == 1 && none.errorLines.count == 1 && none.error.contains("Vulkan"), "\(none.error)")
  }

  /// Mesa's software device under the name of a GPU whose driver fails.
  @Test(arguments: [("DOUBLE_REFUSES", "does not compile"), ("DOUBLE_IDLES", "computes wrongly")])
  func aBrokenGPULeavesTheWorkToTheProcessor(fault: String, verdict: String) async throws {
    let folder = try TemporaryFolder()
    let words = [
      "generate", "a red boat", "--model", BuiltCommand.model, "--size", "32x32", "--steps", "1", "--seed",
      "1", "--output",
    ]
    let environment = try double(in: folder, playing: [fault])
    let result = try await BuiltCommand.run(words + ["a.png"], in: folder, environment: environment)
    #expect(result.code == 0, "\(result.error)")
    let notices = result.errorLines.filter { $0.contains("Double GPU") }
    #expect(notices.count == 1 && notices[0].contains(verdict), "\(result.error)")
    #expect(notices.first?.contains("the processor computes instead") == true)
    _ = try await BuiltCommand.run(words + ["b.png", "--device", "cpu"], in: folder)
    let pictures = try ["a.png", "b.png"].map { try Picture.decode(file: folder.path($0)) }
    #expect(pictures[0].pixels == pictures[1].pixels)
    // Who names the device wants it or an error.
    let named = try await BuiltCommand.run(
      words + ["c.png", "--device", "vulkan"], in: folder, environment: environment)
    #expect(named.code == 1 && named.error.contains(verdict) && named.error.contains("--retest"))
  }

  @Test func registersAndSpillsAreTheDriversOwn() async throws {
    let folder = try TemporaryFolder()
    let told = try await BuiltCommand.run(
      ["devices", "--pipelines"], in: folder, environment: double(in: folder, playing: []))
    #expect(told.code == 0, "\(told.error)")
    let line = try #require(told.lines.first { $0.contains("product_half 64,64,64,8,8,1,1") })
    #expect(line.contains("Register Count 168") && line.contains("Local Memory Size 256"))
    #expect(line.contains("Binary Size 4096") && !line.contains("Stack"))
    let silent = try await BuiltCommand.run(["devices", "--pipelines"], in: folder)
    #expect(silent.lines.contains { $0.contains("product_half 64,64,64,8,8,1,1") })
    #expect(silent.output.contains("tells neither registers nor spills"))
  }

  @Test func aFolderOfShadersThatIsNotThereIsTheUsersError() async throws {
    let folder = try TemporaryFolder()
    for words in [["devices"], ["generate", "x", "--steps", "1"]] {
      let result = try await BuiltCommand.run(
        words, in: folder, environment: ["DARKROOM_SHADERS": "/nowhere"])
      #expect(result.code == 2 && result.error.contains("DARKROOM_SHADERS: /nowhere"), "\(result.error)")
    }
  }

  /// The environment of a command that finds the double of Tests/Fixtures/vulkan-double as its Vulkan.
  private func double(in folder: TemporaryFolder, playing faults: [String]) throws -> [String: String] {
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    compiler.arguments = [
      "clang", "-shared", "-fPIC", "-o", folder.path("libvulkan.so.1"),
      Fixtures.url("vulkan-double/double.c").path,
    ]
    try compiler.run()
    compiler.waitUntilExit()
    #expect(compiler.terminationStatus == 0)
    let others = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"].map { ":" + $0 } ?? ""
    var environment = ["LD_LIBRARY_PATH": folder.path + others, "XDG_CACHE_HOME": folder.path("cache")]
    for fault in faults { environment[fault] = "1" }
    return environment
  }

  @Test func timesOfOpsNameTheirShareOfTheLimits() async throws {
    let folder = try TemporaryFolder()
    let result = try await BuiltCommand.run(
      [
        "bench", "--ops", "--json", "--device", "vulkan:llvmpipe", "--model", BuiltCommand.model, "--size",
        "32x32", "--rounds", "1",
      ], in: folder, environment: ["XDG_CACHE_HOME": folder.path])
    #expect(result.code == 0, "\(result.error)")
    let listing = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let ops = try #require(listing["ops"] as? [[String: Any]])
    #expect(ops.contains { ($0["name"] as? String)?.hasPrefix("conv2d") ?? false })
    #expect(ops.allSatisfy { ($0["seconds"] as? Double ?? 0) > 0 && ($0["share"] as? Double ?? 0) > 0 })
  }
}
