// Where C++ exceptions stop, and the box a tensor travels in.
#pragma once

#include <ATen/ATen.h>

#include <exception>
#include <string>

#include "ctorch.h"

struct ct_tensor {
  at::Tensor value;
};

namespace fewstep {

std::string &last_error();

template <typename Body>
int guarded(Body body) noexcept {
  try {
    body();
    return 0;
  } catch (const c10::Error &error) {
    last_error() = error.what_without_backtrace();
  } catch (const std::exception &error) {
    last_error() = error.what();
  } catch (...) {
    last_error() = "an unknown C++ exception";
  }
  return 1;
}

inline ct_tensor_t boxed(at::Tensor value) { return value.defined() ? new ct_tensor{std::move(value)} : nullptr; }

inline at::Tensor unboxed(ct_tensor_t tensor) { return tensor ? tensor->value : at::Tensor(); }

}  // namespace fewstep
