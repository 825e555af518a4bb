/// The tables: one row a kind. Of several that fit, the first counts.
extension FileKind {
  static let quantised = [
    FileKind("a model quantised to 4 bits (nf4 or fp4 of bitsandbytes)", .quantised) {
      $0.hasWord("bitsandbytes__nf4", "bitsandbytes__fp4", "quant_map", "nested_absmax")
    },
    FileKind("a model quantised to 8 bits (int8 of bitsandbytes)", .quantised) { $0.hasWord("SCB") },
    FileKind("a model quantised to 4 bits (GPTQ or AWQ)", .quantised) { $0.hasWord("qweight", "qzeros") },
    FileKind("a model quantised to 4 bits (SVDQuant of Nunchaku)", .quantised) {
      $0.hasWord("smooth_factor", "wscales", "wtscale")
    },
    FileKind("a model quantised to 4 bits (NVFP4)", .quantised) { $0.hasWord("weight_scale_2") },
    FileKind("a model quantised by optimum-quanto", .quantised) {
      $0.hasWord("_data") && $0.hasWord("_scale")
    },
  ]

  /// What comes with frames.
  static let motion = FileKind(
    "a model of video (Stable Video Diffusion or another UNet with frames)", .model
  ) {
    $0.hasWord("time_stack", "temporal_transformer_block", "temp_convs", "temp_attentions")
  }

  static let controlNet = FileKind("a ControlNet", .addition) {
    $0.begins("control_model.") || $0.begins("input_hint_block.") || $0.begins("controlnet_")
      || $0.begins("zero_convs.") || $0.has("lora_controlnet")
      || $0.hasWord("controlnet_cond_embedding", "controlnet_x_embedder", "controlnet_blocks")
  }

  static let additions = [
    controlNet,
    FileKind("an IP-Adapter", .addition) {
      $0.begins("image_proj.") || $0.begins("ip_adapter.") || $0.begins("image_proj_model.")
        || $0.hasWord("to_k_ip")
    },
    FileKind("a LoRA with decomposed weights (DoRA)", .addition) {
      $0.hasWord("dora_scale", "lora_magnitude_vector")
    },
    FileKind("a LoHa, a kind of LoRA (LyCORIS)", .addition) { $0.hasWord("hada_w1_a") },
    FileKind("a LoKr, a kind of LoRA (LyCORIS)", .addition) {
      $0.hasWord("lokr_w1", "lokr_w1_a", "lokr_w2", "lokr_w2_a")
    },
    FileKind("an adapter of rotations (OFT, BOFT)", .addition) {
      $0.hasWord("oft_blocks", "oft_diag", "oft_R")
    },
    FileKind("an adapter of LyCORIS (IA3, GLoRA or whole differences), a kin of LoRA", .addition) {
      $0.begins("lora_unet_") && $0.hasWord("on_input", "a1", "diff", "w_norm")
    },
    FileKind("a LoRA", .addition) { names in
      names.hasWord("lora_down", "lora_up", "lora_A", "lora_B", "lora", "lora_linear_layer")
        || names.begins("lora_unet_") || names.begins("lora_te") || names.begins("lora_transformer_")
        || names.hasWord(ending: "_lora") || names.hasWord(ending: "_lora_down")
        || names.hasWord(ending: ":down")
    },
    FileKind("an AnimateDiff motion module", .addition) { $0.hasWord("motion_modules") },
    FileKind("a T2I-Adapter", .addition) {
      $0.begins("adapter.") || $0.has("body.0.resnets.0.block1.weight") || $0.has("body.0.block1.weight")
        || $0.has("body.0.in_conv.weight")
    },
    FileKind("a GLIGEN adapter (places of things)", .addition) {
      $0.begins("position_net.") || $0.hasWord("fuser")
    },
    FileKind("a PhotoMaker adapter (faces)", .addition) { $0.begins("id_encoder.") },
    FileKind("a hypernetwork", .addition) { $0.begins("768.") || $0.begins("320.0.") },
    FileKind("a textual inversion (an embedding for prompts)", .addition) {
      $0.hasWord("emb_params", "string_to_param") || ($0.has("clip_g") && $0.has("clip_l"))
        || ($0.count <= 4 && $0.areAll(ofWidths: [768, 1024, 1280]))
    },
    FileKind("a safety checker", .addition) { $0.hasWord("concept_embeds", "special_care_embeds") },
  ]

  static let models = [
    FileKind("a model of Chroma, a relative of Flux", .model) { $0.hasNetwork("distilled_guidance_layer.") },
    FileKind("a model of video (HunyuanVideo)", .model) { $0.hasNetwork("txt_in.individual_token_refiner.") },
    FileKind("a model of Flux", .model) {
      $0.hasNetwork("double_blocks.", "single_blocks.", "single_transformer_blocks.")
    },
    FileKind("a model of Stable Diffusion 3 or 3.5", .model) {
      $0.hasNetwork("joint_blocks.", "transformer_blocks.0.attn.add_q_proj.")
    },
    FileKind("a model of AuraFlow", .model) {
      $0.hasNetwork("double_layers.0.attn.", "joint_transformer_blocks.")
    },
    FileKind("a model of Stable Cascade (Würstchen)", .model) {
      $0.hasNetwork(
        "clip_txt_mapper.", "clip_txt_pooled_mapper.", "clip_mapper.", "effnet_mapper.", "vquantizer.")
    },
    FileKind("a model of PixArt", .model) {
      $0.hasNetwork("t_block.", "adaln_single.", "y_embedder.y_proj.")
    },
    FileKind("a model of Hunyuan-DiT", .model) { $0.hasNetwork("mlp_t5.", "text_embedding_padding") },
    FileKind("a model of Lumina", .model) { $0.hasNetwork("cap_embedder.") },
    FileKind("a model of HiDream", .model) { $0.hasNetwork("caption_projection.0.linear.") },
    FileKind("a model of Qwen-Image", .model) { $0.hasNetwork("txt_norm.") },
    FileKind("a model of video (Wan)", .model) { $0.hasNetwork("head.modulation") },
    FileKind("a model of video (Mochi)", .model) { $0.hasNetwork("t5_yproj.") },
    FileKind("a model of video (LTX-Video)", .model) { $0.hasNetwork("patchify_proj.") },
    FileKind("a model of sound (Stable Audio)", .model) { $0.hasNetwork("transformer.rotary_pos_emb.") },
    motion,
  ]

  static let parts = [
    FileKind("a tiny autoencoder (TAESD, a small VAE, which --vae takes beside a model)", .part) {
      $0.has("3.conv.0.weight") || $0.begins("taesd_") || $0.has("decoder.layers.3.conv.0.weight")
        || $0.has("encoder.layers.3.conv.0.weight")
    },
    FileKind("a VAE alone (an autoencoder, which --vae takes beside a model)", .part) { names in
      ["", "first_stage_model.", "vae."].contains { names.has($0 + "decoder.conv_in.weight") }
        || names.has("encoder.conv_in.weight")
    },
    FileKind("a T5 text encoder alone", .part) { $0.hasWord("SelfAttention", "DenseReluDense") },
    FileKind("a CLIP text encoder alone", .part) {
      $0.hasWord("token_embedding", "text_model", "resblocks") && !$0.hasWord("vision_model", "visual")
    },
    FileKind("a CLIP image encoder", .part) { $0.hasWord("vision_model", "visual") },
  ]

  static let upscalers = [
    FileKind("an upscaler (ESRGAN or Real-ESRGAN, RRDBNet)", .upscaler) {
      $0.hasWord("rdb1", "RDB1", "RRDB_trunk")
    },
    FileKind("an upscaler (compact Real-ESRGAN, SRVGGNetCompact)", .upscaler) {
      $0.has("body.0.weight") && $0.has("body.1.weight")
    },
  ]

  static let unrelated = [
    FileKind("an upscaler of another network than RRDBNet (such as SRResNet)", .unrelated) {
      $0.hasWord("conv_up1", "HRconv")
    },
    FileKind("an upscaler (SwinIR, HAT or DAT)", .unrelated) {
      $0.hasWord("residual_group", "conv_after_body")
    },
    FileKind("a language model", .unrelated) {
      $0.hasWord("lm_head", "embed_tokens", "tok_embeddings", "wte", "word_embeddings")
    },
  ]
}
