#pragma once
#include "matmul.h"

/// Products of packing dk_rows_float32: 1x1 kernels of stride 1 whose values are stored in float32, by OpenBLAS.
long dk_openblas_items(const dk_convolution *c);
long dk_openblas_scratch(const dk_convolution *c);
void dk_openblas_item(const dk_convolution *c, long item, char *scratch);
