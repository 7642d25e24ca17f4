// Process groups of c10d and the store through which their processes find each other. The collectives themselves are operators.
#include <torch/version.h>

#include "guard.h"

// Gloo's headers are not in every libtorch; of its types only pointers cross the border, so any version of them does.
#if __has_include(<gloo/algorithm.h>) && \
    (TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4))
#define HAS_C10D 1
// libtorch's own headers hide Gloo behind this.
#define USE_C10D_GLOO
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/GroupRegistry.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef FEWSTEP_NCCL
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#else
#define HAS_C10D 0
#endif

#include <cstdlib>
#include <cstring>

#if HAS_C10D
C10_DECLARE_int(caffe2_log_level);
#endif

using namespace fewstep;

bool ct_has_process_groups() { return HAS_C10D; }

bool ct_has_nccl() {
#ifdef FEWSTEP_NCCL
  return HAS_C10D;
#else
  return false;
#endif
}

#if HAS_C10D

struct ct_store {
  c10::intrusive_ptr<c10d::Store> value;
};

/// The registry of names does not keep a group alive.
struct ct_group {
  std::string name;
  c10::intrusive_ptr<c10d::ProcessGroup> value;
};

namespace {

using std::chrono::milliseconds;

/// Gloo's network: the interface that GLOO_SOCKET_IFNAME names, as for PyTorch; the loopback if all processes are on this
/// machine; otherwise that of the machine's own name.
std::shared_ptr<::gloo::transport::Device> gloo_device(bool is_local) {
  if (const char *name = std::getenv("GLOO_SOCKET_IFNAME"))
    return c10d::ProcessGroupGloo::createDeviceForInterface(name);
  if (is_local) return c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1");
  return c10d::ProcessGroupGloo::createDefaultDevice();
}

}  // namespace

int ct_store_open(const char *host, int32_t port, bool serves, int64_t timeout, const char *prefix, ct_store_t *out) {
  return guarded([&] {
    // Errors are returned; c10d would print each with its C++ stack as well.
    if (!std::getenv("TORCH_CPP_LOG_LEVEL")) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(port);
    options.isServer = serves;
    options.waitWorkers = false;
    options.timeout = milliseconds(timeout);
    auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
    *out = new ct_store{c10::make_intrusive<c10d::PrefixStore>(prefix, store)};
  });
}

void ct_store_close(ct_store_t store) { delete store; }

int ct_store_clone(ct_store_t store, ct_store_t *out) {
  return guarded([&] { *out = new ct_store{store->value->clone()}; });
}

int ct_store_set(ct_store_t store, const char *key, const char *value) {
  return guarded([&] { store->value->set(key, std::string(value)); });
}

int ct_store_get(ct_store_t store, const char *key, int64_t timeout, char **out) {
  return guarded([&] {
    store->value->wait({key}, milliseconds(timeout));
    const auto bytes = store->value->get(key);
    *out = static_cast<char *>(std::malloc(bytes.size() + 1));
    std::memcpy(*out, bytes.data(), bytes.size());
    (*out)[bytes.size()] = 0;
  });
}

int ct_store_has(ct_store_t store, const char *key, bool *out) {
  return guarded([&] { *out = store->value->check({key}); });
}

int ct_store_remove(ct_store_t store, const char *key) {
  return guarded([&] { store->value->deleteKey(key); });
}

int ct_group_open(ct_store_t store, const char *name, int32_t rank, int32_t size, bool is_local, bool on_cuda,
                  int64_t timeout, ct_group_t *out) {
  return guarded([&] {
    auto own = c10::make_intrusive<c10d::PrefixStore>(name, store->value);
    auto group = c10::make_intrusive<c10d::ProcessGroup>(own, rank, size);
    auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(timeout));
    options->devices.push_back(gloo_device(is_local));
    // One thread. Of several, libtorch 2.13's each note the last call's name in one string without a lock, and free it twice.
    options->threads = 1;
    auto gloo_store = c10::make_intrusive<c10d::PrefixStore>("gloo", own);
    auto gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(gloo_store, rank, size, options);
    gloo->setSequenceNumberForGroup();
    group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO, gloo);
    if (on_cuda) {
#ifdef FEWSTEP_NCCL
      auto nccl_options = c10d::ProcessGroupNCCL::Options::create();
      nccl_options->timeout = milliseconds(timeout);
      auto nccl_store = c10::make_intrusive<c10d::PrefixStore>("nccl", own);
      auto nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(nccl_store, rank, size, nccl_options);
      nccl->setSequenceNumberForGroup();
      group->setBackend(c10::DeviceType::CUDA, c10d::ProcessGroup::BackendType::NCCL, nccl);
#else
      throw std::runtime_error("this build has no NCCL");
#endif
    }
    group->setGroupName(name);
    c10d::register_process_group(name, group);
    *out = new ct_group{name, group};
  });
}

void ct_group_close(ct_group_t group) {
  (void)guarded([&] { c10d::unregister_process_group(group->name); });
  delete group;
}

#else

namespace {
int absent() {
  return guarded([] { throw std::runtime_error("libtorch " TORCH_VERSION " has no process groups for C++"); });
}
}  // namespace

int ct_store_open(const char *, int32_t, bool, int64_t, const char *, ct_store_t *) { return absent(); }
void ct_store_close(ct_store_t) {}
int ct_store_clone(ct_store_t, ct_store_t *) { return absent(); }
int ct_store_set(ct_store_t, const char *, const char *) { return absent(); }
int ct_store_get(ct_store_t, const char *, int64_t, char **) { return absent(); }
int ct_store_has(ct_store_t, const char *, bool *) { return absent(); }
int ct_store_remove(ct_store_t, const char *) { return absent(); }
int ct_group_open(ct_store_t, const char *, int32_t, int32_t, bool, bool, int64_t, ct_group_t *) { return absent(); }
void ct_group_close(ct_group_t) {}

#endif
