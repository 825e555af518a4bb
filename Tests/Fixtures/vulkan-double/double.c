// A Vulkan library over the machine's own, whose software device passes for a GPU and plays the faults that drivers of
// GPUs have: DOUBLE_REFUSES has it compile nothing, DOUBLE_IDLES compute nothing. It tells made-up statistics of
// pipelines. Tests build it as libvulkan.so.1.
#define VK_NO_PROTOTYPES
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

static PFN_vkGetInstanceProcAddr real_instance;
static PFN_vkGetDeviceProcAddr real_device;
static PFN_vkGetPhysicalDeviceProperties2 real_properties;
static PFN_vkEnumerateDeviceExtensionProperties real_extensions;
static PFN_vkCreateDevice real_create;
static const char statistics_name[] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;

static void open_real(void) {
  static const char *const paths[] = {
      "/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "/usr/lib/aarch64-linux-gnu/libvulkan.so.1",
      "/usr/lib64/libvulkan.so.1", "/usr/lib/libvulkan.so.1"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths && !real_instance; i++) {
    void *library = dlopen(paths[i], RTLD_NOW | RTLD_LOCAL);
    if (library) real_instance = (PFN_vkGetInstanceProcAddr)dlsym(library, "vkGetInstanceProcAddr");
  }
}

static void VKAPI_CALL properties(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *told) {
  real_properties(device, told);
  told->properties.deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
  strcpy(told->properties.deviceName, "Double GPU");
}

static VkResult VKAPI_CALL extensions(VkPhysicalDevice device, const char *layer, uint32_t *count,
                                      VkExtensionProperties *told) {
  uint32_t room = *count;
  VkResult result = real_extensions(device, layer, count, told);
  if (result != VK_SUCCESS) return result;
  if (told && *count < room) strcpy(told[*count].extensionName, statistics_name);
  *count += 1;
  return VK_SUCCESS;
}

static VkResult VKAPI_CALL create_device(VkPhysicalDevice device, const VkDeviceCreateInfo *asked,
                                         const VkAllocationCallbacks *allocator, VkDevice *made) {
  const char *names[64];
  VkDeviceCreateInfo info = *asked;
  info.enabledExtensionCount = 0;
  for (uint32_t i = 0; i < asked->enabledExtensionCount && i < 64; i++)
    if (strcmp(asked->ppEnabledExtensionNames[i], statistics_name) != 0)
      names[info.enabledExtensionCount++] = asked->ppEnabledExtensionNames[i];
  info.ppEnabledExtensionNames = names;
  for (VkBaseOutStructure *part = (VkBaseOutStructure *)asked->pNext; part && part->pNext; part = part->pNext)
    if (part->pNext->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR)
      part->pNext = part->pNext->pNext;
  return real_create(device, &info, allocator, made);
}

static VkResult VKAPI_CALL refuse(VkDevice device, VkPipelineCache cache, uint32_t count,
                                  const VkComputePipelineCreateInfo *asked, const VkAllocationCallbacks *allocator,
                                  VkPipeline *made) {
  for (uint32_t i = 0; i < count; i++) made[i] = VK_NULL_HANDLE;
  return VK_ERROR_UNKNOWN;
}

static void VKAPI_CALL idle(VkCommandBuffer buffer, uint32_t x, uint32_t y, uint32_t z, uint32_t width,
                            uint32_t height, uint32_t depth) {}

static VkResult VKAPI_CALL executables(VkDevice device, const VkPipelineInfoKHR *asked, uint32_t *count,
                                       VkPipelineExecutablePropertiesKHR *told) {
  if (told) strcpy(told[0].name, "compute");
  *count = 1;
  return VK_SUCCESS;
}

static VkResult VKAPI_CALL statistics(VkDevice device, const VkPipelineExecutableInfoKHR *asked, uint32_t *count,
                                      VkPipelineExecutableStatisticKHR *told) {
  static const struct {
    const char *name;
    uint64_t value;
  } made_up[] = {{"Register Count", 168}, {"Local Memory Size", 256}, {"Binary Size", 4096}, {"Stack Size", 0}};
  if (told)
    for (uint32_t i = 0; i < 4; i++) {
      strcpy(told[i].name, made_up[i].name);
      told[i].format = VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR;
      told[i].value.u64 = made_up[i].value;
    }
  *count = 4;
  return VK_SUCCESS;
}

static PFN_vkVoidFunction VKAPI_CALL of_device(VkDevice device, const char *name) {
  if (!strcmp(name, "vkGetPipelineExecutablePropertiesKHR")) return (PFN_vkVoidFunction)executables;
  if (!strcmp(name, "vkGetPipelineExecutableStatisticsKHR")) return (PFN_vkVoidFunction)statistics;
  if (!strcmp(name, "vkCreateComputePipelines") && getenv("DOUBLE_REFUSES")) return (PFN_vkVoidFunction)refuse;
  if (!strcmp(name, "vkCmdDispatchBase") && getenv("DOUBLE_IDLES")) return (PFN_vkVoidFunction)idle;
  return real_device(device, name);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetInstanceProcAddr(VkInstance instance, const char *name) {
  if (!real_instance) open_real();
  if (!real_instance) return NULL;
  PFN_vkVoidFunction real = real_instance(instance, name);
#define REPLACE(title, kept, own)                   \
  if (real && !strcmp(name, title)) {               \
    kept = (__typeof__(kept))real;                  \
    return (PFN_vkVoidFunction)own;                 \
  }
  REPLACE("vkGetPhysicalDeviceProperties2", real_properties, properties)
  REPLACE("vkEnumerateDeviceExtensionProperties", real_extensions, extensions)
  REPLACE("vkCreateDevice", real_create, create_device)
  REPLACE("vkGetDeviceProcAddr", real_device, of_device)
  return real;
}
