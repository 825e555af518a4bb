// What all kernels share: numbers in either storage, by device address.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_scalar_block_layout : require

layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Floats { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 16) buffer Quads { vec4 v[]; };

// Modules that are built with HALF read and write 16-bit floats too; they compute in 32 bits all the same.
#ifdef HALF
#extension GL_EXT_shader_16bit_storage : require
layout(buffer_reference, scalar, buffer_reference_align = 2) buffer Halves { float16_t v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer HalfQuads { f16vec4 v[]; };
#endif

float fetch(Floats base, uint index, bool half_storage) {
#ifdef HALF
  if (half_storage) return float(Halves(base).v[index]);
#endif
  return base.v[index];
}

// Numbers 4 index .. 4 index + 3 of a base whose address is a multiple of their size.
vec4 fetch_quad(Floats base, uint index, bool half_storage) {
#ifdef HALF
  if (half_storage) return vec4(HalfQuads(base).v[index]);
#endif
  return Quads(base).v[index];
}

void store(Floats base, uint index, bool half_storage, float value) {
#ifdef HALF
  if (half_storage) {
    Halves(base).v[index] = float16_t(value);
    return;
  }
#endif
  base.v[index] = value;
}

void store_quad(Floats base, uint index, bool half_storage, vec4 value) {
#ifdef HALF
  if (half_storage) {
    HalfQuads(base).v[index] = f16vec4(value);
    return;
  }
#endif
  Quads(base).v[index] = value;
}

// Kernels of one element a thread run in a grid of rows, since one axis may be too short for all groups.
const uint ELEMENT_THREADS = 128u;
uint element() {
  return (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * ELEMENT_THREADS + gl_LocalInvocationID.x;
}
