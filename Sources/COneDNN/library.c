// Opening oneDNN, and the conversions that the primitives share.
#include "library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static const char *load_error = NULL;
static char load_message[512];
void *apus_dnnl_handle = NULL;

#if APUS_HAS_DNNL

apus_dnnl_table apus_dnnl;
dnnl_engine_t apus_dnnl_engine;

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define LIBRARY_NAME "libdnnl.so." TEXT(DNNL_VERSION_MAJOR)

static void load(void) {
  const char *override = getenv("APUS_ONEDNN");
  const char *name = override && *override ? override : LIBRARY_NAME;
  if (!strcmp(name, "none")) {
    load_error = "oneDNN is switched off by APUS_ONEDNN=none.";
    return;
  }
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    snprintf(
        load_message, sizeof load_message,
        "oneDNN could not be loaded (%s). Install libdnnl%d, or set APUS_ONEDNN to the path of %s.",
        dlerror(), DNNL_VERSION_MAJOR, LIBRARY_NAME);
    load_error = load_message;
    return;
  }
#define RESOLVE(f)                                                                 \
  apus_dnnl.f = (__typeof__(&dnnl_##f))dlsym(handle, "dnnl_" #f);                  \
  if (!apus_dnnl.f) {                                                              \
    snprintf(                                                                      \
        load_message, sizeof load_message,                                         \
        "%s has no function dnnl_" #f "; Apus was built for oneDNN " TEXT(         \
            DNNL_VERSION_MAJOR) "." TEXT(DNNL_VERSION_MINOR) ".",                  \
        name);                                                                     \
    load_error = load_message;                                                     \
    return;                                                                        \
  }
  DNNL_FUNCTIONS(RESOLVE)
#undef RESOLVE
  const dnnl_version_t *version = apus_dnnl.version();
  if (version->major != DNNL_VERSION_MAJOR) {
    snprintf(
        load_message, sizeof load_message,
        "%s is oneDNN %d.%d, but Apus was built for oneDNN %d.", name, version->major,
        version->minor, DNNL_VERSION_MAJOR);
    load_error = load_message;
    return;
  }
  if (apus_dnnl.engine_create(&apus_dnnl_engine, dnnl_cpu, 0) != dnnl_success) {
    load_error = "oneDNN was loaded but could not make a CPU engine.";
    return;
  }
  apus_dnnl_handle = handle;
}

void apus_onednn_version(int *major, int *minor, int *patch) {
  *major = *minor = *patch = 0;
  if (apus_onednn_load()) return;
  const dnnl_version_t *version = apus_dnnl.version();
  *major = version->major;
  *minor = version->minor;
  *patch = version->patch;
}

apus_dnnl_status apus_status(dnnl_status_t code) {
  switch (code) {
    case dnnl_success: return APUS_DNNL_OK;
    case dnnl_unimplemented: return APUS_DNNL_UNSUPPORTED;
    case dnnl_invalid_arguments: return APUS_DNNL_INVALID;
    case dnnl_out_of_memory: return APUS_DNNL_OUT_OF_MEMORY;
    default: return APUS_DNNL_FAILED;
  }
}

dnnl_data_type_t apus_data_type(apus_dnnl_type type) {
  switch (type) {
    case APUS_DNNL_F32: return dnnl_f32;
    case APUS_DNNL_BF16: return dnnl_bf16;
    case APUS_DNNL_F16: return dnnl_f16;
    case APUS_DNNL_S32: return dnnl_s32;
    case APUS_DNNL_S8: return dnnl_s8;
    case APUS_DNNL_U8: return dnnl_u8;
  }
  return dnnl_data_type_undef;
}

apus_dnnl_status apus_md_strided(
    md *out, int rank, const int64_t *dims, apus_dnnl_type type, const int64_t *strides) {
#if DNNL_VERSION_MAJOR >= 3
  return apus_status(apus_dnnl.memory_desc_create_with_strides(
      out, rank, dims, apus_data_type(type), strides));
#else
  return apus_status(
      apus_dnnl.memory_desc_init_by_strides(out, rank, dims, apus_data_type(type), strides));
#endif
}

apus_dnnl_status apus_md_any(md *out, int rank, const int64_t *dims, apus_dnnl_type type) {
#if DNNL_VERSION_MAJOR >= 3
  return apus_status(apus_dnnl.memory_desc_create_with_tag(
      out, rank, dims, apus_data_type(type), dnnl_format_tag_any));
#else
  return apus_status(apus_dnnl.memory_desc_init_by_tag(
      out, rank, dims, apus_data_type(type), dnnl_format_tag_any));
#endif
}

apus_dnnl_status apus_md_blocked(md *out, const int64_t *dims, apus_dnnl_type type) {
#if DNNL_VERSION_MAJOR >= 3
  return apus_status(apus_dnnl.memory_desc_create_with_tag(
      out, 4, dims, apus_data_type(type), dnnl_nChw16c));
#else
  return apus_status(apus_dnnl.memory_desc_init_by_tag(
      out, 4, dims, apus_data_type(type), dnnl_nChw16c));
#endif
}

void apus_md_destroy(md *desc) {
#if DNNL_VERSION_MAJOR >= 3
  if (*desc) apus_dnnl.memory_desc_destroy(*desc);
  *desc = NULL;
#else
  (void)desc;
#endif
}

void apus_drop_broadcast(apus_dnnl_tensor *tensor, int axes) {
  for (int i = 0; i < axes; i++)
    if (tensor->strides[i] == 0) tensor->dims[i] = 1;
}

bool apus_canonical_strides(apus_dnnl_tensor *tensor) {
  int rank = tensor->rank;
  int64_t *dims = tensor->dims, *strides = tensor->strides;
  for (int i = 0; i < rank; i++)
    if (dims[i] != 1 && strides[i] <= 0) return false;
  if (rank >= 2) {
    int row = rank - 2, column = rank - 1;
    if (dims[column] == 1) {
      strides[column] = 1;
      if (dims[row] == 1) strides[row] = 1;
    } else if (dims[row] == 1) {
      strides[row] = strides[column] == 1 ? dims[column] : 1;
    }
  } else if (rank == 1 && dims[0] == 1) {
    strides[0] = 1;
  }
  for (int i = rank - 3; i >= 0; i--) {
    if (dims[i] != 1) continue;
    strides[i] = 1;
    for (int j = i + 1; j < rank; j++)
      if (dims[j] * strides[j] > strides[i]) strides[i] = dims[j] * strides[j];
  }
  return true;
}

static dnnl_alg_kind_t eltwise(apus_dnnl_post_op_kind kind) {
  switch (kind) {
    case APUS_DNNL_RELU: return dnnl_eltwise_relu;
    case APUS_DNNL_TANH: return dnnl_eltwise_tanh;
    case APUS_DNNL_ELU: return dnnl_eltwise_elu;
    case APUS_DNNL_SQUARE: return dnnl_eltwise_square;
    case APUS_DNNL_ABS: return dnnl_eltwise_abs;
    case APUS_DNNL_SQRT: return dnnl_eltwise_sqrt;
    case APUS_DNNL_LINEAR: return dnnl_eltwise_linear;
    case APUS_DNNL_SOFTPLUS: return dnnl_eltwise_soft_relu;
    case APUS_DNNL_LOGISTIC: return dnnl_eltwise_logistic;
    case APUS_DNNL_EXP: return dnnl_eltwise_exp;
    case APUS_DNNL_LOG: return dnnl_eltwise_log;
    case APUS_DNNL_GELU_TANH: return dnnl_eltwise_gelu_tanh;
    case APUS_DNNL_GELU_ERF: return dnnl_eltwise_gelu_erf;
    case APUS_DNNL_SWISH: return dnnl_eltwise_swish;
    case APUS_DNNL_CLIP: return dnnl_eltwise_clip;
    case APUS_DNNL_POWER: return dnnl_eltwise_pow;
    default: return dnnl_alg_kind_undef;
  }
}

static dnnl_alg_kind_t binary(apus_dnnl_post_op_kind kind) {
  switch (kind) {
    case APUS_DNNL_ADD: return dnnl_binary_add;
    case APUS_DNNL_SUBTRACT: return dnnl_binary_sub;
    case APUS_DNNL_MULTIPLY: return dnnl_binary_mul;
    case APUS_DNNL_DIVIDE: return dnnl_binary_div;
    case APUS_DNNL_MAXIMUM: return dnnl_binary_max;
    case APUS_DNNL_MINIMUM: return dnnl_binary_min;
    default: return dnnl_alg_kind_undef;
  }
}

static apus_dnnl_status append(
    dnnl_post_ops_t chain, const apus_dnnl_post_op *op, const apus_dnnl_tensor *operand) {
  if (op->kind == APUS_DNNL_SUM) {
#if DNNL_VERSION_MAJOR >= 3
    return apus_status(
        apus_dnnl.post_ops_append_sum(chain, op->alpha, 0, dnnl_data_type_undef));
#else
    return apus_status(apus_dnnl.post_ops_append_sum(chain, op->alpha));
#endif
  }
  if (eltwise(op->kind) != dnnl_alg_kind_undef) {
    // Softplus has a sharpness since version 3; version 2 ignores the value.
    float alpha = op->kind == APUS_DNNL_SOFTPLUS ? 1 : op->alpha;
#if DNNL_VERSION_MAJOR >= 3
    return apus_status(
        apus_dnnl.post_ops_append_eltwise(chain, eltwise(op->kind), alpha, op->beta));
#else
    return apus_status(
        apus_dnnl.post_ops_append_eltwise(chain, 1, eltwise(op->kind), alpha, op->beta));
#endif
  }
  if (binary(op->kind) == dnnl_alg_kind_undef) return APUS_DNNL_INVALID;
  md desc;
  memset(&desc, 0, sizeof desc);
  apus_dnnl_status status =
      apus_md_strided(&desc, operand->rank, operand->dims, operand->type, operand->strides);
  if (status == APUS_DNNL_OK)
    status =
        apus_status(apus_dnnl.post_ops_append_binary(chain, binary(op->kind), MD_REF(desc)));
  apus_md_destroy(&desc);
  return status;
}

apus_dnnl_status apus_attributes(
    dnnl_primitive_attr_t *out, const apus_dnnl_post_op *post_ops, int count,
    const apus_dnnl_tensor *operands) {
  apus_dnnl_status status = APUS_DNNL_OK;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_post_ops_t chain = NULL;
  TRY_DNNL(apus_dnnl.primitive_attr_create(&attributes));
  TRY_DNNL(apus_dnnl.primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
  TRY_DNNL(apus_dnnl.primitive_attr_set_fpmath_mode(attributes, dnnl_fpmath_mode_strict));
  if (count > 0) {
    TRY_DNNL(apus_dnnl.post_ops_create(&chain));
    for (int i = 0; i < count; i++) TRY(append(chain, &post_ops[i], &operands[i]));
    TRY_DNNL(apus_dnnl.primitive_attr_set_post_ops(attributes, chain));
  }
  *out = attributes;
  attributes = NULL;
done:
  if (chain) apus_dnnl.post_ops_destroy(chain);
  if (attributes) apus_dnnl.primitive_attr_destroy(attributes);
  return status;
}

#else  // built without oneDNN's headers

static void load(void) {
  load_error = "Apus was built without oneDNN: install libdnnl-dev and build it again.";
}

void apus_onednn_version(int *major, int *minor, int *patch) { *major = *minor = *patch = 0; }

apus_dnnl_status apus_dnnl_matmul_create(const apus_matmul_desc *d, apus_dnnl_primitive **out) {
  (void)d;
  *out = NULL;
  return APUS_DNNL_UNAVAILABLE;
}

apus_dnnl_status apus_dnnl_convolution_create(
    const apus_convolution_desc *d, apus_dnnl_primitive **out) {
  (void)d;
  *out = NULL;
  return APUS_DNNL_UNAVAILABLE;
}

void apus_dnnl_destroy(apus_dnnl_primitive *p) { (void)p; }
size_t apus_dnnl_scratchpad_size(const apus_dnnl_primitive *p) { (void)p; return 0; }
size_t apus_dnnl_packed_weights_size(const apus_dnnl_primitive *p) { (void)p; return 0; }
bool apus_dnnl_reorders_weights(const apus_dnnl_primitive *p) { (void)p; return false; }
const char *apus_dnnl_implementation(const apus_dnnl_primitive *p) { (void)p; return ""; }
bool apus_dnnl_is_reference(const apus_dnnl_primitive *p) { (void)p; return false; }

apus_dnnl_status apus_dnnl_execute(apus_dnnl_primitive *p, const apus_dnnl_arguments *a) {
  (void)p;
  (void)a;
  return APUS_DNNL_UNAVAILABLE;
}

apus_dnnl_status apus_dnnl_pack_weights(
    apus_dnnl_primitive *p, const void *weights, void *packed, void *scratchpad) {
  (void)p;
  (void)weights;
  (void)packed;
  (void)scratchpad;
  return APUS_DNNL_UNAVAILABLE;
}

#endif

const char *apus_onednn_load(void) {
  pthread_once(&load_once, load);
  return load_error;
}

const char *apus_dnnl_status_sentence(apus_dnnl_status status) {
  switch (status) {
    case APUS_DNNL_OK: return "The call succeeded.";
    case APUS_DNNL_UNSUPPORTED:
      return "oneDNN has no implementation for this combination of dtypes, layouts and post-ops "
             "on this processor.";
    case APUS_DNNL_INVALID: return "The description of the primitive contradicts itself.";
    case APUS_DNNL_OUT_OF_MEMORY: return "oneDNN ran out of memory.";
    case APUS_DNNL_UNAVAILABLE: {
      const char *error = apus_onednn_load();
      return error ? error : "oneDNN is not available.";
    }
    case APUS_DNNL_FAILED: return "oneDNN failed while it ran a primitive.";
  }
  return "oneDNN returned an unknown status.";
}

int64_t apus_convolution_output_extent(const apus_convolution_desc *d, int axis) {
  int64_t reach = (d->kernel[axis] - 1) * d->dilation[axis] + 1;
  int64_t room = d->input[axis] + d->padding_low[axis] + d->padding_high[axis] - reach;
  return room < 0 || d->strides[axis] < 1 ? 0 : room / d->strides[axis] + 1;
}
