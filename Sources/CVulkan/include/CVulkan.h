// Vulkan's types, and its functions loaded at run time: the program starts where there is no Vulkan.
#pragma once

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

// Function-like macros are not imported.
static const uint32_t dv_api_1_3 = VK_API_VERSION_1_3;

// Debian 12's headers (1.3.239) are older than this extension; values are of the registry.
#ifndef VK_KHR_cooperative_matrix
#define VK_KHR_cooperative_matrix 1
#define VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME "VK_KHR_cooperative_matrix"
static const VkStructureType VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR =
    (VkStructureType)1000506000;
static const VkStructureType VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR = (VkStructureType)1000506001;
typedef enum VkComponentTypeKHR {
  VK_COMPONENT_TYPE_FLOAT16_KHR = 0,
  VK_COMPONENT_TYPE_FLOAT32_KHR = 1,
  VK_COMPONENT_TYPE_MAX_ENUM_KHR = 0x7FFFFFFF
} VkComponentTypeKHR;
typedef enum VkScopeKHR { VK_SCOPE_SUBGROUP_KHR = 3, VK_SCOPE_MAX_ENUM_KHR = 0x7FFFFFFF } VkScopeKHR;
typedef struct VkCooperativeMatrixPropertiesKHR {
  VkStructureType sType;
  void *_Nullable pNext;
  uint32_t MSize;
  uint32_t NSize;
  uint32_t KSize;
  VkComponentTypeKHR AType;
  VkComponentTypeKHR BType;
  VkComponentTypeKHR CType;
  VkComponentTypeKHR ResultType;
  VkBool32 saturatingAccumulation;
  VkScopeKHR scope;
} VkCooperativeMatrixPropertiesKHR;
typedef struct VkPhysicalDeviceCooperativeMatrixFeaturesKHR {
  VkStructureType sType;
  void *_Nullable pNext;
  VkBool32 cooperativeMatrix;
  VkBool32 cooperativeMatrixRobustBufferAccess;
} VkPhysicalDeviceCooperativeMatrixFeaturesKHR;
typedef VkResult(VKAPI_PTR *_Nullable PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)(
    VkPhysicalDevice _Nonnull physicalDevice, uint32_t *_Nonnull pPropertyCount,
    VkCooperativeMatrixPropertiesKHR *_Nullable pProperties);
#endif

// What is needed of each level; a missing function is reported by its name.
#define DV_GLOBAL_FUNCTIONS(X) \
  X(CreateInstance)            \
  X(EnumerateInstanceVersion)  \
  X(EnumerateInstanceLayerProperties) \
  X(EnumerateInstanceExtensionProperties)
#define DV_INSTANCE_FUNCTIONS(X)         \
  X(DestroyInstance)                     \
  X(EnumeratePhysicalDevices)            \
  X(GetPhysicalDeviceProperties2)        \
  X(GetPhysicalDeviceFeatures2)          \
  X(GetPhysicalDeviceMemoryProperties2)  \
  X(GetPhysicalDeviceQueueFamilyProperties) \
  X(EnumerateDeviceExtensionProperties)  \
  X(CreateDevice)
#define DV_DEVICE_FUNCTIONS(X)   \
  X(DestroyDevice)               \
  X(GetDeviceQueue)              \
  X(AllocateMemory)              \
  X(FreeMemory)                  \
  X(MapMemory)                   \
  X(CreateBuffer)                \
  X(DestroyBuffer)               \
  X(GetBufferMemoryRequirements) \
  X(BindBufferMemory)            \
  X(GetBufferDeviceAddress)      \
  X(CreateShaderModule)          \
  X(DestroyShaderModule)         \
  X(CreatePipelineLayout)        \
  X(DestroyPipelineLayout)       \
  X(CreateComputePipelines)      \
  X(DestroyPipeline)             \
  X(CreatePipelineCache)         \
  X(DestroyPipelineCache)        \
  X(GetPipelineCacheData)        \
  X(CreateCommandPool)           \
  X(DestroyCommandPool)          \
  X(AllocateCommandBuffers)      \
  X(FreeCommandBuffers)          \
  X(BeginCommandBuffer)          \
  X(EndCommandBuffer)            \
  X(CmdBindPipeline)             \
  X(CmdPushConstants)            \
  X(CmdDispatchBase)             \
  X(CmdPipelineBarrier2)         \
  X(CmdCopyBuffer)               \
  X(CmdResetQueryPool)           \
  X(CmdWriteTimestamp2)          \
  X(CreateQueryPool)             \
  X(DestroyQueryPool)            \
  X(GetQueryPoolResults)         \
  X(CreateSemaphore)             \
  X(DestroySemaphore)            \
  X(WaitSemaphores)              \
  X(QueueSubmit2)                \
  X(DeviceWaitIdle)

#define DV_FIELD(name) PFN_vk##name _Nonnull name;
struct dv_global { DV_GLOBAL_FUNCTIONS(DV_FIELD) };
struct dv_instance {
  DV_INSTANCE_FUNCTIONS(DV_FIELD)
  // Null where the driver or the layer is absent.
  PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR _Nullable GetPhysicalDeviceCooperativeMatrixPropertiesKHR;
  PFN_vkCreateDebugUtilsMessengerEXT _Nullable CreateDebugUtilsMessengerEXT;
  PFN_vkDestroyDebugUtilsMessengerEXT _Nullable DestroyDebugUtilsMessengerEXT;
  PFN_vkGetDeviceProcAddr _Nullable GetDeviceProcAddr;
};
struct dv_device {
  DV_DEVICE_FUNCTIONS(DV_FIELD)
  // Null without VK_KHR_pipeline_executable_properties.
  PFN_vkGetPipelineExecutablePropertiesKHR _Nullable GetPipelineExecutablePropertiesKHR;
  PFN_vkGetPipelineExecutableStatisticsKHR _Nullable GetPipelineExecutableStatisticsKHR;
};
#undef DV_FIELD

// Each fills its table and returns null, or the name of what is missing.
const char *_Nullable dv_load_global(struct dv_global *_Nonnull table);
const char *_Nullable dv_load_instance(VkInstance _Nonnull instance, struct dv_instance *_Nonnull table);
const char *_Nullable dv_load_device(
    const struct dv_instance *_Nonnull instance, VkDevice _Nonnull device, struct dv_device *_Nonnull table);
