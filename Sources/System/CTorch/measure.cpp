// What work takes: the bytes of tensors as they come and go, and the floating-point operations of products.
// libtorch is built for release, where an input may always be read: its debug assertion would be wrong.
#ifndef NDEBUG
#define NDEBUG
#endif
#include <ATen/record_function.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/version.h>

#include <atomic>
#include <memory>
#include <unordered_set>

#include "guard.h"

using namespace fewstep;

namespace {

struct Bytes {
  std::atomic<int64_t> current{0}, peak{0};

  void add(int64_t bytes) {
    const auto now = current += bytes;
    auto before = peak.load();
    while (now > before && !peak.compare_exchange_weak(before, now)) {
    }
  }
};

/// The counts of one measurement, by kind of memory: the host's, a GPU's, and what meta tensors would take.
struct Counts {
  Bytes host, gpu, meta;
  std::atomic<double> operations{0};

  Bytes &bytes(c10::DeviceType type) {
    return type == c10::DeviceType::CPU ? host : type == c10::DeviceType::Meta ? meta : gpu;
  }
};

#if TORCH_VERSION_MAJOR >= 2
using Total = size_t;
#else
using Total = int64_t;
#endif

/// libtorch's allocators report to it. It belongs to the thread that measures, and to those that run its backward passes.
struct Ledger final : c10::MemoryReportingInfoBase {
  const std::shared_ptr<Counts> counts = std::make_shared<Counts>();

  void reportMemoryUsage(void *, int64_t bytes, Total, Total, c10::Device device) override {
    counts->bytes(device.type()).add(bytes);
  }
  bool memoryProfilingEnabled() const override { return true; }

  /// The counts of this thread's measurement; null if nothing measures.
  static std::shared_ptr<Counts> current() {
    const auto *ledger = dynamic_cast<Ledger *>(c10::ThreadLocalDebugInfo::get(c10::DebugInfoKind::PROFILER_STATE));
    return ledger ? ledger->counts : nullptr;
  }
};

/// Meta tensors have no memory. This allocator gives them none either, and counts what they would have.
struct MetaAllocator final : c10::Allocator {
  struct Block {
    std::shared_ptr<Counts> counts;
    int64_t bytes;
    ~Block() { counts->meta.add(-bytes); }
  };
  static void release(void *block) { delete static_cast<Block *>(block); }
  c10::DataPtr counted(size_t bytes) const {
    const c10::Device device(c10::DeviceType::Meta);
    const auto counts = Ledger::current();
    if (!counts) return {nullptr, device};
    counts->meta.add(static_cast<int64_t>(bytes));
    return {nullptr, new Block{counts, static_cast<int64_t>(bytes)}, &release, device};
  }
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
  c10::DataPtr allocate(size_t bytes) override { return counted(bytes); }
  void copy_data(void *, const void *, size_t) const override {}
#else
  c10::DataPtr allocate(size_t bytes) const override { return counted(bytes); }
#endif
};

double product_of(at::IntArrayRef sizes) {
  double product = 1;
  for (auto size : sizes) product *= static_cast<double>(size);
  return product;
}

/// The multiply-adds of a product, counted as two operations, like everywhere.
double operations_of(const std::string &name, c10::ArrayRef<const c10::IValue> inputs) {
  const auto sizes = [&](size_t place) { return inputs[place].toTensor().sizes(); };
  const auto product = [&](size_t first) {
    return 2 * product_of(sizes(first)) * static_cast<double>(sizes(first + 1).back());
  };
  if (name == "aten::mm" || name == "aten::bmm") return product(0);
  if (name == "aten::addmm" || name == "aten::baddbmm") return product(1);
  if (name == "aten::convolution") {
    const auto input = sizes(0), weight = sizes(1);
    const auto stride = inputs[3].toIntVector(), padding = inputs[4].toIntVector(), dilation = inputs[5].toIntVector();
    double places = static_cast<double>(input[0]);
    const bool transposed = inputs[6].toBool();
    for (size_t i = 2; i < weight.size(); i++) {
      const auto at = [i](const std::vector<int64_t> &list) { return list[list.size() == 1 ? 0 : i - 2]; };
      // Each place of the smaller side meets the whole kernel.
      places *= static_cast<double>(
          transposed ? input[i] : (input[i] + 2 * at(padding) - at(dilation) * (weight[i] - 1) - 1) / at(stride) + 1);
    }
    return 2 * places * product_of(weight);
  }
  if (name == "aten::convolution_backward") {
    const auto gradient = sizes(0), input = sizes(1), weight = sizes(2);
    const auto mask = inputs[10].toBoolList();
    const auto &smaller = inputs[7].toBool() ? input : gradient;
    double places = static_cast<double>(smaller[0]);
    for (size_t i = 2; i < weight.size(); i++) places *= static_cast<double>(smaller[i]);
    return 2 * places * product_of(weight) * (int(mask[0]) + int(mask[1]));
  }
  if (name.rfind("aten::_scaled_dot_product_", 0) == 0 && name != "aten::_scaled_dot_product_attention_math") {
    const bool backward = name.find("_backward") != std::string::npos;
    const auto q = sizes(backward ? 1 : 0), k = sizes(backward ? 2 : 1);
    // Two products; backward five, since the weights are computed again.
    return (backward ? 10 : 4) * product_of(q) * static_cast<double>(k[k.size() - 2]);
  }
  return 0;
}

/// Whether operations of this operator are counted. Others may have no inputs that can be read.
bool is_counted(const std::string &name) {
  static const std::unordered_set<std::string> names{"aten::mm",          "aten::bmm",     "aten::addmm",
                                                     "aten::convolution", "aten::baddbmm", "aten::convolution_backward"};
  return names.count(name) || name.rfind("aten::_scaled_dot_product_", 0) == 0;
}

std::unique_ptr<at::ObserverContext> count(const at::RecordFunction &function) {
  if (!is_counted(function.name())) return nullptr;
  try {
    const auto found = operations_of(function.name(), function.inputs());
    if (found > 0) add_operations(found);
  } catch (...) {
    // An operator with other arguments than these is not counted.
  }
  return nullptr;
}

thread_local std::unique_ptr<c10::DebugInfoGuard> guard;
thread_local at::CallbackHandle callback = 0;

}  // namespace

void fewstep::add_operations(double count) {
  const auto counts = Ledger::current();
  if (!counts) return;
  auto &sum = counts->operations;
  for (auto before = sum.load(); !sum.compare_exchange_weak(before, before + count);) {
  }
}

bool ct_measuring() { return Ledger::current() != nullptr; }

int ct_measure(bool on) {
  return guarded([&] {
    static MetaAllocator allocator;
    static const bool installed = [] {
      c10::SetAllocator(c10::DeviceType::Meta, &allocator, /*priority=*/1);
      add_meta_kernels();
      return true;
    }();
    (void)installed;
    if (on) {
      guard = std::make_unique<c10::DebugInfoGuard>(c10::DebugInfoKind::PROFILER_STATE, std::make_shared<Ledger>());
      callback = at::addThreadLocalCallback(
          at::RecordFunctionCallback(&count).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
    } else {
      at::removeCallback(callback);
      guard.reset();
    }
  });
}

void ct_measured_bytes(int32_t device_type, int64_t *current, int64_t *peak) {
  const auto counts = Ledger::current();
  *current = counts ? counts->bytes(static_cast<c10::DeviceType>(device_type)).current.load() : 0;
  *peak = counts ? counts->bytes(static_cast<c10::DeviceType>(device_type)).peak.load() : 0;
}

void ct_measured_reset_peak(int32_t device_type) {
  const auto counts = Ledger::current();
  if (!counts) return;
  auto &bytes = counts->bytes(static_cast<c10::DeviceType>(device_type));
  bytes.peak = bytes.current.load();
}

double ct_measured_operations() {
  const auto counts = Ledger::current();
  return counts ? counts->operations.load() : 0;
}
