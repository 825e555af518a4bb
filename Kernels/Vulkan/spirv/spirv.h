// Made by scripts/build-kernels.
alignas(4) static const unsigned char attention[] = {
#embed "attention.spv"
};
alignas(4) static const unsigned char attention_half[] = {
#embed "attention_half.spv"
};
alignas(4) static const unsigned char attention_matrix_16x16x16[] = {
#embed "attention_matrix_16x16x16.spv"
};
alignas(4) static const unsigned char attention_matrix_8x16x16[] = {
#embed "attention_matrix_8x16x16.spv"
};
alignas(4) static const unsigned char attention_matrix_8x8x8[] = {
#embed "attention_matrix_8x8x8.spv"
};
alignas(4) static const unsigned char attention_plain[] = {
#embed "attention_plain.spv"
};
alignas(4) static const unsigned char attention_plain_half[] = {
#embed "attention_plain_half.spv"
};
alignas(4) static const unsigned char attention_registers_16x16x16[] = {
#embed "attention_registers_16x16x16.spv"
};
alignas(4) static const unsigned char embedding[] = {
#embed "embedding.spv"
};
alignas(4) static const unsigned char embedding_half[] = {
#embed "embedding_half.spv"
};
alignas(4) static const unsigned char group_norm_apply[] = {
#embed "group_norm_apply.spv"
};
alignas(4) static const unsigned char group_norm_apply_half[] = {
#embed "group_norm_apply_half.spv"
};
alignas(4) static const unsigned char group_norm_measure[] = {
#embed "group_norm_measure.spv"
};
alignas(4) static const unsigned char group_norm_measure_half[] = {
#embed "group_norm_measure_half.spv"
};
alignas(4) static const unsigned char group_norm_merge[] = {
#embed "group_norm_merge.spv"
};
alignas(4) static const unsigned char group_norm_merge_half[] = {
#embed "group_norm_merge_half.spv"
};
alignas(4) static const unsigned char group_norm_plain[] = {
#embed "group_norm_plain.spv"
};
alignas(4) static const unsigned char group_norm_plain_half[] = {
#embed "group_norm_plain_half.spv"
};
alignas(4) static const unsigned char layer_norm[] = {
#embed "layer_norm.spv"
};
alignas(4) static const unsigned char layer_norm_half[] = {
#embed "layer_norm_half.spv"
};
alignas(4) static const unsigned char layer_norm_plain[] = {
#embed "layer_norm_plain.spv"
};
alignas(4) static const unsigned char layer_norm_plain_half[] = {
#embed "layer_norm_plain_half.spv"
};
alignas(4) static const unsigned char pack[] = {
#embed "pack.spv"
};
alignas(4) static const unsigned char pack_half[] = {
#embed "pack_half.spv"
};
alignas(4) static const unsigned char peak_copy[] = {
#embed "peak_copy.spv"
};
alignas(4) static const unsigned char peak_copy_half[] = {
#embed "peak_copy_half.spv"
};
alignas(4) static const unsigned char peak_matrix_16x16x16[] = {
#embed "peak_matrix_16x16x16.spv"
};
alignas(4) static const unsigned char peak_matrix_8x16x16[] = {
#embed "peak_matrix_8x16x16.spv"
};
alignas(4) static const unsigned char peak_matrix_8x8x8[] = {
#embed "peak_matrix_8x8x8.spv"
};
alignas(4) static const unsigned char peak_scalar[] = {
#embed "peak_scalar.spv"
};
alignas(4) static const unsigned char peak_scalar_half[] = {
#embed "peak_scalar_half.spv"
};
alignas(4) static const unsigned char pixels[] = {
#embed "pixels.spv"
};
alignas(4) static const unsigned char pixels_half[] = {
#embed "pixels_half.spv"
};
alignas(4) static const unsigned char product[] = {
#embed "product.spv"
};
alignas(4) static const unsigned char product_half[] = {
#embed "product_half.spv"
};
alignas(4) static const unsigned char product_matrix_16x16x16[] = {
#embed "product_matrix_16x16x16.spv"
};
alignas(4) static const unsigned char product_matrix_8x16x16[] = {
#embed "product_matrix_8x16x16.spv"
};
alignas(4) static const unsigned char product_matrix_8x8x8[] = {
#embed "product_matrix_8x8x8.spv"
};
alignas(4) static const unsigned char product_plain[] = {
#embed "product_plain.spv"
};
alignas(4) static const unsigned char product_plain_half[] = {
#embed "product_plain_half.spv"
};
alignas(4) static const unsigned char reduce[] = {
#embed "reduce.spv"
};
alignas(4) static const unsigned char reduce_half[] = {
#embed "reduce_half.spv"
};
alignas(4) static const unsigned char rows[] = {
#embed "rows.spv"
};
alignas(4) static const unsigned char rows_half[] = {
#embed "rows_half.spv"
};
alignas(4) static const unsigned char transfer[] = {
#embed "transfer.spv"
};
alignas(4) static const unsigned char transfer_half[] = {
#embed "transfer_half.spv"
};
alignas(4) static const unsigned char upsample[] = {
#embed "upsample.spv"
};
alignas(4) static const unsigned char upsample_half[] = {
#embed "upsample_half.spv"
};
static const struct module modules[] = {
    {"attention", attention, sizeof attention},
    {"attention_half", attention_half, sizeof attention_half},
    {"attention_matrix_16x16x16", attention_matrix_16x16x16, sizeof attention_matrix_16x16x16},
    {"attention_matrix_8x16x16", attention_matrix_8x16x16, sizeof attention_matrix_8x16x16},
    {"attention_matrix_8x8x8", attention_matrix_8x8x8, sizeof attention_matrix_8x8x8},
    {"attention_plain", attention_plain, sizeof attention_plain},
    {"attention_plain_half", attention_plain_half, sizeof attention_plain_half},
    {"attention_registers_16x16x16", attention_registers_16x16x16, sizeof attention_registers_16x16x16},
    {"embedding", embedding, sizeof embedding},
    {"embedding_half", embedding_half, sizeof embedding_half},
    {"group_norm_apply", group_norm_apply, sizeof group_norm_apply},
    {"group_norm_apply_half", group_norm_apply_half, sizeof group_norm_apply_half},
    {"group_norm_measure", group_norm_measure, sizeof group_norm_measure},
    {"group_norm_measure_half", group_norm_measure_half, sizeof group_norm_measure_half},
    {"group_norm_merge", group_norm_merge, sizeof group_norm_merge},
    {"group_norm_merge_half", group_norm_merge_half, sizeof group_norm_merge_half},
    {"group_norm_plain", group_norm_plain, sizeof group_norm_plain},
    {"group_norm_plain_half", group_norm_plain_half, sizeof group_norm_plain_half},
    {"layer_norm", layer_norm, sizeof layer_norm},
    {"layer_norm_half", layer_norm_half, sizeof layer_norm_half},
    {"layer_norm_plain", layer_norm_plain, sizeof layer_norm_plain},
    {"layer_norm_plain_half", layer_norm_plain_half, sizeof layer_norm_plain_half},
    {"pack", pack, sizeof pack},
    {"pack_half", pack_half, sizeof pack_half},
    {"peak_copy", peak_copy, sizeof peak_copy},
    {"peak_copy_half", peak_copy_half, sizeof peak_copy_half},
    {"peak_matrix_16x16x16", peak_matrix_16x16x16, sizeof peak_matrix_16x16x16},
    {"peak_matrix_8x16x16", peak_matrix_8x16x16, sizeof peak_matrix_8x16x16},
    {"peak_matrix_8x8x8", peak_matrix_8x8x8, sizeof peak_matrix_8x8x8},
    {"peak_scalar", peak_scalar, sizeof peak_scalar},
    {"peak_scalar_half", peak_scalar_half, sizeof peak_scalar_half},
    {"pixels", pixels, sizeof pixels},
    {"pixels_half", pixels_half, sizeof pixels_half},
    {"product", product, sizeof product},
    {"product_half", product_half, sizeof product_half},
    {"product_matrix_16x16x16", product_matrix_16x16x16, sizeof product_matrix_16x16x16},
    {"product_matrix_8x16x16", product_matrix_8x16x16, sizeof product_matrix_8x16x16},
    {"product_matrix_8x8x8", product_matrix_8x8x8, sizeof product_matrix_8x8x8},
    {"product_plain", product_plain, sizeof product_plain},
    {"product_plain_half", product_plain_half, sizeof product_plain_half},
    {"reduce", reduce, sizeof reduce},
    {"reduce_half", reduce_half, sizeof reduce_half},
    {"rows", rows, sizeof rows},
    {"rows_half", rows_half, sizeof rows_half},
    {"transfer", transfer, sizeof transfer},
    {"transfer_half", transfer_half, sizeof transfer_half},
    {"upsample", upsample, sizeof upsample},
    {"upsample_half", upsample_half, sizeof upsample_half},
};
