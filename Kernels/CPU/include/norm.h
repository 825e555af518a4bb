#pragma once
#include "activation.h"
#include "storage.h"

/// Group normalisation of pictures, in three steps: statistics of pieces, their merging, and the result.
/// Pieces are cut by the shapes alone. For a picture in strips, each strip is measured and its moments taken; when
/// all are known, they are merged and each strip gets its result.
typedef struct {
  dk_storage storage;
  const void *input;  // [pictures, pixels, channels]
  long pixel_stride, pictures, pixels, channels, groups;
  float epsilon;
  const float *weight, *bias;  // [channels]
  dk_activation activation;
  float *statistics;  // scratch, dk_group_norm_scratch floats
  void *output;  // [pictures, pixels, channels]
  // Of a picture in strips, [strips, groups, 2]: mean and sum of squared deviations.
  float *moments;
  long strip_pixels, picture_pixels;  // of each strip but the last; of all
} dk_group_norm;

long dk_group_norm_scratch(const dk_group_norm *n);
/// Items of dk_group_norm_measure and of dk_group_norm_apply; dk_group_norm_merge has one per picture.
long dk_group_norm_items(const dk_group_norm *n);
void dk_group_norm_measure(const dk_group_norm *n, long item);
void dk_group_norm_merge(const dk_group_norm *n, long picture);
/// Writes one strip's moments, [groups, 2], after it was measured.
void dk_group_norm_moments(const dk_group_norm *n);
/// Takes the place of dk_group_norm_merge for one strip of a picture: `pictures` is 1.
void dk_group_norm_merge_strips(const dk_group_norm *n);
void dk_group_norm_apply(const dk_group_norm *n, long item);

/// Layer normalisation of each row over its channels.
typedef struct {
  dk_storage storage;
  const void *input;  // [rows, channels]
  long row_stride, rows, channels;
  float epsilon;
  const float *weight, *bias;  // [channels], or null
  dk_activation activation;
  void *output;  // [rows, channels]
} dk_layer_norm;

long dk_layer_norm_items(const dk_layer_norm *n);
void dk_layer_norm_item(const dk_layer_norm *n, long item);
