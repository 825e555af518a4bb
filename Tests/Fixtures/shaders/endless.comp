#version 450
// Stands for a kernel that keeps the device busy: it ends some seconds after its test has given it up. Compiled as
// scripts/build-kernels does: glslang -V --target-env vulkan1.3 --quiet endless.comp -o endless.spv
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_scalar_block_layout : require
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Floats { float v[]; };
layout(push_constant, scalar) uniform Push { Floats data, weight, bias, result; } p;
layout(local_size_x = 1) in;

void main() {
  if (gl_WorkGroupID != uvec3(0u)) return;
  float x = 0.3;
  for (uint i = 0u; i < 4000000000u; i++) x = 3.7 * x * (1.0 - x);
  p.result.v[0] = x;
}
