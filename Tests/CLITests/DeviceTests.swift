import Darkroom
import Foundation
import Pictures
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
    #expect(software.problem == nil && software.distrusted.isEmpty)
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
    #expect(wrong.code == 2 && wrong.errorLines.count == 1 && wrong.error.contains("llvmpipe"))
    // A loader that finds no driver.
    let none = try await BuiltCommand.run(
      ["generate", "x", "--device", "vulkan", "--steps", "1"], in: folder,
      environment: ["VK_ICD_FILENAMES": "/nowhere.json", "VK_DRIVER_FILES": "/nowhere.json"])
    #expect(none.code == 1 && none.errorLines.count == 1 && none.error.contains("Vulkan"), "\(none.error)")
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
