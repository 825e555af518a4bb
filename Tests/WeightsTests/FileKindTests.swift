import Foundation
import Graph
import Testing

@testable import Weights

/// What files are that are no models, told by a few of their tensors as published files have them.
@Suite struct FileKindTests {
  private static let unet = "model.diffusion_model."

  /// The telling tensors of a UNet in latent diffusion's names.
  private static func unet(
    _ context: Int, inputs: Int = 4, at prefix: String = unet, whole: Bool = true, more: [String] = []
  ) -> [(String, Shape)] {
    [
      (prefix + "input_blocks.0.0.weight", [320, inputs, 3, 3]),
      (prefix + "time_embed.0.weight", [1280, 320]),
      (prefix + "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", [320, context]),
    ] + more.map { ($0, [1]) }
      + (whole ? [("first_stage_model.decoder.conv_in.weight", [512, 4, 3, 3])] : [])
  }

  private static func named(_ names: String...) -> [(String, Shape)] { names.map { ($0, [320, 320]) } }

  private static let kinds: [(words: String, tensors: [(String, Shape)])] = [
    ("checkpoint of Stable Diffusion 2:", unet(1024)),
    ("Stable Diffusion 2 (unCLIP)", unet(1024, more: [unet + "label_emb.0.0.weight"])),
    ("checkpoint of Stable Diffusion XL (SDXL):", unet(2048)), ("Stable Diffusion XL refiner", unet(1280)),
    ("Stable Diffusion 1 for inpainting", unet(768, inputs: 9)),
    ("SDXL) for inpainting", unet(2048, inputs: 9)),
    ("InstructPix2Pix", unet(768, inputs: 8)), ("guided by depth", unet(1024, inputs: 5)),
    ("x4 upscaler", unet(1024, inputs: 7)), ("Zero123", unet(768, inputs: 8, more: ["cc_projection.weight"])),
    (
      "of video (Stable Video",
      unet(1024, inputs: 8, more: [unet + "input_blocks.1.0.time_stack.in_layers.0.weight"])
    ),
    ("the UNet alone of Stable Diffusion 1", unet(768, whole: false)),
    ("the UNet alone of Stable Diffusion XL", unet(2048, at: "diffusion_model.", whole: false)),
    (
      "the UNet alone of Stable Diffusion 1",
      [
        ("conv_in.weight", [320, 4, 3, 3]), ("time_embedding.linear_1.weight", [1280, 320]),
        ("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", [320, 768]),
      ]
    ),
    ("nf4", unet(768, more: [unet + "time_embed.0.weight.quant_state.bitsandbytes__nf4"])),
    ("int8", unet(768, more: [unet + "time_embed.0.SCB"])), ("GPTQ", named("model.layers.0.mlp.qweight")),
    ("Stable Diffusion 3", named("model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight")),
    ("Stable Diffusion 3", named("transformer_blocks.0.attn.add_q_proj.weight")),
    ("model of Flux", named("double_blocks.0.img_attn.qkv.weight")),
    ("model of Flux", named("single_transformer_blocks.0.attn.to_q.weight")),
    ("Chroma", named("distilled_guidance_layer.in_proj.weight", "double_blocks.0.img_attn.qkv.weight")),
    ("AuraFlow", named("model.double_layers.0.attn.w1q.weight")),
    ("Cascade", named("clip_txt_mapper.weight")),
    ("PixArt", named("t_block.1.weight")), ("Hunyuan-DiT", named("mlp_t5.0.weight")),
    ("ControlNet", named("control_model.input_hint_block.0.weight")),
    (
      "ControlNet",
      [
        ("conv_in.weight", [320, 4, 3, 3]), ("time_embedding.linear_1.weight", [1280, 320]),
        ("controlnet_cond_embedding.conv_in.weight", [16, 3, 3, 3]),
      ]
    ),
    ("ControlNet", named("lora_controlnet")),
    ("a LoRA:", named("lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight")),
    ("a LoRA:", named("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight")),
    ("a LoRA:", named("down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight")),
    ("a LoRA:", named("unet.down_blocks.0.attn1.to_k.lora.down.weight")), ("a LoRA:", named("unet:9:down")),
    ("LoHa", named("lora_unet_x.hada_w1_a")), ("LoKr", named("lora_unet_x.lokr_w2")),
    ("DoRA", named("lora_unet_x.lora_down.weight", "lora_unet_x.dora_scale")),
    ("OFT", named("oft_unet_x.oft_blocks")),
    ("motion module", named("down_blocks.0.motion_modules.0.temporal_transformer.norm.weight")),
    ("IP-Adapter", named("image_proj.proj.weight", "ip_adapter.1.to_k_ip.weight")),
    ("IP-Adapter", named("image_proj.norm.weight", "ip_adapter.0.to_q_lora.down.weight")),
    ("T2I-Adapter", named("adapter.body.0.resnets.0.block1.weight")),
    ("textual inversion", [("emb_params", [8, 768])]), ("textual inversion", [("<cat>", [768])]),
    ("textual inversion", [("clip_g", [2, 1280]), ("clip_l", [2, 768])]),
    ("safety checker", named("concept_embeds", "vision_model.vision_model.embeddings.class_embedding")),
    ("VAE alone", named("first_stage_model.decoder.conv_in.weight")),
    ("VAE alone", named("encoder.conv_in.weight")),
    ("TAESD", named("3.conv.0.weight")),
    ("CLIP text encoder", named("text_model.embeddings.token_embedding.weight")),
    ("T5", named("encoder.block.0.layer.0.SelfAttention.q.weight")),
    ("image encoder", named("vision_model.embeddings.class_embedding")),
    ("upscaler (ESRGAN", named("body.0.rdb1.conv1.weight")),
    ("upscaler (ESRGAN", named("model.1.sub.0.RDB1.conv1.0.weight")),
    ("language model", named("model.embed_tokens.weight", "lm_head.weight")),
  ]

  private static func recognise(_ tensors: [(String, Shape)]) -> FileKind? {
    FileKind.recognise(names(tensors))
  }

  private static func names(_ tensors: [(String, Shape)]) -> TensorNames {
    TensorNames(
      Dictionary(
        uniqueKeysWithValues: tensors.map {
          ($0.0, Safetensors.StoredTensor(dtype: .float16, shape: $0.1, bytes: 0..<0))
        }))
  }

  @Test func everyKindIsNamed() {
    for (words, tensors) in Self.kinds {
      let problem = Self.recognise(tensors)?.problem ?? "nothing"
      #expect(problem.contains(words), "\(tensors.map(\.0)): \(problem)")
      #expect(
        problem.contains("expected a model of Stable Diffusion 1") || problem.contains("choose the float16"))
    }
  }

  @Test func modelsToDrawWithAreNone() {
    #expect(Self.recognise(Self.unet(768)) == nil)
    // A small one, as tests have.
    #expect(Self.recognise(Self.unet(32)) == nil)
    #expect(Self.recognise(Self.named("something", "else")) == nil)
    let both = Self.unet(768) + Self.named("control_model.zero_convs.0.0.weight")
    #expect(Self.recognise(both) == nil)
    #expect(FileKind.additions(in: Self.names(both)) == ["a ControlNet"])
  }

  // MARK: - Files without tensors

  private static let contents: [(words: String, bytes: [UInt8])] = [
    ("Git LFS pointer", Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\n".utf8)),
    ("web page (HTML)", Array("\n<!DOCTYPE html><html>".utf8)), ("GGUF", Array("GGUF\u{3}\0\0\0".utf8)),
    ("pickle", Array("PK\u{3}\u{4}archive/data.pkl".utf8)), ("pickle", [0x80, 2, 0x7D, 0x71, 0, 0x2E]),
    ("ONNX", [8, 8, 0x12, 7] + Array("pytorch".utf8)), ("0 bytes", []),
    ("begins \"Entry not found\"", Array("Entry not found\n".utf8)),
    ("begins \"{\"error\"", Array("{\"error\":\"gated\"}".utf8)), ("HDF5", [0x89] + Array("HDF\r\n".utf8)),
    ("picture", [0x89] + Array("PNG\r\n".utf8)), ("archive", [0x1F, 0x8B, 8, 0]),
    ("holds zeros where its header should be", [UInt8](repeating: 0, count: 100)),
  ]

  @Test func otherFilesAreNamedWhateverTheyAreCalled() throws {
    for (words, bytes) in Self.contents {
      let error = try weightsError { _ = try Safetensors(ByteSource(name: "x", bytes: bytes)) }
      #expect(error.reason.contains(words), "\(error)")
      let folder = try TemporaryFolder()
      let path = try folder.write("model.dat", bytes)
      let other = try weightsError { _ = try ModelFiles(path) }
      #expect(other.reason.contains(words), "\(other)")
    }
  }

  @Test func aCutOffDownloadSaysHowMuchIsThere() throws {
    let whole = safetensors([("a", [100]), ("b", [100])])
    let cut = try weightsError {
      _ = try Safetensors(ByteSource(name: "x", bytes: Array(whole.dropLast(500))))
    }
    #expect(
      cut.description
        == "x: is cut off: \(whole.count - 500) of \(whole.count) bytes are there; download it again")
    let short = try weightsError {
      _ = try Safetensors(ByteSource(name: "x", bytes: Array(whole.prefix(50))))
    }
    #expect(short.reason.hasPrefix("is cut off: 50 bytes of its header's "))
  }

  @Test func contentsCountAndNotTheEnding() throws {
    let folder = try TemporaryFolder()
    for name in ["m.sft", "m.ckpt", "m"] {
      let path = try folder.write(name, safetensors([("model.diffusion_model.input_blocks.0.0.weight", [1])]))
      #expect(try Checkpoint(ModelFiles(path)).names == ["unet.conv_in.weight"])
    }
  }

  @Test func whatCannotBeLookedAtIsNotMissing() throws {
    let folder = try TemporaryFolder()
    // A link to itself: nobody may go there, as with a folder without permission.
    for name in ["loop", "model_index.json"] {
      symlink(name, folder.path + "/" + name)
    }
    #expect(try weightsError { _ = try ModelFiles(folder.path + "/loop") }.reason.contains("Too many levels"))
    #expect(try weightsError { _ = try ModelFiles(folder.path) }.reason.contains("Too many levels"))
    #expect(throws: WeightsError.self) { try ModelFolder(folder.path).names(in: "none") }
  }

  // MARK: - Folders

  @Test(arguments: [
    ("StableDiffusionXLPipeline", 2048, 4, "Stable Diffusion XL (SDXL) (StableDiffusionXLPipeline)"),
    ("StableDiffusionXLImg2ImgPipeline", 1280, 4, "refiner"),
    ("StableDiffusionPipeline", 1024, 4, "Stable Diffusion 2"),
    ("StableDiffusionInpaintPipeline", 768, 9, "Stable Diffusion 1 for inpainting"),
    ("StableDiffusionInpaintPipeline", 768, 4, "for inpainting"),
    ("StableDiffusion3Pipeline", 768, 4, "Stable Diffusion 3"),
    ("FluxPipeline", 768, 4, "Flux"), ("StableVideoDiffusionPipeline", 1024, 8, "video"),
    ("DDPMPipeline", 0, 3, "DDPM"), ("SomethingNewPipeline", 768, 4, "a model for SomethingNewPipeline"),
  ])
  func foldersAreToldByTheirClass(name: String, context: Int, inputs: Int, words: String) throws {
    let unet: [String: JSONValue] = [
      "cross_attention_dim": .number(Double(context)), "in_channels": .number(Double(inputs)),
    ]
    let problem = try #require(PipelineClass(["_class_name": .text(name)], unet: unet).problem)
    #expect(problem.contains(words), "\(problem)")
  }

  @Test func foldersOfStableDiffusion1AreNotRefused() {
    let unet: [String: JSONValue] = ["cross_attention_dim": .number(768), "in_channels": .number(4)]
    #expect(PipelineClass([:], unet: unet).problem == nil)
    #expect(PipelineClass(["_class_name": .text("StableDiffusionPipeline")], unet: unet).problem == nil)
    let own: JSONValue = .list([.text("module"), .text("OwnPipeline")])
    #expect(PipelineClass(["_class_name": own], unet: unet).problem?.contains("OwnPipeline") == true)
  }

  @Test func aPointerInPlaceOfATextIsNamed() throws {
    let pointer = ByteSource(name: "x", bytes: Array("version https://git-lfs.github.com/spec/v1\n".utf8))
    #expect(try weightsError { _ = try pointer.text() }.reason.contains("Git LFS pointer"))
  }
}
