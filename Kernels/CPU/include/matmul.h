#pragma once
#include "activation.h"
#include "packing.h"
#include "storage.h"

/// Elementwise work on a result that is still in cache, in this order: bias, per-channel vector,
/// activation, gate (a factor), residuals (summands). Null pointers are skipped.
typedef struct {
  const float *bias;  // [outputs]
  const void *vector;  // [pictures, outputs]
  long vector_stride;  // 0 when all pictures share one
  dk_activation activation;
  float slope;  // of dk_activation_leaky_relu; the factor of dk_activation_scaled
  const float *slopes;  // of dk_activation_prelu, [outputs]
  const void *gate;  // [rows, outputs]
  long gate_stride;
  const void *residual[2];  // [rows, outputs]
  long residual_stride[2];
} dk_epilogue;

/// A convolution over pictures whose channels are contiguous, as an implicit matrix product: a row is
/// an output pixel, its factors are read in place through the kernel's window. A linear layer is the
/// 1x1 case.
typedef struct {
  const void *input;  // [pictures, in_height, in_width, channels]
  long pixel_stride, pictures, in_height, in_width, channels;
  long kernel_height, kernel_width, stride, pad_top, pad_left;
  long out_height, out_width, outputs;
  const void *weights;  // packed by dk_pack_weights
  dk_packing packing;  // says how the input and the output are stored as well, unless it is in 8 bits
  dk_storage storage;  // of the input and the output if the packing is in 8 bits
  const void *zeros;  // `channels` zeros, read outside the picture
  void *output;  // [pictures, out_height, out_width, outputs]
  long output_stride;
  dk_epilogue epilogue;
  long threads;  // that share the work: they decide how it is cut into items, not the result
  char *scratch;  // dk_convolution_scratch bytes for each thread
  char *shared;  // dk_convolution_shared bytes for all threads
} dk_convolution;

/// Items of a first phase, which must all have ended before those of the convolution begin; 0 where none is needed. They
/// may run in any order and on any thread, and leave what they make in `shared`.
long dk_convolution_prepare_items(const dk_convolution *c);
/// Bytes that it needs.
long dk_convolution_shared(const dk_convolution *c);
void dk_convolution_prepare(const dk_convolution *c, long item, long thread);

/// Number of items of the convolution; they may run in any order and on any thread.
long dk_convolution_items(const dk_convolution *c);
/// Bytes of scratch that one thread needs.
long dk_convolution_scratch(const dk_convolution *c);
void dk_convolution_item(const dk_convolution *c, long item, long thread);
