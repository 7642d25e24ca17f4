// Autograd: backward, gradients, and checkpointing over a foreign closure.
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>

#include "guard.h"

using namespace fewstep;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool ct_requires_grad(ct_tensor_t tensor) { return tensor->value.requires_grad(); }

int ct_set_requires_grad(ct_tensor_t tensor, bool value) {
  return guarded([&] { tensor->value.set_requires_grad(value); });
}

int ct_gradient(ct_tensor_t tensor, ct_tensor_t *out) {
  return guarded([&] { *out = boxed(tensor->value.grad()); });
}

int ct_set_gradient(ct_tensor_t tensor, ct_tensor_t gradient) {
  return guarded([&] { tensor->value.mutable_grad() = unboxed(gradient); });
}

int ct_backward(ct_tensor_t loss, ct_tensor_t seed, bool keep_graph, bool create_graph) {
  return guarded([&] {
    torch::autograd::backward({loss->value}, {unboxed(seed)}, keep_graph || create_graph, create_graph);
  });
}

int ct_grad(ct_tensor_t output, ct_tensor_t seed, const ct_tensor_t *inputs, size_t n, bool keep_graph,
            bool create_graph, ct_tensor_t *out) {
  return guarded([&] {
    variable_list variables;
    for (size_t i = 0; i < n; i++) variables.push_back(inputs[i]->value);
    auto gradients = torch::autograd::grad({output->value}, variables, {unboxed(seed)}, keep_graph || create_graph,
                                           create_graph, /*allow_unused=*/true);
    for (size_t i = 0; i < n; i++) out[i] = boxed(std::move(gradients[i]));
  });
}

bool ct_grad_mode() { return at::GradMode::is_enabled(); }

void ct_set_grad_mode(bool enabled) { at::GradMode::set_enabled(enabled); }

namespace {

/// Keeps the closure alive for as long as the graph may call it.
struct Closure : torch::CustomClassHolder {
  ct_closure closure;
  explicit Closure(ct_closure closure) : closure(closure) {}
  Closure(const Closure &) = delete;
  ~Closure() override { closure.release(closure.context); }

  at::Tensor operator()(const variable_list &inputs) const {
    std::vector<ct_tensor_t> boxes;
    for (const auto &input : inputs) boxes.push_back(boxed(input));
    ct_tensor_t out = nullptr;
    if (closure.call(closure.context, boxes.data(), boxes.size(), &out) != 0)
      throw std::runtime_error("a checkpointed closure failed");
    at::Tensor result = out->value;
    ct_release(out);
    return result;
  }
};

struct Checkpoint : torch::autograd::Function<Checkpoint> {
  /// `anchor` needs a gradient, so that the node is recorded even where only captured parameters do.
  static at::Tensor forward(AutogradContext *context, at::Tensor anchor, variable_list inputs,
                            c10::intrusive_ptr<Closure> closure) {
    context->save_for_backward(inputs);
    context->saved_data["closure"] = c10::IValue::make_capsule(closure);
    at::NoGradGuard guard;
    // A fresh tensor: a closure may hand back its input, which cannot be an output of this node.
    return (*closure)(inputs).clone();
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto closure = c10::static_intrusive_pointer_cast<Closure>(context->saved_data["closure"].toCapsule());
    variable_list inputs;
    for (const auto &saved : context->get_saved_variables())
      inputs.push_back(saved.detach().set_requires_grad(saved.requires_grad()));
    at::AutoGradMode guard(true);
    auto output = (*closure)(inputs);
    torch::autograd::backward({output}, {gradients[0]});
    variable_list out{at::Tensor()};
    for (const auto &input : inputs) out.push_back(input.requires_grad() ? input.grad() : at::Tensor());
    out.push_back(at::Tensor());
    return out;
  }
};

}  // namespace

int ct_checkpoint(ct_closure closure, const ct_tensor_t *inputs, size_t n, ct_tensor_t *out) {
  return guarded([&] {
    auto holder = c10::make_intrusive<Closure>(closure);
    variable_list variables;
    for (size_t i = 0; i < n; i++) variables.push_back(inputs[i]->value);
    if (!at::GradMode::is_enabled()) {
      *out = boxed((*holder)(variables));
      return;
    }
    auto anchor = at::zeros({}, variables.empty() ? at::TensorOptions() : variables[0].options().dtype(at::kFloat));
    anchor.set_requires_grad(true);
    *out = boxed(Checkpoint::apply(anchor, variables, holder));
  });
}
