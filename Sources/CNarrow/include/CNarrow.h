// Products of few rows with a matrix, f32. Libraries are made for large products: with one to eight
// rows the time is that of reading the matrix once, and what counts is to do nothing else.
#ifndef APUS_CNARROW_H
#define APUS_CNARROW_H

#include <stdbool.h>
#include <stdint.h>

/// The most rows of one product.
enum { APUS_NARROW_ROWS = 8 };

/// What follows the sum of an element, in order.
typedef enum {
  APUS_NARROW_NOTHING = 0,
  /// Adds the element of a tensor that is laid out as C.
  APUS_NARROW_ADD,
  /// A NaN passes.
  APUS_NARROW_RELU,
  /// With the error function.
  APUS_NARROW_GELU,
} apus_narrow_post_op;

enum { APUS_NARROW_POST_OPS = 3 };

/// C[m, n] = post_ops(Σk A[m, k] · B[k, n] + bias[n]), for each of several products of one shape.
///
/// Strides count elements; the columns of C, and the inner axis of B that `columns_are_dense` names,
/// have stride 1.
typedef struct {
  int64_t rows, columns, depth;
  int64_t a_row_stride, a_depth_stride;
  /// B's stride along its outer axis: along k where columns are dense, else along n.
  int64_t b_stride;
  int64_t c_row_stride;
  /// Rows of B are dense along n (true), or its columns along k (false).
  bool columns_are_dense;
  bool has_bias;
  apus_narrow_post_op post_ops[APUS_NARROW_POST_OPS];
  /// The first elements of A, B and C of each product.
  const int64_t *a_offsets, *b_offsets, *c_offsets;
  /// Columns in a piece of work, and pieces in a product.
  int64_t piece, pieces;
} apus_narrow;

/// Cuts the columns into pieces: sets `piece` and `pieces`.
void apus_narrow_cut(apus_narrow *product);

/// Computes pieces `start..<end` of all products, counted product by product. The arguments are the
/// description, A, B, C, the bias, and what is added in order. The result does not depend on how pieces are grouped.
void apus_narrow_run(void *const *arguments, int64_t start, int64_t end);

#endif
