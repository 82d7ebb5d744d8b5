#include "CNarrow.h"

#define JOIN(a, b) a##_##b
#define EXPAND(a, b) JOIN(a, b)
#define NAMED(name) EXPAND(name, WIDTH)

/// Floats of a column of which eight fit in 32 KB.
#define LONG_COLUMN 1024

#define WIDTH 4
#include "body.h"
#undef WIDTH

#if defined(__x86_64__) && defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define WIDTH 8
#include "body.h"
#undef WIDTH
#pragma clang attribute pop
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,fma"))), apply_to = function)
#define WIDTH 16
#include "body.h"
#undef WIDTH
#pragma clang attribute pop
#endif

void apus_narrow_cut(apus_narrow *product) {
  // Multiples of the columns that are taken at once; of the widest vector where columns are dense,
  // so that what is computed how does not depend on where a thread starts.
  product->piece = !product->columns_are_dense ? (product->rows < 3 ? 8 : 24) : product->rows < 3 ? 128 : 192;
  product->pieces = (product->columns + product->piece - 1) / product->piece;
}

void apus_narrow_run(void *const *arguments, int64_t start, int64_t end) {
#if defined(__x86_64__) && defined(__clang__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
    return run_16(arguments, start, end);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return run_8(arguments, start, end);
#endif
  run_4(arguments, start, end);
}
