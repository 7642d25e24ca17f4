// One call for all of ATen: matches arguments to the operator's schema, fills in defaults, and boxes results.
#include <ATen/core/dispatch/Dispatcher.h>

#include "guard.h"

using c10::IValue;
using c10::TypeKind;
using namespace fewstep;

namespace {

struct Entry {
  c10::OperatorHandle handle;
};

c10::Device device_of(const ct_value &value) {
  return c10::Device(static_cast<c10::DeviceType>(value.integer), static_cast<c10::DeviceIndex>(value.count));
}

IValue list_of_tensors(const ct_value &value, bool optional) {
  if (optional) {
    c10::List<c10::optional<at::Tensor>> list;
    list.reserve(value.count);
    for (int64_t i = 0; i < value.count; i++)
      list.push_back(value.tensors[i] ? c10::optional<at::Tensor>(value.tensors[i]->value) : c10::nullopt);
    return IValue(std::move(list));
  }
  c10::List<at::Tensor> list;
  list.reserve(value.count);
  for (int64_t i = 0; i < value.count; i++) list.push_back(unboxed(value.tensors[i]));
  return IValue(std::move(list));
}

/// The value in the schema's type: an integer is accepted for a number, one number for a list, nothing for "none".
IValue converted(const ct_value &value, const c10::TypePtr &declared) {
  switch (value.tag) {  // those that mean the same whatever the schema says
    case CT_TENSOR: return IValue(unboxed(value.tensor));
    case CT_DOUBLE: return IValue(value.number);
    case CT_INTS: return IValue(std::vector<int64_t>(value.integers, value.integers + value.count));
    case CT_BOOL: return IValue(value.integer != 0);
    case CT_STRING: return IValue(std::string(value.string));
    case CT_DEVICE: return IValue(device_of(value));
  }
  c10::TypePtr type = declared;
  if (auto optional = type->cast<c10::OptionalType>()) type = optional->getElementType();
  const auto kind = type->kind();
  switch (value.tag) {
    case CT_NONE: return kind == TypeKind::TensorType && declared == type ? IValue(at::Tensor()) : IValue();
    case CT_TENSORS:
      return list_of_tensors(
          value, kind == TypeKind::ListType && type->containedType(0)->kind() == TypeKind::OptionalType);
    case CT_INT:
      if (kind == TypeKind::FloatType) return IValue(static_cast<double>(value.integer));
      if (kind == TypeKind::ListType) return IValue(c10::List<int64_t>({value.integer}));
      return IValue(value.integer);
    case CT_DOUBLES: {
      std::vector<double> numbers(value.numbers, value.numbers + value.count);
      // A list of Scalars (for _foreach_*) is a list of generic values.
      if (kind == TypeKind::ListType && type->containedType(0)->kind() == TypeKind::NumberType) {
        c10::List<at::Scalar> scalars;
        for (double number : numbers) scalars.push_back(at::Scalar(number));
        return IValue(std::move(scalars));
      }
      return IValue(std::move(numbers));
    }
  }
  throw std::invalid_argument("an argument has an unknown tag");
}

ct_value result_of(IValue value) {
  ct_value out{};
  if (value.isTensor()) {
    out.tag = CT_TENSOR;
    out.tensor = boxed(std::move(value).toTensor());
  } else if (value.isTensorList()) {
    auto list = value.toTensorVector();
    out.tag = CT_TENSORS;
    out.count = static_cast<int64_t>(list.size());
    out.tensors = new ct_tensor_t[list.size()];
    for (size_t i = 0; i < list.size(); i++) out.tensors[i] = boxed(std::move(list[i]));
  } else if (value.isDouble()) {
    out.tag = CT_DOUBLE;
    out.number = value.toDouble();
  } else if (value.isInt()) {
    out.tag = CT_INT;
    out.integer = value.toInt();
  } else if (value.isBool()) {
    out.tag = CT_BOOL;
    out.integer = value.toBool();
  } else if (!value.isNone()) {
    throw std::invalid_argument("a result of type " + value.tagKind() + " cannot be returned to Swift");
  }
  return out;
}

}  // namespace

ct_op_t ct_find(const char *name, const char *overload) {
  auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
  // Operators live as long as libtorch, so pointers to them stay valid.
  return handle ? reinterpret_cast<ct_op_t>(new Entry{*handle}) : nullptr;
}

int ct_call(ct_op_t op, const ct_value *args, size_t nargs, ct_value *results, size_t *nresults) {
  return guarded([&] {
    const auto &handle = reinterpret_cast<const Entry *>(op)->handle;
    const auto &arguments = handle.schema().arguments();
    if (nargs > arguments.size())
      throw std::invalid_argument("takes " + std::to_string(arguments.size()) + " arguments, got " +
                                  std::to_string(nargs));
    torch::jit::Stack stack;
    stack.reserve(arguments.size());
    for (size_t i = 0; i < nargs; i++) stack.push_back(converted(args[i], arguments[i].type()));
    for (size_t i = nargs; i < arguments.size(); i++) {
      if (!arguments[i].default_value())
        throw std::invalid_argument("argument '" + arguments[i].name() + "' is missing");
      stack.push_back(*arguments[i].default_value());
    }
    handle.callBoxed(&stack);
    if (stack.size() > *nresults) throw std::invalid_argument("returns more results than there is room for");
    *nresults = stack.size();
    for (size_t i = 0; i < stack.size(); i++) results[i] = result_of(std::move(stack[i]));
  });
}

void ct_free_list(ct_tensor_t *tensors) { delete[] tensors; }
