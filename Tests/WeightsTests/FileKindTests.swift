import Foundation
import Graph
import SystemFiles
import Testing

@testable import Weights

/// What files are that are no models, told by a few of their tensors as published files have them.
@Suite struct FileKindTests {
  /// A line each: what must be said, then names of tensors with their shapes, 320x320 where none is told. `@768x4` are
  /// the telling tensors of a UNet with this context and number of inputs within a checkpoint, `@768x4!` those of one
  /// alone.
  private static let kinds = """
    checkpoint of Stable Diffusion 2: | @1024x4
    Stable Diffusion 2 (unCLIP) | @1024x4 model.diffusion_model.label_emb.0.0.weight
    checkpoint of Stable Diffusion XL (SDXL): | @2048x4
    Stable Diffusion XL refiner | @1280x4
    (SDXL) for inpainting | @2048x9
    UNet alone of Stable Diffusion 1 for inpainting | @768x9!
    UNet alone of Stable Diffusion 1 for editing pictures (InstructPix2Pix) | @768x8!
    Stable Diffusion 2 for inpainting | @1024x9
    guided by depth | @1024x5
    x4 upscaler | @1024x7
    Zero123 | @768x8 cc_projection.weight
    of video (Stable Video | @1024x8 model.diffusion_model.input_blocks.1.0.time_stack.in_layers.0.weight
    the UNet alone of Stable Diffusion 1 | @768x4!
    the UNet alone of Stable Diffusion XL | @2048x4!
    the UNet alone of Stable Diffusion 1 | conv_in.weight=320,4,3,3 time_embedding.linear_1.weight x.attn2.to_k.weight=320,768
    nf4 | @768x4 model.diffusion_model.time_embed.0.weight.quant_state.bitsandbytes__nf4
    int8 | @768x4 model.diffusion_model.time_embed.0.SCB
    GPTQ | model.layers.0.mlp.qweight
    Stable Diffusion 3 | model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight
    Stable Diffusion 3 | transformer_blocks.0.attn.add_q_proj.weight
    model of Flux | double_blocks.0.img_attn.qkv.weight
    model of Flux | single_transformer_blocks.0.attn.to_q.weight
    Chroma | distilled_guidance_layer.in_proj.weight double_blocks.0.img_attn.qkv.weight
    AuraFlow | model.double_layers.0.attn.w1q.weight
    Cascade | clip_txt_mapper.weight
    PixArt | t_block.1.weight
    Hunyuan-DiT | mlp_t5.0.weight
    ControlNet | control_model.input_hint_block.0.weight
    ControlNet | conv_in.weight=320,4,3,3 time_embedding.linear_1.weight controlnet_cond_embedding.conv_in.weight
    ControlNet | lora_controlnet
    a LoRA: | lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight
    a LoRA: | unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight
    a LoRA: | down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight
    a LoRA: | unet.down_blocks.0.attn1.to_k.lora.down.weight
    a LoRA: | unet:9:down
    LoHa | lora_unet_x.hada_w1_a
    LoKr | lora_unet_x.lokr_w2
    DoRA | lora_unet_x.lora_down.weight lora_unet_x.dora_scale
    OFT | oft_unet_x.oft_blocks
    motion module | down_blocks.0.motion_modules.0.temporal_transformer.norm.weight
    IP-Adapter | image_proj.proj.weight ip_adapter.1.to_k_ip.weight
    IP-Adapter | image_proj.norm.weight ip_adapter.0.to_q_lora.down.weight
    T2I-Adapter | adapter.body.0.resnets.0.block1.weight
    textual inversion | emb_params=8,768
    textual inversion | <cat>=768
    textual inversion | clip_g=2,1280 clip_l=2,768
    safety checker | concept_embeds vision_model.vision_model.embeddings.class_embedding
    VAE alone | first_stage_model.decoder.conv_in.weight
    VAE alone | encoder.conv_in.weight
    TAESD | 3.conv.0.weight
    CLIP text encoder | text_model.embeddings.token_embedding.weight
    T5 | encoder.block.0.layer.0.SelfAttention.q.weight
    image encoder | vision_model.embeddings.class_embedding
    upscaler (ESRGAN | body.0.rdb1.conv1.weight
    upscaler (ESRGAN | model.1.sub.0.RDB1.conv1.0.weight
    language model | model.embed_tokens.weight lm_head.weight
    """

  private static func names(_ line: some StringProtocol) -> TensorNames {
    var tensors: [String: Safetensors.StoredTensor] = [:]
    func add(_ name: String, _ shape: [Int]) {
      tensors[name] = Safetensors.StoredTensor(dtype: .float16, shape: Shape(shape), bytes: 0..<0)
    }
    for word in line.split(separator: " ") {
      let numbers = word.split { !$0.isNumber }.compactMap { Int($0) }
      if word.hasPrefix("@") {
        let prefix = "model.diffusion_model."
        add(prefix + "input_blocks.0.0.weight", [320, numbers[1], 3, 3])
        add(prefix + "time_embed.0.weight", [1280, 320])
        add(prefix + "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", [320, numbers[0]])
        if !word.hasSuffix("!") { add("first_stage_model.decoder.conv_in.weight", [512, 4, 3, 3]) }
      } else {
        let parts = word.split(separator: "=")
        add(
          String(parts[0]),
          parts.count < 2 ? [320, 320] : parts[1].split(separator: ",").compactMap { Int($0) })
      }
    }
    return TensorNames(tensors)
  }

  @Test func everyKindIsNamed() throws {
    for line in Self.kinds.split(separator: "\n") {
      let parts = line.components(separatedBy: " | ")
      let problem = FileKind.recognise(Self.names(parts[1]))?.problem ?? "nothing"
      #expect(problem.contains(parts[0]), "\(line): \(problem)")
      #expect(
        problem.contains("expected a model of Stable Diffusion 1") || problem.contains("choose the float16"))
    }
  }

  @Test func modelsToDrawWithAreNone() {
    #expect(FileKind.recognise(Self.names("@768x4"))?.problem == nil)
    // With a mask, or a picture to edit.
    #expect(FileKind.recognise(Self.names("@768x9"))?.problem == nil)
    #expect(FileKind.recognise(Self.names("@768x8"))?.problem == nil)
    // A small one, as tests have.
    #expect(FileKind.recognise(Self.names("@32x4"))?.problem == nil)
    #expect(FileKind.recognise(Self.names("something else"))?.problem == nil)
    let both = Self.names("@768x4 control_model.zero_convs.0.0.weight")
    #expect(FileKind.recognise(both)?.problem == nil)
    #expect(FileKind.additions(in: both) == ["a ControlNet"])
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
    ("StableDiffusionPipeline", 1024, 5, "Stable Diffusion 2 guided by depth"),
    ("StableUnCLIPPipeline", 1024, 4, "Stable Diffusion 2 (unCLIP)"),
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
    for name in ["Pipeline", "InpaintPipeline", "InstructPix2PixPipeline"] {
      #expect(PipelineClass(["_class_name": .text("StableDiffusion" + name)], unet: unet).problem == nil)
    }
    let upscaler: [String: JSONValue] = ["cross_attention_dim": .number(1024), "in_channels": .number(7)]
    #expect(
      PipelineClass(["_class_name": .text("StableDiffusionUpscalePipeline")], unet: upscaler).problem == nil)
    let second: [String: JSONValue] = ["cross_attention_dim": .number(1024), "in_channels": .number(4)]
    #expect(PipelineClass(["_class_name": .text("StableDiffusionPipeline")], unet: second).problem == nil)
    let own: JSONValue = .list([.text("module"), .text("OwnPipeline")])
    #expect(PipelineClass(["_class_name": own], unet: unet).problem?.contains("OwnPipeline") == true)
  }

  @Test func aPointerInPlaceOfATextIsNamed() throws {
    let pointer = ByteSource(name: "x", bytes: Array("version https://git-lfs.github.com/spec/v1\n".utf8))
    #expect(try weightsError { _ = try pointer.text() }.reason.contains("Git LFS pointer"))
  }
}
