// The C interface to libtorch: one boxed call that reaches every ATen operator, and functions for everything else.
//
// Every function returns 0 on success and 1 on failure; then ct_error() holds the reason (per thread). If a
// checkpointed closure failed, the function returns the closure's code. The caller owns returned tensors, and releases
// them with ct_release.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// For Swift's compiler; g++ knows none of it.
#ifndef __clang__
#define _Nullable
#define _Nonnull
#endif

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

typedef struct ct_tensor *ct_tensor_t;
typedef const struct ct_op *ct_op_t;

enum ct_tag {
  CT_NONE, CT_TENSOR, CT_TENSORS, CT_DOUBLE, CT_DOUBLES, CT_INT, CT_INTS, CT_BOOL, CT_STRING, CT_DEVICE,
};

/// One argument or result. Lists point to `count` elements; a NULL in a list of tensors is "no tensor". In results,
/// lists of tensors are allocated, and the caller frees them with ct_free_list.
typedef struct {
  int32_t tag;
  int64_t count;
  union {
    ct_tensor_t _Nullable tensor;
    ct_tensor_t _Nullable *_Nullable tensors;
    double number;
    const double *_Nullable numbers;
    int64_t integer;
    const int64_t *_Nullable integers;
    const char *_Nullable string;
  };
} ct_value;

/// The reason of this thread's last failure.
const char *ct_error(void);

// -- Operators ------------------------------------------------------------------------------------------------------

/// The operator of this name ("aten::add") and overload ("Tensor"), or NULL if this libtorch lacks it.
ct_op_t _Nullable ct_find(const char *name, const char *overload);
/// Calls it; missing trailing arguments have the schema's defaults. *nresults is the capacity on input, the number on
/// output.
int ct_call(ct_op_t op, const ct_value *_Nullable args, size_t nargs, ct_value *results, size_t *nresults);
void ct_free_list(ct_tensor_t _Nullable *_Nullable tensors);

// -- Tensors --------------------------------------------------------------------------------------------------------

void ct_release(ct_tensor_t tensor);
/// A second handle to the same tensor.
ct_tensor_t ct_retain(ct_tensor_t tensor);
int ct_from_bytes(const void *_Nullable bytes, const int64_t *_Nullable shape, int64_t rank, int32_t dtype,
                  ct_tensor_t _Nullable *_Nonnull out);
/// A tensor over the caller's memory: `release(owner)` is called when the last tensor over it is released, or on
/// failure.
int ct_from_memory(void *bytes, const int64_t *_Nullable shape, int64_t rank, int32_t dtype, void *owner,
                   void (*_Nonnull release)(void *), ct_tensor_t _Nullable *_Nonnull out);
int64_t ct_rank(ct_tensor_t tensor);
void ct_shape(ct_tensor_t tensor, int64_t *shape);
int32_t ct_dtype(ct_tensor_t tensor);
/// The device's type (c10::DeviceType) and its index (-1: the default one).
void ct_device(ct_tensor_t tensor, int32_t *type, int32_t *index);
/// The first byte of a contiguous CPU tensor; fails for any other.
int ct_data(ct_tensor_t tensor, const void *_Nullable *_Nonnull out);
int ct_item(ct_tensor_t tensor, double *out);
bool ct_shares_storage(ct_tensor_t a, ct_tensor_t b);

// -- Autograd -------------------------------------------------------------------------------------------------------

bool ct_requires_grad(ct_tensor_t tensor);
int ct_set_requires_grad(ct_tensor_t tensor, bool value);
/// NULL in *out if there is none.
int ct_gradient(ct_tensor_t tensor, ct_tensor_t _Nullable *_Nonnull out);
int ct_set_gradient(ct_tensor_t tensor, ct_tensor_t _Nullable gradient);
int ct_backward(ct_tensor_t loss, ct_tensor_t _Nullable seed, bool keep_graph, bool create_graph);
/// Gradients of `output` for `inputs`; NULL for an unused input.
int ct_grad(ct_tensor_t output, ct_tensor_t _Nullable seed, const ct_tensor_t _Nonnull *_Nonnull inputs, size_t n,
            bool keep_graph, bool create_graph, ct_tensor_t _Nullable *_Nonnull out);
bool ct_grad_mode(void);
void ct_set_grad_mode(bool enabled);

/// A closure over tensors. It owns its arguments, and the caller owns the result. It fails with a code above 1.
typedef struct {
  void *context;
  int (*call)(void *context, const ct_tensor_t _Nonnull *_Nonnull inputs, size_t n, ct_tensor_t _Nullable *_Nonnull out);
  void (*release)(void *context);
} ct_closure;
/// Runs the closure without storing its activations, and again with autograd in the backward pass. Takes ownership of
/// the closure. Under ct_grad only `inputs` get gradients, not captured tensors; there are no second derivatives.
int ct_checkpoint(ct_closure closure, const ct_tensor_t _Nonnull *_Nonnull inputs, size_t n,
                  ct_tensor_t _Nullable *_Nonnull out);

/// A call each time that a backward pass has added to a leaf's gradient, on the thread that did.
typedef struct ct_hook *ct_hook_t;
int ct_after_accumulation(ct_tensor_t leaf, void *context, void (*_Nonnull call)(void *), ct_hook_t _Nullable *_Nonnull out);
/// Ends the calls; the context is not used any more.
void ct_hook_remove(ct_hook_t hook);

/// Two closures over lists of tensors: a function, and its gradient. Each owns its arguments, and the caller owns the `count`
/// results that it writes; a NULL is "no gradient". They fail with a code above 1.
typedef struct {
  void *context;
  int (*forward)(void *context, const ct_tensor_t _Nonnull *_Nonnull inputs, size_t n,
                 ct_tensor_t _Nullable *_Nonnull out, size_t count);
  int (*backward)(void *context, const ct_tensor_t _Nullable *_Nonnull gradients, size_t n,
                  ct_tensor_t _Nullable *_Nonnull out, size_t count);
  void (*release)(void *context);
} ct_function;
/// Calls the function, which has `count` results, and records its gradient. Takes ownership of the closures.
int ct_differentiable(ct_function function, const ct_tensor_t _Nonnull *_Nonnull inputs, size_t n,
                      ct_tensor_t _Nullable *_Nonnull out, size_t count);

// -- Processes ------------------------------------------------------------------------------------------------------

/// Whether this libtorch has process groups for C++ (2.4 or later), and whether this build has NCCL for CUDA.
bool ct_has_process_groups(void);
bool ct_has_nccl(void);

/// Texts by key that the processes of a group share. Times are in milliseconds.
typedef struct ct_store *ct_store_t;
/// Connects to the store at host:port, which this process serves or another one does.
int ct_store_open(const char *host, int32_t port, bool serves, int64_t timeout, const char *prefix,
                  ct_store_t _Nullable *_Nonnull out);
void ct_store_close(ct_store_t store);
/// A connection of its own, for another thread: a waiting call keeps a connection from all others.
int ct_store_clone(ct_store_t store, ct_store_t _Nullable *_Nonnull out);
int ct_store_set(ct_store_t store, const char *key, const char *value);
/// Waits until there is a value. The caller frees it with free().
int ct_store_get(ct_store_t store, const char *key, int64_t timeout, char *_Nullable *_Nonnull out);
int ct_store_has(ct_store_t store, const char *key, bool *out);
int ct_store_remove(ct_store_t store, const char *key);

/// Makes the group of this name for c10d's operators, once all its processes ask for it: Gloo for CPU tensors, and NCCL for
/// CUDA's.
typedef struct ct_group *ct_group_t;
int ct_group_open(ct_store_t store, const char *name, int32_t rank, int32_t size, bool is_local, bool on_cuda,
                  int64_t timeout, ct_group_t _Nullable *_Nonnull out);
void ct_group_close(ct_group_t group);

// -- TorchScript ----------------------------------------------------------------------------------------------------

typedef struct ct_script *ct_script_t;

/// The program in a file, in evaluation mode, on a device from ct_device. Released with ct_script_release.
int ct_script_load(const char *path, int32_t device_type, int32_t device_index, ct_script_t _Nullable *_Nonnull out);
void ct_script_release(ct_script_t script);
/// Parameters and buffers.
int64_t ct_script_tensor_count(ct_script_t script);
/// The name, valid while the script lives, and the tensor at an index below the count.
const char *ct_script_tensor(ct_script_t script, int64_t index, ct_tensor_t _Nullable *_Nonnull out);
/// Calls a method that returns one tensor. A submodule's method is given by its path ("layers.forward").
int ct_script_call(ct_script_t script, const char *method, const ct_tensor_t _Nonnull *_Nullable inputs, size_t n,
                   ct_tensor_t _Nullable *_Nonnull out);

// -- Measuring ------------------------------------------------------------------------------------------------------

/// Counts the bytes of this thread's tensors and the operations of its products from here on, or stops it.
int ct_measure(bool on);
/// Whether this thread counts.
bool ct_measuring(void);
/// The bytes that tensors of a device type (c10::DeviceType) take now, and at most since the last reset. Meta tensors count
/// as if they had memory. Tensors from before the counting do not count, and their release may make the number negative.
void ct_measured_bytes(int32_t device_type, int64_t *current, int64_t *peak);
void ct_measured_reset_peak(int32_t device_type);
/// Floating-point operations of matrix products, convolutions and attention since then; a multiply-add is two.
double ct_measured_operations(void);
/// The result of a fused attention on the meta device, with its graph; its memory and its operations are counted.
int ct_fused_attention_shape(ct_tensor_t q, ct_tensor_t k, ct_tensor_t v, ct_tensor_t _Nullable *_Nonnull out);

// -- The runtime ----------------------------------------------------------------------------------------------------

/// Autocast of a device type (c10::DeviceType) to a dtype; dtype -1 turns it off. *before gets the previous dtype.
int ct_autocast(int32_t device_type, int32_t dtype, int32_t *_Nullable before);
/// -1 if it is off.
int32_t ct_autocast_dtype(int32_t device_type);
int ct_set_threads(int32_t count);
int32_t ct_threads(void);
/// Lets malloc keep freed memory, up to `bytes`, instead of returning it to the system and causing new page faults.
void ct_keep_memory(int64_t bytes);
int ct_set_deterministic(bool value);
int32_t ct_cuda_devices(void);
/// "1.13.1": valid while the process lives, like the next two.
const char *ct_version(void);
const char *ct_configuration(void);
/// The path of the loaded libtorch_cpu.
const char *ct_library_path(void);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
