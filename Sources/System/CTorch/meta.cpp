// The shapes of operators for which libtorch has meta kernels in Python only.
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <unordered_set>

#include "guard.h"

namespace {

using at::IntArrayRef;
using at::Tensor;
using Tensors = std::tuple<Tensor, Tensor, Tensor>;
using Mask = std::array<bool, 3>;

Tensor like(const Tensor &x, IntArrayRef shape) { return at::empty(shape, x.options()); }

Tensor convolution(const Tensor &x, const Tensor &weight, const c10::optional<Tensor> &, IntArrayRef stride,
                   IntArrayRef padding, IntArrayRef dilation, bool transposed, IntArrayRef output_padding,
                   int64_t groups) {
  std::vector<int64_t> shape{x.size(0), transposed ? weight.size(1) * groups : weight.size(0)};
  for (int64_t i = 2; i < x.dim(); i++) {
    const auto at = [i](IntArrayRef list) { return list[list.size() == 1 ? 0 : i - 2]; };
    const auto reach = at(dilation) * (weight.size(i) - 1);
    shape.push_back(transposed ? (x.size(i) - 1) * at(stride) - 2 * at(padding) + reach + at(output_padding) + 1
                               : (x.size(i) + 2 * at(padding) - reach - 1) / at(stride) + 1);
  }
  return at::empty(shape, x.options(), x.suggest_memory_format());
}

Tensors convolution_backward(const Tensor &gradient, const Tensor &x, const Tensor &weight, IntArrayRef, IntArrayRef,
                             IntArrayRef, bool, IntArrayRef, int64_t, Mask mask) {
  return {mask[0] ? at::empty_like(x) : Tensor(), mask[1] ? at::empty_like(weight) : Tensor(),
          mask[2] ? like(gradient, {gradient.size(1)}) : Tensor()};
}

Tensors layer_norm(const Tensor &x, IntArrayRef shape, const c10::optional<Tensor> &, const c10::optional<Tensor> &,
                   double) {
  std::vector<int64_t> rows(x.sizes().begin(), x.sizes().end() - shape.size());
  for (size_t i = 0; i < shape.size(); i++) rows.push_back(1);
  return {at::empty_like(x), like(x, rows), like(x, rows)};
}

Tensors layer_norm_backward(const Tensor &, const Tensor &x, IntArrayRef shape, const Tensor &, const Tensor &,
                            const c10::optional<Tensor> &, const c10::optional<Tensor> &, Mask mask) {
  return {mask[0] ? at::empty_like(x) : Tensor(), mask[1] ? like(x, shape) : Tensor(),
          mask[2] ? like(x, shape) : Tensor()};
}

Tensors group_norm(const Tensor &x, const c10::optional<Tensor> &, const c10::optional<Tensor> &, int64_t n, int64_t,
                   int64_t, int64_t groups, double) {
  return {at::empty_like(x), like(x, {n, groups}), like(x, {n, groups})};
}

Tensors group_norm_backward(const Tensor &, const Tensor &x, const Tensor &, const Tensor &,
                            const c10::optional<Tensor> &, int64_t, int64_t channels, int64_t, int64_t, Mask mask) {
  return {mask[0] ? at::empty_like(x) : Tensor(), mask[1] ? like(x, {channels}) : Tensor(),
          mask[2] ? like(x, {channels}) : Tensor()};
}

Tensor on_host(const Tensor &x) {
  if (!x.defined() || !x.is_meta()) return x;
  return at::empty_strided(x.sizes(), x.strides(), x.options().device(at::kCPU)).zero_();
}

Tensor shape_of(const Tensor &x) {
  return x.defined() ? at::empty_strided(x.sizes(), x.strides(), x.options().device(at::kMeta)) : x;
}

/// Finds an operator's results by running it on zeros in the host's memory.
void run_on_host(const c10::OperatorHandle &op, torch::jit::Stack *stack) {
  const auto &schema = op.schema();
  const auto count = schema.arguments().size();
  const std::vector<c10::IValue> given(stack->end() - count, stack->end());
  for (size_t i = 0; i < count; i++) {
    auto &value = (*stack)[stack->size() - count + i];
    if (value.isTensor()) {
      value = on_host(value.toTensor());
    } else if (value.isTensorList()) {
      auto list = value.toTensorVector();
      for (auto &tensor : list) tensor = on_host(tensor);
      value = c10::IValue(list);
    } else if (value.isOptionalTensorList()) {
      c10::List<c10::optional<Tensor>> list;
      for (const auto &tensor : value.toOptionalTensorVector())
        list.push_back(tensor ? c10::optional<Tensor>(on_host(*tensor)) : c10::nullopt);
      value = list;
    } else if (value.isDevice() && value.toDevice().is_meta()) {
      value = c10::Device(at::kCPU);
    }
  }
  op.callBoxed(stack);
  const auto results = schema.returns().size();
  for (size_t i = 0; i < results; i++) {
    auto &value = (*stack)[stack->size() - results + i];
    const auto *alias = schema.returns()[i].alias_info();
    if (alias && alias->isWrite()) {
      // An operator that writes into an argument returns it.
      for (size_t k = 0; k < count; k++) {
        const auto *other = schema.arguments()[k].alias_info();
        if (!other || other->beforeSets() != alias->beforeSets()) continue;
        if (value.isTensor() && given[k].isTensor()) given[k].toTensor().resize_(value.toTensor().sizes());
        value = given[k];
        break;
      }
    } else if (value.isTensor()) {
      value = shape_of(value.toTensor());
    } else if (value.isTensorList()) {
      auto list = value.toTensorVector();
      for (auto &tensor : list) tensor = shape_of(tensor);
      value = c10::IValue(list);
    }
  }
}

/// Operators on lists of tensors: there is nothing to write in place, and a norm is one number.
void run_on_lists(const c10::OperatorHandle &op, torch::jit::Stack *stack) {
  const auto &schema = op.schema();
  const auto list = (*stack)[stack->size() - schema.arguments().size()].toTensorVector();
  stack->resize(stack->size() - schema.arguments().size());
  if (schema.returns().empty()) return;
  std::vector<Tensor> results;
  for (const auto &x : list)
    results.push_back(op.operator_name().name == "aten::_foreach_norm" ? like(x, {}) : at::empty_like(x));
  stack->push_back(c10::IValue(results));
}

/// Registers a kernel if libtorch has none of its own.
template <typename Kernel>
void add(torch::Library &library, const char *name, Kernel kernel) {
  const auto found = c10::Dispatcher::singleton().findSchema({std::string("aten::") + name, ""});
  if (found && !found->hasKernelForDispatchKey(c10::DispatchKey::Meta)) library.impl(name, kernel);
}

/// Attention as fused kernels do it: the attention weights are never in memory, and are computed again backward.
struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static double pairs(const Tensor &q, const Tensor &k) {
    return static_cast<double>(q.numel()) * static_cast<double>(k.size(-2));
  }

  static Tensor forward(torch::autograd::AutogradContext *context, Tensor q, Tensor k, Tensor v) {
    auto shape = q.sizes().vec();
    shape.back() = v.size(-1);
    auto out = like(q, shape);
    shape.pop_back();
    context->save_for_backward({q, k, v, out, at::empty(shape, q.options().dtype(at::kFloat))});
    fewstep::add_operations(4 * pairs(q, k));
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list) {
    const auto saved = context->get_saved_variables();
    fewstep::add_operations(10 * pairs(saved[0], saved[1]));
    return {at::empty_like(saved[0]), at::empty_like(saved[1]), at::empty_like(saved[2])};
  }
};

}  // namespace

namespace fewstep {

void add_meta_kernels() {
  static torch::Library library(torch::Library::IMPL, "aten", c10::make_optional(c10::DispatchKey::Meta), __FILE__,
                                __LINE__);
  add(library, "convolution_overrideable", convolution);
  add(library, "convolution_backward_overrideable", convolution_backward);
  add(library, "native_layer_norm", layer_norm);
  add(library, "native_layer_norm_backward", layer_norm_backward);
  add(library, "native_group_norm", group_norm);
  add(library, "native_group_norm_backward", group_norm_backward);
  auto &dispatcher = c10::Dispatcher::singleton();
  for (const auto &name : dispatcher.getAllOpNames()) {
    if (name.name.rfind("aten::", 0) != 0) continue;
    const auto op = dispatcher.findOp(name);
    const auto has = [&](c10::DispatchKey key) { return op->hasKernelForDispatchKey(key); };
    // What depends on values has no shape.
    static const std::unordered_set<std::string> excluded{"aten::_local_scalar_dense", "aten::equal", "aten::nonzero",
                                                          "aten::masked_select", "aten::_unique2", "aten::unique_dim",
                                                          "aten::repeat_interleave"};
    if (excluded.count(name.name)) continue;
    if (!op->hasSchema() || !has(c10::DispatchKey::CPU) || has(c10::DispatchKey::Meta) ||
        has(c10::DispatchKey::CompositeExplicitAutograd) || has(c10::DispatchKey::CompositeImplicitAutograd))
      continue;
    const auto whole = name.name.substr(6) + (name.overload_name.empty() ? "" : "." + name.overload_name);
    library.impl(whole.c_str(), name.name.rfind("aten::_foreach_", 0) == 0
                                    ? torch::CppFunction::makeFromBoxedFunction<&run_on_lists>()
                                    : torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
  }
}

}  // namespace fewstep

int ct_fused_attention_shape(ct_tensor_t q, ct_tensor_t k, ct_tensor_t v, ct_tensor_t *out) {
  return fewstep::guarded([&] { *out = fewstep::boxed(FusedAttention::apply(q->value, k->value, v->value)); });
}
