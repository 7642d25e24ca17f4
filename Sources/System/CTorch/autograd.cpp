// Autograd: backward, gradients, and checkpointing over a foreign closure.
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/engine.h>
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
  return guarded([&] {
    const auto &value = tensor->value;
    const auto given = unboxed(gradient);
    if (given.defined() && (given.sizes() != value.sizes() || given.scalar_type() != value.scalar_type() ||
                            given.device() != value.device()))
      throw std::invalid_argument("a gradient has its tensor's shape, dtype and device");
    value.mutable_grad() = given;
  });
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

void ct_set_grad_mode(bool enabled) {
  // Weights that autocast has cast without grad stay in its cache, and would get no gradient from here on.
  if (enabled && !at::GradMode::is_enabled()) at::autocast::clear_cache();
  at::GradMode::set_enabled(enabled);
}

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
    if (int code = closure.call(closure.context, boxes.data(), boxes.size(), &out)) throw ClosureFailed(code);
    at::Tensor result = out->value;
    ct_release(out);
    return result;
  }
};

/// Restores a recorded autocast state for one scope.
struct AutocastScope {
  c10::DeviceType type;
  int32_t before;
  AutocastScope(c10::DeviceType type, int32_t dtype) : type(type), before(autocast_dtype(type)) {
    set_autocast_dtype(type, dtype);
  }
  AutocastScope(const AutocastScope &) = delete;
  ~AutocastScope() { set_autocast_dtype(type, before); }
};

struct Checkpoint : torch::autograd::Function<Checkpoint> {
  /// `anchor` needs a gradient, so that the node is recorded even if only captured parameters need one. The inputs are
  /// passed as a TensorList: apply() would not see the tensors in a std::vector.
  static at::Tensor forward(AutogradContext *context, at::Tensor anchor, at::TensorList inputs,
                            c10::intrusive_ptr<Closure> closure) {
    context->save_for_backward(inputs.vec());
    context->saved_data["closure"] = c10::IValue::make_capsule(closure);
    context->saved_data["device"] = static_cast<int64_t>(anchor.device().type());
    context->saved_data["autocast"] = static_cast<int64_t>(autocast_dtype(anchor.device().type()));
    at::NoGradGuard guard;
    // A new tensor: a closure may return its input, which cannot be an output of this node.
    return (*closure)(inputs.vec()).clone();
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    if (at::GradMode::is_enabled()) throw std::runtime_error("a checkpoint has no second derivatives");
    auto closure = c10::static_intrusive_pointer_cast<Closure>(context->saved_data["closure"].toCapsule());
    variable_list inputs, leaves;
    for (const auto &saved : context->get_saved_variables()) {
      inputs.push_back(saved.detach().set_requires_grad(saved.requires_grad()));
      if (saved.requires_grad()) leaves.push_back(inputs.back());
    }
    at::AutoGradMode guard(true);
    at::Tensor output;
    {
      AutocastScope scope(static_cast<c10::DeviceType>(context->saved_data["device"].toInt()),
                          static_cast<int32_t>(context->saved_data["autocast"].toInt()));
      output = (*closure)(inputs);
    }
    variable_list found(leaves.size());
    if (!output.requires_grad()) {
      // No tensor that the closure used needs a gradient.
    } else if (torch::autograd::Engine::get_default_engine().is_checkpoint_valid()) {
      torch::autograd::backward({output}, {gradients[0]});
      for (size_t i = 0; i < leaves.size(); i++) found[i] = leaves[i].grad();
    } else if (!leaves.empty()) {
      // Only gradients for some tensors were requested: the captured parameters' must not be changed.
      found = torch::autograd::grad({output}, leaves, {gradients[0]}, /*retain_graph=*/false, /*create_graph=*/false,
                                    /*allow_unused=*/true);
    }
    variable_list out{at::Tensor()};
    auto next = found.begin();
    for (const auto &input : inputs) out.push_back(input.requires_grad() ? *next++ : at::Tensor());
    out.push_back(at::Tensor());
    return out;
  }
};

struct AfterAccumulation : torch::autograd::FunctionPostHook {
  void *context;
  void (*call)(void *);
  AfterAccumulation(void *context, void (*call)(void *)) : context(context), call(call) {}
  variable_list operator()(const variable_list &outputs, const variable_list &) override {
    call(context);
    return outputs;
  }
};

/// Keeps a function's closures alive for as long as the graph may call them.
struct Closures : torch::CustomClassHolder {
  ct_function function;
  explicit Closures(ct_function function) : function(function) {}
  Closures(const Closures &) = delete;
  ~Closures() override { function.release(function.context); }
};

/// Takes over a closure's results.
variable_list taken(std::vector<ct_tensor_t> &results) {
  variable_list values;
  for (auto result : results) {
    values.push_back(unboxed(result));
    if (result) ct_release(result);
  }
  return values;
}

struct Differentiable : torch::autograd::Function<Differentiable> {
  static variable_list forward(AutogradContext *context, at::TensorList inputs, c10::intrusive_ptr<Closures> function,
                               int64_t count) {
    context->saved_data["function"] = c10::IValue::make_capsule(function);
    context->saved_data["inputs"] = static_cast<int64_t>(inputs.size());
    context->set_materialize_grads(false);
    at::NoGradGuard guard;
    std::vector<ct_tensor_t> boxes, results(count, nullptr);
    for (const auto &input : inputs) boxes.push_back(boxed(input));
    const auto &closures = function->function;
    if (int code = closures.forward(closures.context, boxes.data(), boxes.size(), results.data(), results.size()))
      throw ClosureFailed(code);
    return taken(results);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto function = c10::static_intrusive_pointer_cast<Closures>(context->saved_data["function"].toCapsule());
    std::vector<ct_tensor_t> boxes, results(context->saved_data["inputs"].toInt(), nullptr);
    for (const auto &gradient : gradients) boxes.push_back(boxed(gradient));
    const auto &closures = function->function;
    at::NoGradGuard guard;
    if (int code = closures.backward(closures.context, boxes.data(), boxes.size(), results.data(), results.size()))
      throw ClosureFailed(code);
    auto out = taken(results);
    // The function and the count have none.
    out.resize(out.size() + 2);
    return out;
  }
};

}  // namespace

/// The leaf itself holds its accumulator weakly.
struct ct_hook {
  decltype(torch::autograd::impl::grad_accumulator(std::declval<const at::Tensor &>())) accumulator;
  uintptr_t key;
};

int ct_after_accumulation(ct_tensor_t leaf, void *context, void (*call)(void *), ct_hook_t *out) {
  return guarded([&] {
    auto accumulator = torch::autograd::impl::grad_accumulator(leaf->value);
    if (!accumulator) throw std::invalid_argument("the tensor is no leaf that needs a gradient");
    const auto key = accumulator->add_post_hook(std::make_unique<AfterAccumulation>(context, call));
    *out = new ct_hook{accumulator, key};
  });
}

void ct_hook_remove(ct_hook_t hook) {
  hook->accumulator->del_post_hook(hook->key);
  delete hook;
}

int ct_differentiable(ct_function function, const ct_tensor_t *inputs, size_t n, ct_tensor_t *out, size_t count) {
  return guarded([&] {
    auto holder = c10::make_intrusive<Closures>(function);
    variable_list variables;
    for (size_t i = 0; i < n; i++) variables.push_back(inputs[i]->value);
    auto results = Differentiable::apply(at::TensorList(variables), holder, static_cast<int64_t>(count));
    for (size_t i = 0; i < count; i++) out[i] = boxed(std::move(results[i]));
  });
}

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
    *out = boxed(Checkpoint::apply(anchor, at::TensorList(variables), holder));
    at::autocast::clear_cache();  // as ct_set_grad_mode does
  });
}
