// What the shim's files share: the table of oneDNN's functions and the pieces of a primitive.
#ifndef APUS_LIBRARY_H
#define APUS_LIBRARY_H

#include "COneDNN.h"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#define APUS_HAS_DNNL 1
#include <oneapi/dnnl/dnnl.h>

// Version 2 passes memory descriptors as structs and describes operations with structs;
// version 3 made both opaque. `md` is an owned descriptor, `md_ref` a borrowed one.
#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t md;
typedef const_dnnl_memory_desc_t md_ref;
#define MD_REF(m) (m)
#define DNNL_VERSIONED(X)                          \
  X(memory_desc_create_with_strides)               \
  X(memory_desc_create_with_tag)                   \
  X(memory_desc_destroy)                           \
  X(matmul_primitive_desc_create)                  \
  X(convolution_forward_primitive_desc_create)     \
  X(convolution_backward_data_primitive_desc_create) \
  X(convolution_backward_weights_primitive_desc_create)
#else
typedef dnnl_memory_desc_t md;
typedef const dnnl_memory_desc_t *md_ref;
#define MD_REF(m) (&(m))
#define DNNL_VERSIONED(X)                    \
  X(memory_desc_init_by_strides)             \
  X(memory_desc_init_by_tag)                 \
  X(primitive_desc_create)                   \
  X(matmul_desc_init)                        \
  X(dilated_convolution_forward_desc_init)   \
  X(dilated_convolution_backward_data_desc_init) \
  X(dilated_convolution_backward_weights_desc_init)
#endif

#define DNNL_FUNCTIONS(X)              \
  DNNL_VERSIONED(X)                    \
  X(version)                           \
  X(engine_create)                     \
  X(stream_create)                     \
  X(stream_destroy)                    \
  X(memory_create)                     \
  X(memory_destroy)                    \
  X(memory_set_data_handle)            \
  X(memory_desc_equal)                 \
  X(memory_desc_get_size)              \
  X(primitive_desc_query)              \
  X(primitive_desc_query_md)           \
  X(primitive_desc_destroy)            \
  X(primitive_create)                  \
  X(primitive_execute)                 \
  X(primitive_destroy)                 \
  X(primitive_attr_create)             \
  X(primitive_attr_destroy)            \
  X(primitive_attr_set_scratchpad_mode) \
  X(primitive_attr_set_fpmath_mode)    \
  X(primitive_attr_set_post_ops)       \
  X(post_ops_create)                   \
  X(post_ops_destroy)                  \
  X(post_ops_append_sum)               \
  X(post_ops_append_eltwise)           \
  X(post_ops_append_binary)            \
  X(reorder_primitive_desc_create)

#define DNNL_POINTER(name) __typeof__(&dnnl_##name) name;
typedef struct {
  DNNL_FUNCTIONS(DNNL_POINTER)
} apus_dnnl_table;
#undef DNNL_POINTER

/// oneDNN's functions; valid after `apus_onednn_load` returned NULL.
extern apus_dnnl_table apus_dnnl;
/// The one CPU engine, made when the library is loaded.
extern dnnl_engine_t apus_dnnl_engine;

/// Leaves the function with the status of a failed call of oneDNN or of the shim.
#define TRY_DNNL(call)                                          \
  do {                                                          \
    dnnl_status_t code_ = (call);                               \
    if (code_ != dnnl_success) { status = apus_status(code_); goto done; } \
  } while (0)
#define TRY(call)                              \
  do {                                         \
    status = (call);                           \
    if (status != APUS_DNNL_OK) goto done;     \
  } while (0)

apus_dnnl_status apus_status(dnnl_status_t code);
dnnl_data_type_t apus_data_type(apus_dnnl_type type);

apus_dnnl_status apus_md_strided(
    md *out, int rank, const int64_t *dims, apus_dnnl_type type, const int64_t *strides);
/// A descriptor that leaves the layout to the implementation.
apus_dnnl_status apus_md_any(md *out, int rank, const int64_t *dims, apus_dnnl_type type);
/// A descriptor of activations `[N, C, H, W]` in blocks of 16 channels, as oneDNN's own kernels
/// like them best.
apus_dnnl_status apus_md_blocked(md *out, const int64_t *dims, apus_dnnl_type type);
/// Destroys a descriptor; a zeroed one is allowed.
void apus_md_destroy(md *desc);

/// Attributes: scratch memory from the caller, strict f32 arithmetic, the post-ops.
/// `operands` are the normalised operands of the binary post-ops, one an entry of `post_ops`.
apus_dnnl_status apus_attributes(
    dnnl_primitive_attr_t *out, const apus_dnnl_post_op *post_ops, int count,
    const apus_dnnl_tensor *operands);

typedef enum { ROLE_INPUT, ROLE_WEIGHTS, ROLE_BIAS, ROLE_OUTPUT, ROLE_COUNT } apus_role;

/// What `apus_primitive_make` needs beside the primitive descriptor.
typedef struct {
  dnnl_primitive_desc_t desc;    // taken over
  const apus_dnnl_post_op *post_ops;
  int post_op_count;
  bool weights_packed;
  apus_role written_role;
  bool has_bias;
  bool allows_reference;
  // For each role its argument index and the query that finds its descriptor. `user`: how the
  // caller lays it out, where the implementation was free to choose another layout, else NULL.
  struct { int argument; dnnl_query_t query; int index; md_ref user; } roles[ROLE_COUNT];
} apus_primitive_plan;

/// Makes the primitive, its changes of layout and its argument list. Takes over `plan->desc` always.
apus_dnnl_status apus_primitive_make(const apus_primitive_plan *plan, apus_dnnl_primitive **out);

/// Gives axes of extent 1 strides that fit a dense tensor; false if a stride is not positive.
bool apus_canonical_strides(apus_dnnl_tensor *tensor);
/// Turns axes of stride 0 into extent 1, from which oneDNN broadcasts.
void apus_drop_broadcast(apus_dnnl_tensor *tensor, int axes);

#endif
#endif
