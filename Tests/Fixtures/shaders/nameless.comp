#version 450
// A module without an entry point "main", which no driver can make a pipeline of. Compiled with
// glslang -V --target-env vulkan1.3 --quiet -e other --source-entrypoint main nameless.comp -o nameless.spv
layout(local_size_x = 1) in;
void main() {}
