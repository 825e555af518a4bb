import Foundation
import Graph
import Testing

@testable import Weights

@Suite struct ShardIndexTests {
  /// A model whose UNet is in two files.
  private func model(_ map: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("model_index.json", "{}")
    for part in [ModelPart.unet, .vae, .textEncoder] {
      try folder.write("\(part.rawValue)/config.json", "{}")
    }
    try folder.write("vae/diffusion_pytorch_model.safetensors", safetensors([]))
    try folder.write("text_encoder/model.safetensors", safetensors([]))
    try folder.write("unet/one.safetensors", safetensors([("a", [2]), ("b", [3])]))
    try folder.write("unet/two.safetensors", safetensors([("c", [4])]))
    try folder.write(
      "unet/diffusion_pytorch_model.safetensors.index.json",
      "{\"metadata\":{\"total_size\":36},\"weight_map\":\(map)}")
    return folder
  }

  private let sound = #"{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"}"#

  private func open(_ folder: TemporaryFolder) throws -> Checkpoint {
    try Checkpoint(ModelFiles(folder.path))
  }

  @Test func readsFromSeveralFiles() throws {
    let checkpoint = try open(model(sound))
    #expect(checkpoint.names == ["unet.a", "unet.b", "unet.c"])
    #expect(
      checkpoint.files.map { URL(fileURLWithPath: $0).lastPathComponent }.prefix(2) == [
        "one.safetensors", "two.safetensors",
      ])
    #expect(try checkpoint[.unet].parameter("c", [4]).floats() == [0, 1, 2, 3])
    #expect(try checkpoint[.unet].parameter("b", [3]).floats() == [0, 1, 2])
  }

  @Test func namesMustBePlain() throws {
    for name in [
      "../one.safetensors", "/etc/passwd", "/tmp/x.safetensors", "x/one.safetensors", "..", ".", "",
      ".one.safetensors",
      "one.safetensors\\u0000", "one\\u0000.safetensors", "one.bin", "one.safetensors/",
      "..\\\\one.safetensors",
      "öne.safetensors", "one.safetensors ", "~.safetensors", "one.safetensors\\n",
    ] {
      let error = try weightsError { _ = try open(model("{\"a\":\"\(name)\"}")) }
      #expect(error.kind == .malformed && error.reason.contains("expected the plain name"), "\(error)")
    }
  }

  @Test func everyTensorIsWhereTheIndexHasIt() throws {
    for (map, words) in [
      (#"{"a":"one.safetensors","b":"two.safetensors","c":"two.safetensors"}"#, "'b': is"),
      (
        #"{"a":"one.safetensors","c":"two.safetensors"}"#,
        "'b': is in one.safetensors, but the index has it nowhere"
      ),
      (
        #"{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors","d":"two.safetensors"}"#,
        "'d': is not in two"
      ),
      (#"{"a":"one.safetensors","b":"one.safetensors","a":"one.safetensors"}"#, "tensor 'a' given twice"),
      (
        #"{"a":"one.safetensors","b":"one.safetensors","c":"three.safetensors"}"#,
        "three.safetensors: cannot be opened"
      ),
      (#"{"a":1}"#, "expected '\"'"), ("{}", "no weight_map"), ("[]", "expected '{'"),
      ("null", "expected '{'"),
      (sound + ",\"weight_map\":{}", "weight_map given twice"),
    ] {
      let error = try weightsError { _ = try open(model(map)) }
      #expect(error.description.contains(words), "\(error)")
    }
  }

  @Test func tensorsOfTwoFilesMustDiffer() throws {
    let folder = try model(sound)
    try folder.write("unet/two.safetensors", safetensors([("c", [4]), ("a", [2])]))
    #expect(
      try weightsError { _ = try open(folder) }.description.contains(
        "'a': is in two.safetensors, but the index has"))
  }

  @Test func linksOutOfTheFolderAreRefused() throws {
    let folder = try model(sound)
    let elsewhere = try folder.write("elsewhere/c.safetensors", safetensors([("c", [4])]))
    let shard = folder.path + "/unet/two.safetensors"
    #expect(unlink(shard) == 0 && symlink(elsewhere, shard) == 0)
    #expect(try weightsError { _ = try open(folder) }.reason.contains("a link out of the folder"))
  }

  /// A download cache has links to one folder of blobs, for the index as for the shards.
  @Test func linksBesideTheIndexAreFollowed() throws {
    let folder = try model(sound)
    let names = ["diffusion_pytorch_model.safetensors.index.json", "one.safetensors", "two.safetensors"]
    try FileManager.default.createDirectory(atPath: folder.path + "/blobs", withIntermediateDirectories: true)
    for (number, name) in names.enumerated() {
      #expect(rename("\(folder.path)/unet/\(name)", "\(folder.path)/blobs/\(number)") == 0)
      #expect(symlink("../blobs/\(number)", "\(folder.path)/unet/\(name)") == 0)
    }
    #expect(try open(folder).names == ["unet.a", "unet.b", "unet.c"])
  }

  @Test func mutatedIndexesNeverTrap() throws {
    let folder = try model(sound)
    let path = folder.path + "/unet/diffusion_pytorch_model.safetensors.index.json"
    let original = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    for length in original.indices {
      try folder.write("x.json", Array(original[..<length]))
      #expect(throws: WeightsError.self) { try ShardIndex(path: folder.path + "/x.json") }
    }
    for position in original.indices {
      for value: UInt8 in [
        0, 0x22, 0x2F, 0x5C, 0x7B, 0x7D, 0xFF, original[position] ^ 1, original[position] ^ 0x20,
      ] {
        var mutated = original
        mutated[position] = value
        try folder.write("x.json", mutated)
        do { _ = try ShardIndex(path: folder.path + "/x.json") } catch is WeightsError {}
      }
    }
  }
}
