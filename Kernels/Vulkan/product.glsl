// Push constants of all matrix products: a convolution of pictures [in_height, in_width, channels] with weights
// [taps x channels, outputs rounded up to 8], kernel's rows before its columns. A linear layer is the convolution
// of one row of pixels with one tap.
layout(push_constant, scalar) uniform Push {
  Floats data;
  Floats weights;
  Floats result;
  Floats bias;
  Floats vector;
  Floats gate;
  Floats residual_0;
  Floats residual_1;
  uint data_stride;  // numbers from one pixel to the next
  uint vector_stride;
  uint gate_stride;
  uint residual_0_stride;
  uint residual_1_stride;
  float slope;  // or factor, of an activation
  uint channels;
  uint outputs;
  uint in_height;
  uint in_width;
  uint out_height;
  uint out_width;
  uint pictures;
  uint window;  // kernel, stride, rows of padding above, columns on the left: 8 bits each
  uint flags;
  uint depth;   // rows of a slice of the weights; the grid's z counts slices
} p;

uint kernel_side() { return p.window & 255u; }

// The pixel that a tap reads for one pixel of the result, or NOWHERE outside the picture.
const uint NOWHERE = 0xffffffffu;
uint read_pixel(uint row, uint tap) {
  uint pixels = p.out_height * p.out_width;
  uint picture = row / pixels;
  if (picture >= p.pictures) return NOWHERE;
  uint pixel = row - picture * pixels;
  uint stride = (p.window >> 8) & 255u;
  // Above and to the left of the picture, differences wrap to large numbers.
  uint y = (pixel / p.out_width) * stride + tap / kernel_side() - ((p.window >> 16) & 255u);
  uint x = (pixel % p.out_width) * stride + tap % kernel_side() - (p.window >> 24);
  if (y >= p.in_height || x >= p.in_width) return NOWHERE;
  return (picture * p.in_height + y) * p.in_width + x;
}
