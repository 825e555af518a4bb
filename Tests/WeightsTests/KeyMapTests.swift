import Foundation
import Graph
import TestSupport
import Testing

@testable import Weights

@Suite struct KeyMapTests {
  private struct Row {
    let name: String
    let shape: String
    let original: String
  }

  private func manifest(_ file: String) throws -> [Row] {
    let text = try #require(String(data: Fixtures.data("manifests/\(file).tsv"), encoding: .utf8))
    return text.split(separator: "\n").dropFirst().map { line in
      let columns = line.split(separator: "\t").map(String.init)
      return Row(name: columns[0], shape: columns[1], original: columns[2])
    }
  }

  private let manifests: [(ModelPart, String, Int)] = [
    (.unet, "unet_sd15", 686), (.vae, "vae_sd1", 248), (.textEncoder, "te_clip_l", 196),
  ]

  /// The whole of SD 1.5 in one file, every name there and back.
  @Test func singleFileSD1() throws {
    var expected: [String: String] = [:]
    for (part, file, count) in manifests {
      let rows = try manifest(file)
      #expect(rows.count == count)
      for row in rows { expected[row.original] = "\(part.rawValue).\(row.name)" }
    }
    let junk = [
      "betas", "model_ema.decay", "cond_stage_model.transformer.text_model.embeddings.position_ids",
    ]
    let names = Array(expected.keys) + junk
    #expect(KeyMap.recognise(names)?.name == KeyMap.singleFileSD1.name)
    let table = KeyMap.singleFileSD1.table(names)
    #expect(table == expected)
    #expect(Set(table.values).count == 686 + 248 + 196)
  }

  @Test func diffusersFolder() throws {
    for (part, file, _) in manifests {
      let names = try manifest(file).map(\.name)
      #expect(KeyMap.recognise(names)?.name == "diffusers")
      let expected = Dictionary(uniqueKeysWithValues: names.map { ($0, "\(part.rawValue).\($0)") })
      #expect(KeyMap.diffusers.table(names) == expected)
      #expect(KeyMap.diffusers(part).table(names) == expected)
    }
  }

  @Test func olderNamesOfFolders() throws {
    let text = try manifest("te_clip_l").map { "text_model." + $0.name }
    #expect(KeyMap.recognise(text)?.name == "diffusers")
    #expect(KeyMap.diffusers.table(text)[text[0]] == "text_encoder.embeddings.token_embedding.weight")
    let path = "decoder.mid_block.attentions.0"
    let old = ["query", "key", "value", "proj_attn", "group_norm"].map { "\(path).\($0).weight" }
    let table = KeyMap.diffusers(.vae).table(old)
    #expect(
      old.map { table[$0] }
        == ["to_q", "to_k", "to_v", "to_out.0", "group_norm"].map { "vae.\(path).\($0).weight" })
    #expect(KeyMap.diffusers(.textEncoder).table(["text_model.embeddings.position_ids"]).isEmpty)
  }

  /// As transformers 4 wrote a safety checker, and as version 5 does.
  @Test func namesOfSafetyCheckers() {
    let own = ["vision_model.embeddings.class_embedding", "visual_projection.weight", "concept_embeds"]
    let expected = own.map { "safety_checker.\($0)" }
    for prefix in ["", "vision_model."] {
      let names = own.map { $0.hasPrefix("vision_model.") ? prefix + $0 : $0 }
      let table = KeyMap.diffusers(.safetyChecker).table(
        names + ["\(prefix)vision_model.embeddings.position_ids"])
      #expect(names.map { table[$0] } == expected && table.count == 3)
    }
  }

  /// Three levels of one resnet, the last without attention, as in small test models.
  @Test func fewerLevelsAndResnets() {
    let expected = [
      "input_blocks.0.0.weight": "conv_in.weight",
      "input_blocks.1.0.in_layers.0.weight": "down_blocks.0.resnets.0.norm1.weight",
      "input_blocks.1.1.proj_in.weight": "down_blocks.0.attentions.0.proj_in.weight",
      "input_blocks.2.0.op.weight": "down_blocks.0.downsamplers.0.conv.weight",
      "input_blocks.3.0.out_layers.3.bias": "down_blocks.1.resnets.0.conv2.bias",
      "input_blocks.4.0.op.bias": "down_blocks.1.downsamplers.0.conv.bias",
      "input_blocks.5.0.skip_connection.weight": "down_blocks.2.resnets.0.conv_shortcut.weight",
      "middle_block.2.emb_layers.1.weight": "mid_block.resnets.1.time_emb_proj.weight",
      "output_blocks.0.0.in_layers.2.weight": "up_blocks.0.resnets.0.conv1.weight",
      "output_blocks.1.0.in_layers.2.weight": "up_blocks.0.resnets.1.conv1.weight",
      "output_blocks.1.1.conv.weight": "up_blocks.0.upsamplers.0.conv.weight",
      "output_blocks.2.1.norm.weight": "up_blocks.1.attentions.0.norm.weight",
      "output_blocks.3.2.conv.weight": "up_blocks.1.upsamplers.0.conv.weight",
      "output_blocks.4.1.norm.weight": "up_blocks.2.attentions.0.norm.weight",
      "output_blocks.5.0.out_layers.0.weight": "up_blocks.2.resnets.1.norm2.weight",
      "label_emb.0.2.bias": "add_embedding.linear_2.bias",
      "out.2.bias": "conv_out.bias",
    ]
    let map = LatentDiffusionUNet(names: Array(expected.keys))
    for (name, ours) in expected { #expect(map.presentName(name) == ours) }
    let vae = LatentDiffusionVAE(names: ["decoder.up.2.block.0.norm1.weight"])
    #expect(
      vae.presentName("decoder.up.2.block.0.norm1.weight") == "decoder.up_blocks.0.resnets.0.norm1.weight")
    #expect(
      vae.presentName("decoder.up.0.upsample.conv.bias") == "decoder.up_blocks.2.upsamplers.0.conv.bias")
  }

  @Test func otherPrefixes() {
    let names = [
      "model.diffusion_model.input_blocks.0.0.weight", "vae.decoder.conv_in.weight",
      "cond_stage_model.transformer.final_layer_norm.bias",
    ]
    let table = KeyMap.singleFileSD1.table(names)
    #expect(
      names.map { table[$0] } == [
        "unet.conv_in.weight", "vae.decoder.conv_in.weight", "text_encoder.final_layer_norm.bias",
      ])
  }

  @Test func otherModelsAreNotMistaken() {
    let unet = "model.diffusion_model.input_blocks.0.0.weight"
    #expect(KeyMap.recognise([unet, "cond_stage_model.model.ln_final.weight"]) == nil)
    #expect(KeyMap.recognise([unet, "conditioner.embedders.0.transformer.text_model.x.weight"]) == nil)
    #expect(KeyMap.recognise(["lora_unet_down_blocks_0.alpha"]) == nil)
    #expect(KeyMap.recognise([]) == nil)
  }

  @Test func hostileNamesAreJustUnknown() {
    let inner = [
      "", ".", "input_blocks", "input_blocks.9999999999999999999.0.op.weight", "input_blocks.-1.0.op.weight",
      "input_blocks.1000.0.op.weight", "input_blocks.01.0.op.weight", "input_blocks.0.1.weight",
      "input_blocks.1.0",
      "input_blocks.1.0.in_layers", "output_blocks.0", "output_blocks.0.3.x.y", "output_blocks..0.op.weight",
      "middle_block.3.x", "out.1.weight", "time_embed", "time_embed.1.weight", "decoder.up", "decoder.up.5",
      "decoder.up.99999.block.0.x", "decoder.mid", "decoder.mid.attn_1", "decoder.mid.attn_1.x", "encoder",
      "x.y.z",
    ]
    let prefixes = ["model.diffusion_model.", "first_stage_model."]
    let names = prefixes.flatMap { prefix in inner.map { prefix + $0 } }
    #expect(KeyMap.singleFileSD1.table(names) == [:])
  }

  @Test func ignoredNames() {
    let ignored = [
      "betas", "alphas_cumprod", "alphas_cumprod_prev", "sqrt_recip_alphas_cumprod", "model_ema.decay",
      "model_ema.diffusion_modelinput_blocks00weight", "denoiser.sigmas",
      "text_model.embeddings.position_ids",
      "cond_stage_model.logit_scale", "logit_scale", "model_ema.num_updates", "first_stage_model.loss.logvar",
    ]
    for name in ignored { #expect(KeyMap.isIgnored(name), "\(name)") }
    for name in ["conv_in.weight", "", "unet.betas", "model.sqrt_x"] {
      #expect(!KeyMap.isIgnored(name), "\(name)")
    }
  }
}
