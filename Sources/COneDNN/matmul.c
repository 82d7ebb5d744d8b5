// Matrix products: the description is simplified to few axes before oneDNN sees it, because its
// fast implementations take two or three.
#include "library.h"

#if APUS_HAS_DNNL

#include <string.h>

/// The tensors of a product with the same batch axes.
typedef struct {
  apus_dnnl_tensor a, b, c;
  apus_dnnl_tensor operands[APUS_DNNL_MAX_POST_OPS];
  bool used[APUS_DNNL_MAX_POST_OPS];
} product;

static bool broadcastable(const apus_dnnl_tensor *t, const apus_dnnl_tensor *to, int axes) {
  for (int i = 0; i < axes; i++)
    if (t->dims[i] != 1 && t->dims[i] != to->dims[i]) return false;
  return true;
}

static bool well_formed(const product *p, const apus_matmul_desc *d) {
  int rank = p->c.rank, row = rank - 2, column = rank - 1;
  if (rank < 2 || rank > APUS_DNNL_MAX_RANK || p->a.rank != rank || p->b.rank != rank)
    return false;
  for (int i = 0; i < rank; i++)
    if (p->a.dims[i] < 1 || p->b.dims[i] < 1 || p->c.dims[i] < 1) return false;
  if (p->a.dims[row] != p->c.dims[row] || p->b.dims[column] != p->c.dims[column]) return false;
  if (p->a.dims[column] != p->b.dims[row]) return false;
  if (!broadcastable(&p->a, &p->c, row) || !broadcastable(&p->b, &p->c, row)) return false;
  for (int i = 0; i < d->post_op_count; i++)
    if (p->used[i] &&
        (p->operands[i].rank != rank || !broadcastable(&p->operands[i], &p->c, rank)))
      return false;
  if (d->bias.rank > 1) return false;
  return d->bias.rank == 0 ||
         (d->bias.dims[0] == p->c.dims[column] &&
          (d->bias.dims[0] == 1 || d->bias.strides[0] == 1));
}

/// Whether axes `i` and `i + 1` of `t` are one axis of `outer * inner` elements (or of one).
/// `stride` becomes that axis' stride.
static bool mergeable(
    const apus_dnnl_tensor *t, int i, int64_t outer, int64_t inner, int64_t *stride) {
  int64_t d0 = t->dims[i], d1 = t->dims[i + 1], s0 = t->strides[i], s1 = t->strides[i + 1];
  *stride = inner == 1 ? s0 : s1;
  if (outer == 1 || inner == 1) return true;
  if (d0 == 1 && d1 == 1) return true;
  return d0 == outer && d1 == inner && s0 == s1 * d1;
}

static void merge(apus_dnnl_tensor *t, int i, int64_t stride) {
  t->dims[i] *= t->dims[i + 1];
  t->strides[i] = stride;
  for (int j = i + 1; j < t->rank - 1; j++) {
    t->dims[j] = t->dims[j + 1];
    t->strides[j] = t->strides[j + 1];
  }
  t->rank--;
}

/// Makes batch axes `i` and `i + 1` one, or the last batch axis and the rows of A and C
/// (`folds_rows`; B must not vary along the batch then).
static bool merge_axes(product *p, int count, int i, bool folds_rows) {
  int64_t outer = p->c.dims[i], inner = p->c.dims[i + 1];
  int64_t a, b = 0, c, operands[APUS_DNNL_MAX_POST_OPS];
  if (!mergeable(&p->a, i, outer, inner, &a) || !mergeable(&p->c, i, outer, inner, &c))
    return false;
  if (folds_rows ? p->b.dims[i] != 1 || p->a.dims[i] != outer
                 : !mergeable(&p->b, i, outer, inner, &b))
    return false;
  for (int k = 0; k < count; k++)
    if (p->used[k] && !mergeable(&p->operands[k], i, outer, inner, &operands[k])) return false;

  merge(&p->a, i, a);
  merge(&p->c, i, c);
  if (folds_rows) {
    // [1, K, N] becomes [K, N].
    for (int j = i; j < p->b.rank - 1; j++) {
      p->b.dims[j] = p->b.dims[j + 1];
      p->b.strides[j] = p->b.strides[j + 1];
    }
    p->b.rank--;
  } else {
    merge(&p->b, i, b);
  }
  for (int k = 0; k < count; k++)
    if (p->used[k]) merge(&p->operands[k], i, operands[k]);
  return true;
}

static void simplify(product *p, int count) {
  for (int i = p->c.rank - 4; i >= 0; i--) merge_axes(p, count, i, false);
  while (p->c.rank > 2 && merge_axes(p, count, p->c.rank - 3, true)) {}
}

static void transpose(apus_dnnl_tensor *t) {
  int row = t->rank - 2, column = t->rank - 1;
  int64_t extent = t->dims[row], stride = t->strides[row];
  t->dims[row] = t->dims[column];
  t->strides[row] = t->strides[column];
  t->dims[column] = extent;
  t->strides[column] = stride;
}

/// oneDNN writes rows; a column-major C is the row-major transpose, Cᵀ = Bᵀ · Aᵀ.
static bool is_column_major(const apus_dnnl_tensor *c) {
  int row = c->rank - 2, column = c->rank - 1;
  return c->dims[column] > 1 && c->dims[row] > 1 && c->strides[column] != 1 &&
         c->strides[row] == 1;
}

static void exchange(product *p, int count) {
  apus_dnnl_tensor a = p->a;
  p->a = p->b;
  p->b = a;
  transpose(&p->a);
  transpose(&p->b);
  transpose(&p->c);
  for (int i = 0; i < count; i++)
    if (p->used[i]) transpose(&p->operands[i]);
}

static apus_dnnl_status matmul_desc(
    dnnl_primitive_desc_t *out, md_ref a, md_ref b, md_ref bias, md_ref c,
    dnnl_primitive_attr_t attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return apus_status(
      apus_dnnl.matmul_primitive_desc_create(out, apus_dnnl_engine, a, b, bias, c, attributes));
#else
  dnnl_matmul_desc_t desc;
  dnnl_status_t code = apus_dnnl.matmul_desc_init(&desc, a, b, bias, c);
  if (code == dnnl_success)
    code = apus_dnnl.primitive_desc_create(out, &desc, attributes, apus_dnnl_engine, NULL);
  return apus_status(code);
#endif
}

apus_dnnl_status apus_dnnl_matmul_create(const apus_matmul_desc *d, apus_dnnl_primitive **out) {
  apus_dnnl_status status = APUS_DNNL_OK;
  md a, b, c, bias, b_any;
  dnnl_primitive_attr_t attributes = NULL;
  memset(&a, 0, sizeof a);
  memset(&b, 0, sizeof b);
  memset(&c, 0, sizeof c);
  memset(&bias, 0, sizeof bias);
  memset(&b_any, 0, sizeof b_any);
  *out = NULL;
  if (apus_onednn_load()) return APUS_DNNL_UNAVAILABLE;
  if (d->post_op_count < 0 || d->post_op_count > APUS_DNNL_MAX_POST_OPS)
    return APUS_DNNL_INVALID;

  product p;
  memset(&p, 0, sizeof p);
  p.a = d->a;
  p.b = d->b;
  p.c = d->c;
  for (int i = 0; i < d->post_op_count; i++) {
    p.used[i] = d->post_ops[i].kind >= APUS_DNNL_ADD;
    p.operands[i] = d->post_ops[i].operand;
    if (p.used[i] && p.operands[i].rank == p.c.rank)
      apus_drop_broadcast(&p.operands[i], p.operands[i].rank);
  }
  if (p.a.rank == p.c.rank && p.b.rank == p.c.rank && p.c.rank <= APUS_DNNL_MAX_RANK) {
    apus_drop_broadcast(&p.a, p.a.rank - 2);
    apus_drop_broadcast(&p.b, p.b.rank - 2);
  }
  if (!well_formed(&p, d)) return APUS_DNNL_INVALID;
  bool exchanged = is_column_major(&p.c);
  if (exchanged) {
    // The bias would lie along the rows, and the packed operand would be the other one.
    if (d->bias.rank || d->weights_packed) return APUS_DNNL_UNSUPPORTED;
    exchange(&p, d->post_op_count);
  }
  simplify(&p, d->post_op_count);
  // Overlapping rows or a broadcast M, K or N have no descriptor in oneDNN.
  if (!apus_canonical_strides(&p.a) || !apus_canonical_strides(&p.b)) return APUS_DNNL_UNSUPPORTED;
  if (!apus_canonical_strides(&p.c)) return APUS_DNNL_INVALID;
  for (int i = 0; i < d->post_op_count; i++)
    if (p.used[i] && !apus_canonical_strides(&p.operands[i])) return APUS_DNNL_UNSUPPORTED;

  TRY(apus_md_strided(&a, p.a.rank, p.a.dims, p.a.type, p.a.strides));
  TRY(apus_md_strided(&b, p.b.rank, p.b.dims, p.b.type, p.b.strides));
  TRY(apus_md_strided(&c, p.c.rank, p.c.dims, p.c.type, p.c.strides));
  if (d->weights_packed) TRY(apus_md_any(&b_any, p.b.rank, p.b.dims, p.b.type));
  if (d->bias.rank) {
    int64_t dims[APUS_DNNL_MAX_RANK], strides[APUS_DNNL_MAX_RANK];
    for (int i = 0; i < p.c.rank; i++) {
      dims[i] = i == p.c.rank - 1 ? d->bias.dims[0] : 1;
      strides[i] = i == p.c.rank - 1 ? 1 : d->bias.dims[0];
    }
    TRY(apus_md_strided(&bias, p.c.rank, dims, d->bias.type, strides));
  }
  TRY(apus_attributes(&attributes, d->post_ops, d->post_op_count, p.operands));

  apus_primitive_plan plan = {
      .post_ops = d->post_ops,
      .post_op_count = d->post_op_count,
      .weights_packed = d->weights_packed,
      .allows_reference = d->allows_reference,
      .has_bias = d->bias.rank != 0,
      .written_role = ROLE_OUTPUT,
      .roles = {
          {DNNL_ARG_SRC, dnnl_query_src_md, 0, NULL},
          {DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0, MD_REF(b)},
          {DNNL_ARG_BIAS, dnnl_query_weights_md, 1, NULL},
          {DNNL_ARG_DST, dnnl_query_dst_md, 0, NULL},
      }};
  if (exchanged) {
    plan.roles[ROLE_INPUT] = plan.roles[ROLE_WEIGHTS];
    plan.roles[ROLE_WEIGHTS].argument = DNNL_ARG_SRC;
    plan.roles[ROLE_WEIGHTS].query = dnnl_query_src_md;
    plan.roles[ROLE_WEIGHTS].user = MD_REF(a);
  }
  TRY(matmul_desc(
      &plan.desc, MD_REF(a), d->weights_packed ? MD_REF(b_any) : MD_REF(b),
      d->bias.rank ? MD_REF(bias) : NULL, MD_REF(c), attributes));
  TRY(apus_primitive_make(&plan, out));
done:
  apus_md_destroy(&a);
  apus_md_destroy(&b);
  apus_md_destroy(&c);
  apus_md_destroy(&bias);
  apus_md_destroy(&b_any);
  if (attributes) apus_dnnl.primitive_attr_destroy(attributes);
  return status;
}

#endif
