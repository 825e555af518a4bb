// Push constants of the three passes of group normalisation: pixels [pictures, pixels, channels]. A picture in strips
// has the first two for each strip, whose chunks give the strip's moments, and the last two again, in which its
// strips are the chunks.
layout(push_constant, scalar) uniform Push {
  Floats data;
  Floats statistics;  // [pictures, chunks, groups] pairs of mean and sum of squared differences
  Floats whole;       // [pictures, groups] pairs of mean and 1 / deviation, or the moments of a strip
  Floats weight;
  Floats bias;
  Floats result;
  uint data_stride;  // numbers from one pixel to the next
  uint pictures;
  uint pixels;
  uint channels;
  uint groups;
  uint chunks;
  uint chunk_pixels;
  float epsilon;
  uint flags;
  uint block_groups;  // that a work group of the first pass measures
} p;

#include "activation.glsl"

// Bit of `flags`: `whole` gets sums of squared differences, not 1 / deviation.
const uint MOMENTS = 16384u;

// What is known of some numbers: how many they are, their mean and the sum of their squared differences from it.
struct Moments {
  float count;
  float mean;
  float squares;
};

// The moments of both together (T. F. Chan and others, 1979).
Moments merged(Moments a, Moments b) {
  if (b.count == 0.0) return a;
  float count = a.count + b.count;
  float difference = b.mean - a.mean;
  return Moments(count, a.mean + difference * (b.count / count),
                 a.squares + b.squares + difference * difference * (a.count * b.count / count));
}

void store_whole(uint index, Moments whole) {
  p.whole.v[2u * index] = whole.mean;
  p.whole.v[2u * index + 1u] =
      (p.flags & MOMENTS) != 0u ? whole.squares : 1.0 / sqrt(whole.squares / whole.count + p.epsilon);
}
