#pragma once

/// Functions applied element by element. The values match `Activation` of the graph.
typedef enum {
  dk_activation_none = 0,
  dk_activation_silu = 1,
  dk_activation_gelu = 2,
  dk_activation_quick_gelu = 3,
  // These need numbers, which an epilogue has.
  dk_activation_leaky_relu = 4,
  dk_activation_prelu = 5,
  dk_activation_scaled = 6,
} dk_activation;

