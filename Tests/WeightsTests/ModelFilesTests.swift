import Foundation
import Graph
import Testing

@testable import Weights

@Suite struct ModelFilesTests {
  /// A folder in diffusers' layout with one tensor a part.
  private func model(without missing: [String] = []) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let files: [(String, [UInt8])] = [
      ("model_index.json", Array("{}".utf8)),
      ("scheduler/scheduler_config.json", Array("{}".utf8)),
      ("unet/config.json", Array("{}".utf8)), ("vae/config.json", Array("{}".utf8)),
      ("text_encoder/config.json", Array("{}".utf8)),
      ("unet/diffusion_pytorch_model.safetensors", safetensors([("conv_in.weight", [1])])),
      ("vae/diffusion_pytorch_model.safetensors", safetensors([("decoder.conv_in.weight", [2])])),
      ("text_encoder/model.safetensors", safetensors([("text_model.final_layer_norm.bias", [3])])),
    ]
    for (name, bytes) in files where !missing.contains(name) { try folder.write(name, bytes) }
    return folder
  }

  private func names(_ folder: TemporaryFolder, _ variant: String? = nil) throws -> [String] {
    try ModelFiles(folder.path, variant: variant).weights.map {
      String($0.path.dropFirst(folder.path.count + 1))
    }
  }

  @Test func findsTheFilesOfAFolder() throws {
    let folder = try model()
    let files = try ModelFiles(folder.path)
    #expect(files.folder != nil)
    #expect(
      try names(folder) == [
        "unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors",
        "text_encoder/model.safetensors",
      ])
    #expect(files.folder?.has("unet/config.json") == true)
    #expect(files.folder?.has("scheduler/scheduler_config.json") == true)
    #expect(files.folder?.has("tokenizer/vocab.json") == false)
    let checkpoint = try Checkpoint(files)
    #expect(
      checkpoint.names == [
        "text_encoder.final_layer_norm.bias", "unet.conv_in.weight", "vae.decoder.conv_in.weight",
      ])
    #expect(try Checkpoint(files, parts: [.vae]).names == ["vae.decoder.conv_in.weight"])
  }

  @Test func prefersFullPrecisionAndCanBeTold() throws {
    let folder = try model()
    try folder.write("unet/diffusion_pytorch_model.fp16.safetensors", "")
    #expect(try names(folder)[0] == "unet/diffusion_pytorch_model.safetensors")
    let error = try weightsError { _ = try names(folder, "fp16") }
    #expect(
      error.file == folder.path + "/vae"
        && error.reason.contains("expected diffusion_pytorch_model.fp16.safetensors"))
    try folder.write("vae/diffusion_pytorch_model.fp16.safetensors", "")
    try folder.write("text_encoder/model.safetensors.index.fp16.json", "")
    #expect(
      try names(folder, "fp16") == [
        "unet/diffusion_pytorch_model.fp16.safetensors", "vae/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/model.safetensors.index.fp16.json",
      ])
    let half = try model(without: ["vae/diffusion_pytorch_model.safetensors"])
    try half.write("vae/diffusion_pytorch_model.fp16.safetensors", "")
    #expect(try names(half)[1] == "vae/diffusion_pytorch_model.fp16.safetensors")
  }

  @Test func oneFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      "m.safetensors", safetensors([("model.diffusion_model.input_blocks.0.0.weight", [1])]))
    let files = try ModelFiles(path)
    #expect(files.folder == nil && files.weights.map(\.path) == [path])
    #expect(try Checkpoint(files).names == ["unet.conv_in.weight"])
  }

  @Test(arguments: ["ckpt", "bin", "pt", "pth", "CKPT"])
  func picklesAreRefusedWithTheWayToConvert(_ kind: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("model.\(kind)", "")
    let error = try weightsError { _ = try ModelFiles(path) }
    #expect(error.kind == .unsupported)
    #expect(
      error.reason.contains("pickle")
        && error.reason.contains("from_single_file(\"\(path)\").save_pretrained"))
    let whole = try model(without: ["unet/diffusion_pytorch_model.safetensors"])
    try whole.write("unet/diffusion_pytorch_model.\(kind)", "")
    let other = try weightsError { _ = try ModelFiles(whole.path) }
    #expect(other.kind == .unsupported && other.reason.contains("from_pretrained"))
    #expect(try weightsError { _ = try ModelFiles(folder.path) }.reason.contains("from_pretrained"))
  }

  @Test func saysWhatIsMissing() throws {
    let folder = try TemporaryFolder()
    #expect(try weightsError { _ = try ModelFiles(folder.path + "/x") }.reason == "no such file or folder")
    #expect(try weightsError { _ = try ModelFiles(folder.path) }.reason.contains("no model_index.json"))
    let other = try folder.write("x.dat", [1, 2, 3])
    #expect(try weightsError { _ = try ModelFiles(other) }.reason.contains("expected a .safetensors file"))
    let configless = try model(without: ["vae/config.json"])
    #expect(try weightsError { _ = try ModelFiles(configless.path) }.file == configless.path + "/vae")
    let weightless = try model(without: ["text_encoder/model.safetensors"])
    let error = try weightsError { _ = try ModelFiles(weightless.path) }
    #expect(error.description == "\(weightless.path)/text_encoder: no weights; expected model.safetensors")
  }
}
