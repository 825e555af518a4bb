// Rows of numbers brought to 8 bits, and sums brought back. Included after epilogue.h, once per pass. Where UNSIGNED_ROWS
// is defined, factors are bytes q + 128, as products of unsigned by signed bytes want them; else q itself in 16 bits.

#ifdef UNSIGNED_ROWS
enum { ISA(offset) = 128 };
typedef unsigned char ISA(quantum);
#else
enum { ISA(offset) = 0 };
typedef short ISA(quantum);
#endif
#define QUANTUM ISA(quantum)
typedef QUANTUM ISA(quanta) __attribute__((vector_size(LANES * sizeof(QUANTUM))));

static inline VI ISA(larger)(VI a, VI b) { return (VI)ISA(select)(a > b, (VF)a, (VF)b); }
static inline VI ISA(magnitude)(VF x) { return (VI)x & 0x7fffffff; }

/// The bits of a row's largest magnitude. Those of numbers that are not finite are the largest of all.
static inline int ISA(largest)(const NUMBER *from, long count) {
  VI top = {0};
  long c = 0;
  for (; c + LANES <= count; c += LANES) top = ISA(larger)(ISA(magnitude)(ISA(load)(from + c)), top);
  if (c < count) top = ISA(larger)(ISA(magnitude)(ISA(load_some)(from + c, count - c)), top);
  int largest = 0;
  for (int i = 0; i < LANES; i++) largest = top[i] > largest ? top[i] : largest;
  return largest;
}

/// Rounded to the nearest whole number, ties to even.
static inline void ISA(store_quanta)(QUANTUM *to, VF x, float inverse) {
  VF scaled = x * inverse;
  VF rounded = scaled + 12582912.0f;  // 1.5 * 2^23, in a statement of its own so that nothing is fused
  VI whole = (VI)rounded - (0x4b400000 - ISA(offset));
  ISA(quanta) q = __builtin_convertvector(whole, ISA(quanta));
  memcpy(to, &q, sizeof q);
}

/// Brings a row to 8 bits, with zeros after it up to a whole vector. Returns its scale: what the numbers have to be
/// multiplied by. A row that has a number that is not finite gets the scale NaN, one of next to nothing zero.
static inline float ISA(quantise)(const NUMBER *from, long count, QUANTUM *to) {
  int bits = ISA(largest)(from, count);
  float largest;
  memcpy(&largest, &bits, sizeof largest);
  int finite = bits < 0x7f800000, some = finite && largest >= 0x1p-100f;
  float inverse = some ? 127 / largest : 0;
  if (some) {
    long c = 0;
    for (; c + LANES <= count; c += LANES) ISA(store_quanta)(to + c, ISA(load)(from + c), inverse);
    if (c < count) ISA(store_quanta)(to + c, ISA(load_some)(from + c, count - c), inverse);
  } else {
    for (long c = 0; c < count; c += LANES) ISA(store_quanta)(to + c, (VF){0}, 0);
  }
  return !finite ? __builtin_nanf("") : some ? largest / 127 : 0;
}

/// Brings the rows of an item to 8 bits.
static inline void ISA(quantise_rows)(const dk_convolution *c, const dk_int8_cut *cut, long first, long count,
                                      dk_int8_rows rows) {
  for (long r = 0; r < count; r++)
    rows.scales[r] = ISA(quantise)((const NUMBER *)c->input + (first + r) * c->pixel_stride, c->channels,
                                   (QUANTUM *)rows.rows + r * cut->pitch);
}

/// Brings the sums of a row back, applies the epilogue and stores `count` numbers from `column` on.
static inline void ISA(finish_int8)(const dk_convolution *c, const dk_int8_columns *columns, const int *sums,
                                    float scale, long row, long column, long count) {
  NUMBER *to = (NUMBER *)c->output + row * c->output_stride + column;
  long picture = c->epilogue.vector ? row / (c->out_height * c->out_width) : 0;
  for (long i = 0; i < count; i += LANES) {
    long some = count - i < LANES ? count - i : LANES;
    VI sum = (VI)ISA(load_float)((const float *)sums + i);
    if (ISA(offset)) sum -= (VI)ISA(load_float)((const float *)columns->offsets + column + i);
    VF x = __builtin_convertvector(sum, VF) * ISA(load_float)(columns->scales + column + i);
    x = x * scale;
    ISA(store_some)(to + i, ISA(finish)(&c->epilogue, x, picture, row, column + i, some), some);
  }
}

/// Has the processor fetch what finishing rows will read or write, which lies too far apart for it to see it coming.
static inline void ISA(fetch_finish)(const dk_convolution *c, long row, long rows, long column, long count) {
  const dk_epilogue *e = &c->epilogue;
  ISA(fetch_rows)(c->output, c->output_stride, row, rows, column, count);
  ISA(fetch_rows)(e->gate, e->gate_stride, row, rows, column, count);
  for (int i = 0; i < 2; i++) ISA(fetch_rows)(e->residual[i], e->residual_stride[i], row, rows, column, count);
}
