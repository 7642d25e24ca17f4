// Conversion between tensors and plain memory.
#include <ATen/TensorUtils.h>

#include <cstring>
#include <memory>

#include "guard.h"

using namespace fewstep;

namespace fewstep {

std::string &last_error() {
  static thread_local std::string message;
  return message;
}

}  // namespace fewstep

const char *ct_error() { return last_error().c_str(); }

void ct_release(ct_tensor_t tensor) { delete tensor; }

ct_tensor_t ct_retain(ct_tensor_t tensor) { return new ct_tensor{tensor->value}; }

int ct_from_bytes(const void *bytes, const int64_t *shape, int64_t rank, int32_t dtype, ct_tensor_t *out) {
  return guarded([&] {
    auto tensor = at::empty(at::IntArrayRef(shape, rank), static_cast<at::ScalarType>(dtype));
    if (bytes) std::memcpy(tensor.data_ptr(), bytes, tensor.nbytes());
    *out = boxed(std::move(tensor));
  });
}

int ct_from_memory(void *bytes, const int64_t *shape, int64_t rank, int32_t dtype, void *owner,
                   void (*release)(void *), ct_tensor_t *out) {
  return guarded([&] {
    // Released by the deleter that holds it, or here if from_blob throws: exactly once in either case.
    std::shared_ptr<void> kept(owner, release);
    *out = boxed(at::from_blob(
        bytes, at::IntArrayRef(shape, rank), [kept](void *) {},
        at::TensorOptions(static_cast<at::ScalarType>(dtype))));
  });
}

int64_t ct_rank(ct_tensor_t tensor) { return tensor->value.dim(); }

void ct_shape(ct_tensor_t tensor, int64_t *shape) {
  auto sizes = tensor->value.sizes();
  std::copy(sizes.begin(), sizes.end(), shape);
}

int32_t ct_dtype(ct_tensor_t tensor) { return static_cast<int32_t>(tensor->value.scalar_type()); }

void ct_device(ct_tensor_t tensor, int32_t *type, int32_t *index) {
  auto device = tensor->value.device();
  *type = static_cast<int32_t>(device.type());
  *index = device.index();
}

int ct_data(ct_tensor_t tensor, const void **out) {
  return guarded([&] {
    if (!tensor->value.device().is_cpu() || !tensor->value.is_contiguous())
      throw std::invalid_argument("only a contiguous tensor on the CPU shows its memory");
    *out = tensor->value.data_ptr();
  });
}

int ct_item(ct_tensor_t tensor, double *out) {
  return guarded([&] { *out = tensor->value.item().toDouble(); });
}

bool ct_shares_storage(ct_tensor_t a, ct_tensor_t b) { return a->value.is_alias_of(b->value); }
