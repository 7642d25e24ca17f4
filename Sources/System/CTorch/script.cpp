// TorchScript programs: networks with their own forward.
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include "guard.h"

using namespace fewstep;

struct ct_script {
  torch::jit::Module program;
  /// Parameters and buffers, in the program's order.
  std::vector<std::pair<std::string, at::Tensor>> tensors;
};

namespace {

/// Splits a path such as "layers.forward" into the submodule and the method's name.
std::pair<torch::jit::Module, std::string> located(const torch::jit::Module &program, const std::string &method) {
  torch::jit::Module module = program;
  size_t start = 0;
  for (size_t dot; (dot = method.find('.', start)) != std::string::npos; start = dot + 1) {
    const auto name = method.substr(start, dot - start);
    if (!module.hasattr(name) || !module.attr(name).isModule())
      throw std::invalid_argument("the program has no part '" + method.substr(0, dot) + "'");
    module = module.attr(name).toModule();
  }
  return {module, method.substr(start)};
}

}  // namespace

int ct_script_load(const char *path, int32_t device_type, int32_t device_index, ct_script_t *out) {
  return guarded([&] {
    const c10::Device device(static_cast<c10::DeviceType>(device_type), static_cast<c10::DeviceIndex>(device_index));
    auto program = torch::jit::load(path, device);
    program.eval();
    auto script = std::make_unique<ct_script>(ct_script{program, {}});
    for (const auto &parameter : program.named_parameters()) script->tensors.emplace_back(parameter.name, parameter.value);
    for (const auto &buffer : program.named_buffers()) script->tensors.emplace_back(buffer.name, buffer.value);
    *out = script.release();
  });
}

void ct_script_release(ct_script_t script) { delete script; }

int64_t ct_script_tensor_count(ct_script_t script) { return static_cast<int64_t>(script->tensors.size()); }

const char *ct_script_tensor(ct_script_t script, int64_t index, ct_tensor_t *out) {
  const auto &[name, value] = script->tensors[static_cast<size_t>(index)];
  *out = boxed(value);
  return name.c_str();
}

int ct_script_call(ct_script_t script, const char *method, const ct_tensor_t *inputs, size_t n, ct_tensor_t *out) {
  return guarded([&] {
    const auto [module, name] = located(script->program, method);
    const auto found = module.find_method(name);
    if (!found) throw std::invalid_argument("the program has no method '" + std::string(method) + "'");
    std::vector<c10::IValue> arguments;
    for (size_t i = 0; i < n; i++) arguments.emplace_back(inputs[i]->value);
    // Without the optimizer, which compiles during the first calls, so that every call computes the same.
    torch::jit::GraphOptimizerEnabledGuard plain(false);
    auto result = (*found)(std::move(arguments));
    if (!result.isTensor())
      throw std::invalid_argument("'" + std::string(method) + "' returns " + result.tagKind() + ", not a tensor");
    *out = boxed(std::move(result).toTensor());
  });
}
