#include "CVulkan.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static PFN_vkGetInstanceProcAddr get_instance_function;

// The Khronos loader, then MoltenVK, which can be used without one.
static const char *const libraries[] = {
    "libvulkan.so.1", "libvulkan.so", "libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib"};

static void open_loader(void) {
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
    void *library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) continue;
    get_instance_function = (PFN_vkGetInstanceProcAddr)dlsym(library, "vkGetInstanceProcAddr");
    if (get_instance_function) return;
    dlclose(library);
  }
}

const char *dv_load_global(struct dv_global *table) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_loader);
  if (!get_instance_function) return libraries[0];
#define LOAD(name)                                                                   \
  table->name = (PFN_vk##name)get_instance_function(NULL, "vk" #name);               \
  if (!table->name) return "vk" #name;
  DV_GLOBAL_FUNCTIONS(LOAD)
#undef LOAD
  return NULL;
}

const char *dv_load_instance(VkInstance instance, struct dv_instance *table) {
#define LOAD_OPTIONAL(name) table->name = (PFN_vk##name)get_instance_function(instance, "vk" #name);
#define LOAD(name)    \
  LOAD_OPTIONAL(name) \
  if (!table->name) return "vk" #name;
  DV_INSTANCE_FUNCTIONS(LOAD)
  LOAD_OPTIONAL(GetPhysicalDeviceCooperativeMatrixPropertiesKHR)
  LOAD_OPTIONAL(CreateDebugUtilsMessengerEXT)
  LOAD_OPTIONAL(DestroyDebugUtilsMessengerEXT)
  LOAD(GetDeviceProcAddr)
#undef LOAD
#undef LOAD_OPTIONAL
  return NULL;
}

const char *dv_load_device(const struct dv_instance *instance, VkDevice device, struct dv_device *table) {
#define LOAD_OPTIONAL(name) table->name = (PFN_vk##name)instance->GetDeviceProcAddr(device, "vk" #name);
#define LOAD(name)    \
  LOAD_OPTIONAL(name) \
  if (!table->name) return "vk" #name;
  DV_DEVICE_FUNCTIONS(LOAD)
  LOAD_OPTIONAL(GetPipelineExecutablePropertiesKHR)
  LOAD_OPTIONAL(GetPipelineExecutableStatisticsKHR)
#undef LOAD
#undef LOAD_OPTIONAL
  return NULL;
}
