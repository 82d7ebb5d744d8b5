// The code for one width of vectors: `WIDTH` floats; `NAMED(x)` makes names of this width.

typedef float NAMED(vector) __attribute__((vector_size(WIDTH * 4)));
typedef float NAMED(loose) __attribute__((vector_size(WIDTH * 4), aligned(4)));

typedef int NAMED(bits) __attribute__((vector_size(WIDTH * 4)));

#define VECTOR NAMED(vector)
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE VECTOR NAMED(load)(const float *p) { return *(const NAMED(loose) *)p; }

INLINE float NAMED(total)(VECTOR x) {
  float lanes[WIDTH];
  __builtin_memcpy(lanes, &x, sizeof lanes);
  UNROLL for (int step = WIDTH / 2; step > 0; step /= 2)
    UNROLL for (int i = 0; i < step; i++) lanes[i] += lanes[i + step];
  return lanes[0];
}

/// erf(x) with an error below 1.5e-7: Abramowitz and Stegun, 7.1.26.
INLINE VECTOR NAMED(erf)(VECTOR x) {
  NAMED(bits) sign = (NAMED(bits))x & (int)0x80000000;
  VECTOR z = (VECTOR)((NAMED(bits))x & 0x7fffffff);
  VECTOR t = 1 / (1 + 0.3275911f * z);
  VECTOR poly =
      t * (0.254829592f +
           t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
  // exp(-z²): beyond 9 there is nothing left of it. A NaN passes.
  VECTOR y = z * z * -1.44269504f;
  y = (VECTOR)(((NAMED(bits))y & ~(y < -125)) | ((NAMED(bits))(VECTOR){0} & (y < -125)));
  NAMED(bits) gone = z > 9;
  VECTOR shifted = y + 12582912.0f;
  VECTOR f = y - (shifted - 12582912.0f);
  NAMED(bits) n = (NAMED(bits))shifted << 23;
  VECTOR e = 1 + f * (0.693147182f + f * (0.240226462f + f * (0.0555052608f +
      f * (0.00968412682f + f * 0.00132608656f))));
  e = (VECTOR)((NAMED(bits))e + n);
  e = (VECTOR)((NAMED(bits))e & ~gone);
  VECTOR result = 1 - poly * e;
  return (VECTOR)((NAMED(bits))result | sign);
}

INLINE VECTOR NAMED(finished)(
    const apus_narrow *p, VECTOR x, const float *bias, void *const *addends, int64_t place) {
  if (bias) x += NAMED(load)(bias);
  for (int i = 0; i < APUS_NARROW_POST_OPS && p->post_ops[i]; i++) {
    switch (p->post_ops[i]) {
      case APUS_NARROW_ADD: x += NAMED(load)((const float *)*addends++ + place); break;
      case APUS_NARROW_RELU: x = (VECTOR)(~(x <= 0) & (NAMED(bits))x); break;
      default: x = 0.5f * x * (1 + NAMED(erf)(x * 0.707106781f));
    }
  }
  return x;
}

/// What follows the sums of the columns from `n` to `end`, which are in C.
static void NAMED(finish)(
    const apus_narrow *p, void *const *arguments, int64_t product, int64_t n, int64_t end) {
  float *c = arguments[3];
  const float *bias = p->has_bias ? (const float *)arguments[4] : 0;
  for (int64_t m = 0; m < p->rows; m++) {
    int64_t place = p->c_offsets[product] + m * p->c_row_stride + n;
    int64_t i = 0;
    for (; i + WIDTH <= end - n; i += WIDTH)
      *(NAMED(loose) *)(c + place + i) = NAMED(finished)(
          p, NAMED(load)(c + place + i), bias ? bias + n + i : 0, arguments + 5, place + i);
    int64_t rest = end - n - i;
    if (rest == 0) continue;
    // The last columns in a vector of their own.
    float x[WIDTH] = {0}, shift[WIDTH] = {0}, terms[APUS_NARROW_POST_OPS][WIDTH] = {{0}};
    void *addends[APUS_NARROW_POST_OPS];
    __builtin_memcpy(x, c + place + i, rest * sizeof(float));
    if (bias) __builtin_memcpy(shift, bias + n + i, rest * sizeof(float));
    for (int k = 0, next = 0; k < APUS_NARROW_POST_OPS; k++) {
      addends[k] = terms[k];
      if (p->post_ops[k] != APUS_NARROW_ADD) continue;
      __builtin_memcpy(
          terms[next], (const float *)arguments[5 + next] + place + i, rest * sizeof(float));
      next++;
    }
    VECTOR y = NAMED(finished)(p, NAMED(load)(x), bias ? shift : 0, addends, 0);
    __builtin_memcpy(c + place + i, &y, rest * sizeof(float));
  }
}

/// `M` rows with `R` columns of B, each dense along k. What the next columns need is fetched meanwhile,
/// so both have to fit in the nearest cache.
INLINE void NAMED(dots)(
    const apus_narrow *p, const float *a, const float *b, float *c, int64_t n,
    const int M, const int R) {
  VECTOR sums[8 * 8];
  UNROLL for (int i = 0; i < M * R; i++) sums[i] = (VECTOR){0};
  const float *column = b + n * p->b_stride;
  int64_t k = 0;
  for (; k + WIDTH <= p->depth; k += WIDTH) {
    VECTOR y[8];
    UNROLL for (int r = 0; r < R; r++) {
      y[r] = NAMED(load)(column + r * p->b_stride + k);
      __builtin_prefetch(column + (R + r) * p->b_stride + k);
    }
    UNROLL for (int m = 0; m < M; m++) {
      VECTOR x = NAMED(load)(a + m * p->a_row_stride + k);
      UNROLL for (int r = 0; r < R; r++) sums[r * M + m] += x * y[r];
    }
  }
  UNROLL for (int r = 0; r < R; r++) {
    UNROLL for (int m = 0; m < M; m++) {
      float sum = NAMED(total)(sums[r * M + m]);
      for (int64_t rest = k; rest < p->depth; rest++)
        sum += a[m * p->a_row_stride + rest] * column[r * p->b_stride + rest];
      c[m * p->c_row_stride + n + r] = sum;
    }
  }
}

/// All columns of a range, `R` at a time, and fewer where they are long.
INLINE void NAMED(dot_range)(
    const apus_narrow *p, const float *a, const float *b, float *c, int64_t n,
    int64_t end, const int M, const int R) {
  if (p->depth <= LONG_COLUMN || M > 2)
    for (; n + R <= end; n += R) NAMED(dots)(p, a, b, c, n, M, R);
  for (; n + 2 <= end; n += 2) NAMED(dots)(p, a, b, c, n, M, 2);
  for (; n < end; n++) NAMED(dots)(p, a, b, c, n, M, 1);
}

/// `M` rows with `R` vectors of columns, B dense along n.
INLINE void NAMED(axpys)(
    const apus_narrow *p, const float *a, const float *b, float *c, int64_t n,
    const int M, const int R) {
  VECTOR sums[8 * 8];
  UNROLL for (int i = 0; i < M * R; i++) sums[i] = (VECTOR){0};
  for (int64_t k = 0; k < p->depth; k++) {
    const float *row = b + k * p->b_stride + n;
    VECTOR y[8];
    UNROLL for (int r = 0; r < R; r++) {
      y[r] = NAMED(load)(row + r * WIDTH);
      __builtin_prefetch(row + 8 * p->b_stride + r * WIDTH);
    }
    UNROLL for (int m = 0; m < M; m++) {
      float x = a[m * p->a_row_stride + k * p->a_depth_stride];
      UNROLL for (int r = 0; r < R; r++) sums[r * M + m] += x * y[r];
    }
  }
  UNROLL for (int r = 0; r < R; r++) {
    UNROLL for (int m = 0; m < M; m++) {
      *(NAMED(loose) *)(c + m * p->c_row_stride + n + r * WIDTH) = sums[r * M + m];
    }
  }
}

INLINE void NAMED(axpy_range)(
    const apus_narrow *p, const float *a, const float *b, float *c, int64_t n,
    int64_t end, const int M, const int R) {
  for (; n + R * WIDTH <= end; n += R * WIDTH) NAMED(axpys)(p, a, b, c, n, M, R);
  if (R > 4)
    for (; n + 4 * WIDTH <= end; n += 4 * WIDTH) NAMED(axpys)(p, a, b, c, n, M, 4);
  for (; n + WIDTH <= end; n += WIDTH) NAMED(axpys)(p, a, b, c, n, M, 1);
  for (; n < end; n++) {
    for (int m = 0; m < M; m++) {
      float sum = 0;
      for (int64_t k = 0; k < p->depth; k++)
        sum += a[m * p->a_row_stride + k * p->a_depth_stride] * b[k * p->b_stride + n];
      c[m * p->c_row_stride + n] = sum;
    }
  }
}

static void NAMED(run)(void *const *arguments, int64_t start, int64_t end) {
  const apus_narrow *p = arguments[0];
  while (start < end) {
    int64_t product = start / p->pieces, piece = start % p->pieces;
    int64_t last = piece + (end - start) < p->pieces ? piece + (end - start) : p->pieces;
    const float *a = (const float *)arguments[1] + p->a_offsets[product];
    const float *b = (const float *)arguments[2] + p->b_offsets[product];
    float *c = (float *)arguments[3] + p->c_offsets[product];
    int64_t n = piece * p->piece;
    int64_t stop = last * p->piece < p->columns ? last * p->piece : p->columns;
#define CASE(M, DOTS, VECTORS)                                          \
  case M:                                                               \
    if (p->columns_are_dense)                                           \
      NAMED(axpy_range)(p, a, b, c, n, stop, M, VECTORS);         \
    else                                                                \
      NAMED(dot_range)(p, a, b, c, n, stop, M, DOTS);             \
    break;
    switch (p->rows) {
      CASE(1, 4, 8)
      CASE(2, 4, 8)
      CASE(3, 6, 6)
      CASE(4, 4, 4)
      CASE(5, 4, 4)
      CASE(6, 4, 4)
      CASE(7, 3, 3)
      CASE(8, 3, 3)
    }
#undef CASE
    if (p->has_bias || p->post_ops[0]) NAMED(finish)(p, arguments, product, n, stop);
    start += last - piece;
  }
}

#undef VECTOR
#undef INLINE
#undef UNROLL
