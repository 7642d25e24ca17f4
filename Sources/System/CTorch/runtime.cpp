// Threads, autocast, devices, and which libtorch this is.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/version.h>

#include "guard.h"

using namespace fewstep;

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
#define AUTOCAST_BY_DEVICE 1
#else
#define AUTOCAST_BY_DEVICE 0
#endif

namespace fewstep {

int32_t autocast_dtype(c10::DeviceType type) {
  if (type == c10::DeviceType::Meta) return -1;  // libtorch does not cast meta tensors
#if AUTOCAST_BY_DEVICE
  return at::autocast::is_autocast_enabled(type) ? static_cast<int32_t>(at::autocast::get_autocast_dtype(type)) : -1;
#else
  if (type == c10::DeviceType::CPU)
    return at::autocast::is_cpu_enabled() ? static_cast<int32_t>(at::autocast::get_autocast_cpu_dtype()) : -1;
  return at::autocast::is_enabled() ? static_cast<int32_t>(at::autocast::get_autocast_gpu_dtype()) : -1;
#endif
}

void set_autocast_dtype(c10::DeviceType type, int32_t dtype) {
  if (type == c10::DeviceType::Meta) return;
  const auto target = static_cast<at::ScalarType>(dtype);
#if AUTOCAST_BY_DEVICE
  if (dtype >= 0) at::autocast::set_autocast_dtype(type, target);
  at::autocast::set_autocast_enabled(type, dtype >= 0);
#else
  if (type == c10::DeviceType::CPU) {
    if (dtype >= 0) at::autocast::set_autocast_cpu_dtype(target);
    at::autocast::set_cpu_enabled(dtype >= 0);
  } else {
    if (dtype >= 0) at::autocast::set_autocast_gpu_dtype(target);
    at::autocast::set_enabled(dtype >= 0);
  }
#endif
  // Cast tensors stay in the cache while the mode lasts, so the cache is cleared here.
  at::autocast::clear_cache();
}

}  // namespace fewstep

int ct_autocast(int32_t device_type, int32_t dtype, int32_t *before) {
  return guarded([&] {
    const auto type = static_cast<c10::DeviceType>(device_type);
    const auto held = autocast_dtype(type);
    set_autocast_dtype(type, dtype);
    if (before) *before = held;
  });
}

int32_t ct_autocast_dtype(int32_t device_type) {
  return autocast_dtype(static_cast<c10::DeviceType>(device_type));
}

int ct_set_threads(int32_t count) {
  return guarded([&] { at::set_num_threads(count); });
}

int32_t ct_threads() { return at::get_num_threads(); }

void ct_keep_memory(int64_t bytes) {
  // 32 MiB is the maximum that glibc accepts for the first.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(std::min<int64_t>(bytes, INT32_MAX)));
  mallopt(M_TOP_PAD, 64 << 20);
}

int ct_set_deterministic(bool value) {
  return guarded([&] { at::globalContext().setDeterministicAlgorithms(value, /*warn_only=*/false); });
}

int32_t ct_cuda_devices() {
  return at::hasCUDA() ? static_cast<int32_t>(at::detail::getCUDAHooks().getNumGPUs()) : 0;
}

const char *ct_version() { return TORCH_VERSION; }

const char *ct_configuration() {
  static const std::string text = at::show_config() + "\n" + at::get_parallel_info();
  return text.c_str();
}

const char *ct_library_path() {
  Dl_info info;
  return dladdr(reinterpret_cast<void *>(&at::get_num_threads), &info) ? info.dli_fname : "unknown";
}
