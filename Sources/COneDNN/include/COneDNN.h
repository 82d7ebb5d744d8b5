// A small, stable C interface to the parts of oneDNN that Apus uses.
//
// The shim is compiled against oneDNN's headers (major version 2 or 3) and opens the library at
// run time, at the first call of `apus_onednn_load`. A program that never multiplies a matrix
// therefore never pays for loading it, and a missing library is an error that can be reported.
#ifndef APUS_CONEDNN_H
#define APUS_CONEDNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: The library

/// Opens libdnnl once; returns NULL, or a sentence that says what is missing and how to get it.
///
/// `APUS_ONEDNN` in the environment names another file to open; `none` makes it unavailable.
const char *apus_onednn_load(void);

/// The version of the opened library, 0.0.0 when there is none.
void apus_onednn_version(int *major, int *minor, int *patch);

typedef enum {
  APUS_DNNL_OK = 0,
  /// oneDNN has no implementation for this combination; the caller takes another path.
  APUS_DNNL_UNSUPPORTED = 1,
  /// The description contradicts itself (ranks, extents, strides).
  APUS_DNNL_INVALID = 2,
  APUS_DNNL_OUT_OF_MEMORY = 3,
  APUS_DNNL_UNAVAILABLE = 4,
  APUS_DNNL_FAILED = 5,
} apus_dnnl_status;

/// A sentence for a status; the string is static.
const char *apus_dnnl_status_sentence(apus_dnnl_status status);

// MARK: Descriptions

typedef enum {
  APUS_DNNL_F32 = 0,
  APUS_DNNL_BF16 = 1,
  APUS_DNNL_F16 = 2,
  APUS_DNNL_S32 = 3,
  APUS_DNNL_S8 = 4,
  APUS_DNNL_U8 = 5,
} apus_dnnl_type;

enum { APUS_DNNL_MAX_RANK = 6, APUS_DNNL_MAX_POST_OPS = 8 };

/// A strided tensor; strides count elements. A rank of 0 means "absent".
typedef struct {
  int32_t rank;
  apus_dnnl_type type;
  int64_t dims[APUS_DNNL_MAX_RANK];
  int64_t strides[APUS_DNNL_MAX_RANK];
} apus_dnnl_tensor;

typedef enum {
  /// output = alpha * previous output + result
  APUS_DNNL_SUM = 0,

  APUS_DNNL_RELU = 16,       ///< x > 0 ? x : alpha * x
  APUS_DNNL_TANH,
  APUS_DNNL_ELU,             ///< x > 0 ? x : alpha * (exp(x) - 1)
  APUS_DNNL_SQUARE,
  APUS_DNNL_ABS,
  APUS_DNNL_SQRT,
  APUS_DNNL_LINEAR,          ///< alpha * x + beta
  APUS_DNNL_SOFTPLUS,        ///< log(1 + exp(x))
  APUS_DNNL_LOGISTIC,
  APUS_DNNL_EXP,
  APUS_DNNL_LOG,
  APUS_DNNL_GELU_TANH,
  APUS_DNNL_GELU_ERF,
  APUS_DNNL_SWISH,           ///< x * logistic(alpha * x)
  APUS_DNNL_CLIP,            ///< min(max(x, alpha), beta)
  APUS_DNNL_POWER,           ///< alpha * pow(x, beta)

  // With a tensor as right operand, its extents 1 or those of the output.
  APUS_DNNL_ADD = 64,
  APUS_DNNL_SUBTRACT,
  APUS_DNNL_MULTIPLY,
  APUS_DNNL_DIVIDE,
  APUS_DNNL_MAXIMUM,
  APUS_DNNL_MINIMUM,
} apus_dnnl_post_op_kind;

typedef struct {
  apus_dnnl_post_op_kind kind;
  float alpha;
  float beta;
  /// The right operand of the kinds from `APUS_DNNL_ADD` on, in the output's axis order.
  apus_dnnl_tensor operand;
} apus_dnnl_post_op;

/// C[..., M, N] = post_ops(A[..., M, K] · B[..., K, N] + bias[N]).
///
/// Ranks are equal, 2 to 6. A batch extent of A or B may be 1 (or its stride 0) to broadcast.
/// Axes of extent 1 may have any stride. The fast implementations want a unit stride along one of
/// the last two axes of A and B; C may be column-major if there is no bias.
typedef struct {
  apus_dnnl_tensor a, b, c;
  /// Rank 0 (none) or 1 (a dense vector of N elements).
  apus_dnnl_tensor bias;
  int32_t post_op_count;
  apus_dnnl_post_op post_ops[APUS_DNNL_MAX_POST_OPS];
  /// B is handed to `apus_dnnl_execute` as written by `apus_dnnl_pack_weights`.
  bool weights_packed;
  /// Take oneDNN's plain loops where it has nothing better, rather than report `UNSUPPORTED`.
  bool allows_reference;
} apus_matmul_desc;

typedef enum {
  APUS_CONVOLUTION_FORWARD = 0,
  APUS_CONVOLUTION_BACKWARD_DATA = 1,
  APUS_CONVOLUTION_BACKWARD_WEIGHTS = 2,
} apus_convolution_kind;

typedef enum {
  APUS_CONVOLUTION_DIRECT = 0,
  /// Over two spatial axes: the activations are turned into blocks of 16 channels on the way in and
  /// back on the way out, for implementations that are faster on those.
  APUS_CONVOLUTION_BLOCKED = 1,
} apus_convolution_method;

/// A convolution over 1 to 3 spatial axes.
///
/// Activations are dense and channels-last, `[batch, spatial..., channels]`. Weights are
/// `[out_channels, in_channels / groups, kernel...]` with the given strides, or dense row-major
/// when all strides are 0. Output extents follow from the others.
typedef struct {
  apus_convolution_kind kind;
  apus_convolution_method method;
  int32_t spatial_rank;
  int64_t batch, groups, in_channels, out_channels;
  int64_t input[3], kernel[3];
  int64_t strides[3];
  /// 1 is an ordinary kernel, 2 skips every other element.
  int64_t dilation[3];
  int64_t padding_low[3], padding_high[3];
  apus_dnnl_type input_type, weights_type, output_type;
  int64_t weights_strides[5];
  /// forward: added; backward_weights: the gradient of the bias is produced too.
  bool has_bias;
  apus_dnnl_type bias_type;
  /// Forward only. Operands are `[batch, spatial..., channels]`.
  int32_t post_op_count;
  apus_dnnl_post_op post_ops[APUS_DNNL_MAX_POST_OPS];
  /// forward and backward_data: weights come as written by `apus_dnnl_pack_weights`.
  bool weights_packed;
  /// Take oneDNN's plain loops where it has nothing better, rather than report `UNSUPPORTED`.
  bool allows_reference;
} apus_convolution_desc;

/// The output's extent along spatial axis `axis`, 0 or less if the kernel does not fit.
int64_t apus_convolution_output_extent(const apus_convolution_desc *desc, int axis);

// MARK: Primitives

typedef struct apus_dnnl_primitive apus_dnnl_primitive;

apus_dnnl_status apus_dnnl_matmul_create(
    const apus_matmul_desc *desc, apus_dnnl_primitive **out);
apus_dnnl_status apus_dnnl_convolution_create(
    const apus_convolution_desc *desc, apus_dnnl_primitive **out);
void apus_dnnl_destroy(apus_dnnl_primitive *primitive);

/// Bytes of scratch memory `apus_dnnl_execute` needs; 0 when it needs none.
size_t apus_dnnl_scratchpad_size(const apus_dnnl_primitive *primitive);

/// Bytes of the weights in the layout the implementation prefers.
size_t apus_dnnl_packed_weights_size(const apus_dnnl_primitive *primitive);

/// Whether the implementation prefers another layout of the weights than the caller's.
bool apus_dnnl_reorders_weights(const apus_dnnl_primitive *primitive);

/// The implementation that oneDNN chose, such as `brgemm:avx512_core`; a static string.
const char *apus_dnnl_implementation(const apus_dnnl_primitive *primitive);

/// Whether oneDNN fell back to its plain loops, a thousand times slower than the rest.
bool apus_dnnl_is_reference(const apus_dnnl_primitive *primitive);

/// The memory of one execution. Which of these are read and which are written follows from the
/// primitive: backward_data writes `input`, backward_weights writes `weights` and `bias`.
typedef struct {
  void *input;          ///< A, or the convolution's input
  void *weights;        ///< B, or the convolution's weights
  void *bias;
  void *output;         ///< C, or the convolution's output
  void *const *operands;  ///< of the binary post-ops, in order
  void *scratchpad;     ///< 64-byte aligned
} apus_dnnl_arguments;

/// Runs the primitive on the calling thread's OpenMP team.
///
/// One primitive may run in several threads at once if each brings its own scratchpad.
apus_dnnl_status apus_dnnl_execute(
    apus_dnnl_primitive *primitive, const apus_dnnl_arguments *arguments);

/// Writes `weights` in the preferred layout to `packed`; the scratchpad is as for execution.
apus_dnnl_status apus_dnnl_pack_weights(
    apus_dnnl_primitive *primitive, const void *weights, void *packed, void *scratchpad);

// MARK: The OpenMP pool that oneDNN uses

/// Sets the OpenMP defaults a user has not set: `threads` threads, bound to no processor, that
/// spin for `spin_microseconds` after work and then sleep. libgomp reads them when it is loaded,
/// so this has an effect only before the first `apus_onednn_load` or `apus_openmp_load`.
void apus_openmp_prepare(int threads, int spin_microseconds);

/// Resolves the OpenMP runtime, that of oneDNN if it is available. False if there is none.
bool apus_openmp_load(void);

/// Runs `body(data)` once in each of `threads` threads, the caller included, and waits.
/// Without an OpenMP runtime it runs once.
void apus_openmp_parallel(void (*body)(void *), void *data, int threads);

/// Threads in the current parallel region; 1 outside of one.
int apus_openmp_team_size(void);
/// The calling thread's index in the current parallel region.
int apus_openmp_thread_index(void);
bool apus_openmp_in_parallel(void);
/// Sets how many threads the regions started by the calling thread have, oneDNN's included.
void apus_openmp_set_threads(int threads);

/// Ends the workers that OpenMP keeps for the calling thread. False if that cannot be done, or
/// inside of parallel work.
bool apus_openmp_release(void);
/// Whether `apus_openmp_release` can work.
bool apus_openmp_can_release(void);

/// Physical cores this process may run on: affinity, hyper-threads and a control group's
/// processor quota considered. At least 1.
int apus_physical_cores(void);

// MARK: The processor

enum { APUS_PROCESSOR_WORDS = 22 };

/// Numbers that are the same on processors that run the same machine code, from `cpuid`; returns how
/// many there are, 0 on processors without it.
int apus_processor_identity(uint32_t words[APUS_PROCESSOR_WORDS]);

#ifdef __cplusplus
}
#endif

#endif
