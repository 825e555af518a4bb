#version 450
// Stands for a kernel that keeps the device busy: it ends some seconds after its test has given it up. Mesa's software
// device ends any loop after 65535 rounds, so that the rounds are long and the workgroup is large. Compiled as
// scripts/build-kernels does: glslang -V --target-env vulkan1.3 --quiet endless.comp -o endless.spv
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_scalar_block_layout : require
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Floats { float v[]; };
layout(push_constant, scalar) uniform Push { Floats data, weight, bias, result; } p;
layout(local_size_x = 1024) in;

#define FOUR(x) x = sin(x) + 0.3; x = sin(x) + 0.4; x = sin(x) + 0.5; x = sin(x) + 0.6;
#define SIXTEEN(x) FOUR(x) FOUR(x) FOUR(x) FOUR(x)
#define MANY(x) SIXTEEN(x) SIXTEEN(x) SIXTEEN(x) SIXTEEN(x)

void main() {
  if (gl_WorkGroupID != uvec3(0u)) return;
  float x = float(gl_LocalInvocationIndex);
  for (uint i = 0u; i < 60000u; i++) { MANY(x) MANY(x) MANY(x) }
  p.result.v[0] = x;
}
