#pragma once

// C kernels of the CPU backend. Every kernel is compiled once per instruction set and storage from one
// source (each_isa.h), those for AMX's tiles from sources of their own (tiles.h), and chosen at run time (isa.c). Tensors
// are float32 or bfloat16 (storage.h) with a contiguous last axis; strides count elements. A kernel computes one *item*, a
// piece of the output. How the output is cut may depend on the number of threads, the order of a sum never does.

#include "activation.h"
#include "attention.h"
#include "checksum.h"
#include "isa.h"
#include "limits.h"
#include "matmul.h"
#include "norm.h"
#include "openblas.h"
#include "packing.h"
#include "rows.h"
#include "storage.h"
#include "threads.h"
