// Catches C++ exceptions, and defines the box for a tensor.
#pragma once

#include <ATen/ATen.h>

#include <exception>
#include <stdexcept>
#include <string>

#include "ctorch.h"

struct ct_tensor {
  at::Tensor value;
};

namespace fewstep {

std::string &last_error();

/// The error of a foreign closure, with a code that its caller understands.
struct ClosureFailed : std::runtime_error {
  int code;
  explicit ClosureFailed(int code) : std::runtime_error("a checkpointed closure failed"), code(code) {}
};

template <typename Body>
int guarded(Body body) noexcept {
  try {
    body();
    return 0;
  } catch (const ClosureFailed &error) {
    last_error() = error.what();
    return error.code;
  } catch (const c10::Error &error) {
    last_error() = error.what_without_backtrace();
  } catch (const std::exception &error) {
    last_error() = error.what();
  } catch (...) {
    last_error() = "an unknown C++ exception";
  }
  return 1;
}

/// The dtype to which operators of a device type are cast; -1 if autocast is off.
int32_t autocast_dtype(c10::DeviceType type);
void set_autocast_dtype(c10::DeviceType type, int32_t dtype);

/// Counts floating-point operations.
void add_operations(double count);
/// Registers the shapes of operators that have meta kernels in Python only. Once.
void add_meta_kernels();

inline ct_tensor_t boxed(at::Tensor value) { return value.defined() ? new ct_tensor{std::move(value)} : nullptr; }

inline at::Tensor unboxed(ct_tensor_t tensor) { return tensor ? tensor->value : at::Tensor(); }

}  // namespace fewstep
