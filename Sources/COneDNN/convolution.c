// Convolutions over channels-last activations. oneDNN chooses the layout of the weights; where it
// wants another than the caller's, the primitive reorders them, which costs little beside the work.
// So it does with the activations for the method that wants them in blocks of channels.
#include "library.h"

#if APUS_HAS_DNNL

#include <string.h>

/// oneDNN's logical order: activations [N, C, spatial...], weights [G?, O, I, kernel...].
typedef struct {
  int rank, weights_rank;
  int64_t input[5], input_strides[5], output[5], output_strides[5];
  int64_t weights[6], weights_strides[6];
  int64_t strides[3], dilates[3], padding_low[3], padding_high[3];
} geometry;

static void channels_last(
    int spatial, int64_t batch, int64_t channels, const int64_t *extents, int64_t *dims,
    int64_t *strides) {
  dims[0] = batch;
  dims[1] = channels;
  strides[1] = 1;
  int64_t stride = channels;
  for (int i = spatial - 1; i >= 0; i--) {
    dims[2 + i] = extents[i];
    strides[2 + i] = stride;
    stride *= extents[i];
  }
  strides[0] = stride;
}

static bool plan_geometry(const apus_convolution_desc *d, geometry *g) {
  int spatial = d->spatial_rank;
  if (spatial < 1 || spatial > 3 || d->batch < 1 || d->groups < 1) return false;
  if (d->in_channels < 1 || d->in_channels % d->groups) return false;
  if (d->out_channels < 1 || d->out_channels % d->groups) return false;
  memset(g, 0, sizeof *g);
  int64_t output[3];
  for (int i = 0; i < spatial; i++) {
    if (d->input[i] < 1 || d->kernel[i] < 1 || d->strides[i] < 1 || d->dilation[i] < 1)
      return false;
    output[i] = apus_convolution_output_extent(d, i);
    if (output[i] < 1) return false;
    g->strides[i] = d->strides[i];
    g->dilates[i] = d->dilation[i] - 1;
    g->padding_low[i] = d->padding_low[i];
    g->padding_high[i] = d->padding_high[i];
  }
  g->rank = 2 + spatial;
  channels_last(spatial, d->batch, d->in_channels, d->input, g->input, g->input_strides);
  channels_last(spatial, d->batch, d->out_channels, output, g->output, g->output_strides);

  // The caller's weights are [O, I / groups, kernel...].
  int64_t dims[5] = {d->out_channels, d->in_channels / d->groups}, strides[5];
  bool given = false;
  for (int i = 0; i < spatial; i++) dims[2 + i] = d->kernel[i];
  for (int i = 0; i < g->rank; i++) given |= d->weights_strides[i] != 0;
  int64_t dense = 1;
  for (int i = g->rank - 1; i >= 0; i--) {
    strides[i] = given ? d->weights_strides[i] : dense;
    dense *= dims[i];
    if (dims[i] != 1 && strides[i] <= 0) return false;
  }
  // An axis of one element may carry any stride; oneDNN wants one that does not overlap.
  for (int i = 0; i < g->rank; i++) {
    if (dims[i] != 1) continue;
    strides[i] = 1;
    for (int j = i + 1; j < g->rank; j++)
      if (dims[j] * strides[j] > strides[i]) strides[i] = dims[j] * strides[j];
  }
  int shift = d->groups > 1 ? 1 : 0;
  g->weights_rank = g->rank + shift;
  for (int i = 0; i < g->rank; i++) {
    g->weights[i + shift] = dims[i];
    g->weights_strides[i + shift] = strides[i];
  }
  if (shift) {
    int64_t outputs = d->out_channels / d->groups;
    g->weights[0] = d->groups;
    g->weights[1] = outputs;
    g->weights_strides[0] = outputs * strides[0];
  }
  return true;
}

/// A channels-last operand [N, spatial..., C] in oneDNN's order.
static bool operand_in_logical_order(
    const apus_dnnl_tensor *t, const geometry *g, apus_dnnl_tensor *out) {
  int rank = g->rank;
  if (t->rank != rank) return false;
  *out = *t;
  for (int i = 0; i < rank; i++) {
    int from = i == 0 ? 0 : i == 1 ? rank - 1 : i - 1;
    out->dims[i] = t->dims[from];
    out->strides[i] = t->strides[from];
  }
  apus_drop_broadcast(out, rank);
  bool full = true;
  for (int i = 0; i < rank; i++) {
    if (out->dims[i] != 1 && out->dims[i] != g->output[i]) return false;
    if (out->dims[i] != 1 && out->strides[i] < 1) return false;
    full &= out->dims[i] == g->output[i];
  }
  // The strides of axes of extent 1: those of the output if the operand is of its shape, so that
  // the layouts are seen to be equal, else any that do not overlap.
  for (int i = 0; i < rank; i++) {
    if (out->dims[i] != 1) continue;
    out->strides[i] = full ? g->output_strides[i] : 1;
    for (int j = 0; !full && j < rank; j++)
      if (out->dims[j] != 1 && out->dims[j] * out->strides[j] > out->strides[i])
        out->strides[i] = out->dims[j] * out->strides[j];
  }
  return true;
}

typedef struct { md input, weights, output, bias; } descriptors;

/// Input and output as the method wants them.
static apus_dnnl_status activations(
    descriptors *m, const geometry *g, apus_convolution_method method, apus_dnnl_type input,
    apus_dnnl_type output) {
  apus_dnnl_status status = APUS_DNNL_OK;
  if (method == APUS_CONVOLUTION_DIRECT) {
    TRY(apus_md_strided(&m->input, g->rank, g->input, input, g->input_strides));
    TRY(apus_md_strided(&m->output, g->rank, g->output, output, g->output_strides));
  } else {
    TRY(apus_md_blocked(&m->input, g->input, input));
    TRY(apus_md_blocked(&m->output, g->output, output));
  }
done:
  return status;
}

static apus_dnnl_status convolution_desc(
    dnnl_primitive_desc_t *out, apus_convolution_kind kind, bool forward_is_hint,
    const descriptors *m, bool has_bias, const geometry *g, dnnl_primitive_attr_t attributes,
    dnnl_primitive_desc_t hint) {
  md_ref bias = has_bias ? MD_REF(m->bias) : NULL;
  md_ref input = MD_REF(m->input), weights = MD_REF(m->weights), output = MD_REF(m->output);
  dnnl_prop_kind_t prop = forward_is_hint ? dnnl_forward_training : dnnl_forward_inference;
#if DNNL_VERSION_MAJOR >= 3
  switch (kind) {
    case APUS_CONVOLUTION_FORWARD:
      return apus_status(apus_dnnl.convolution_forward_primitive_desc_create(
          out, apus_dnnl_engine, prop, dnnl_convolution_direct, input, weights, bias, output,
          g->strides, g->dilates, g->padding_low, g->padding_high, attributes));
    case APUS_CONVOLUTION_BACKWARD_DATA:
      return apus_status(apus_dnnl.convolution_backward_data_primitive_desc_create(
          out, apus_dnnl_engine, dnnl_convolution_direct, input, weights, output, g->strides,
          g->dilates, g->padding_low, g->padding_high, hint, attributes));
    case APUS_CONVOLUTION_BACKWARD_WEIGHTS:
      return apus_status(apus_dnnl.convolution_backward_weights_primitive_desc_create(
          out, apus_dnnl_engine, dnnl_convolution_direct, input, weights, bias, output,
          g->strides, g->dilates, g->padding_low, g->padding_high, hint, attributes));
  }
  return APUS_DNNL_INVALID;
#else
  dnnl_convolution_desc_t desc;
  dnnl_status_t code = dnnl_invalid_arguments;
  switch (kind) {
    case APUS_CONVOLUTION_FORWARD:
      code = apus_dnnl.dilated_convolution_forward_desc_init(
          &desc, prop, dnnl_convolution_direct, input, weights, bias, output, g->strides,
          g->dilates, g->padding_low, g->padding_high);
      break;
    case APUS_CONVOLUTION_BACKWARD_DATA:
      code = apus_dnnl.dilated_convolution_backward_data_desc_init(
          &desc, dnnl_convolution_direct, input, weights, output, g->strides, g->dilates,
          g->padding_low, g->padding_high);
      break;
    case APUS_CONVOLUTION_BACKWARD_WEIGHTS:
      code = apus_dnnl.dilated_convolution_backward_weights_desc_init(
          &desc, dnnl_convolution_direct, input, weights, bias, output, g->strides, g->dilates,
          g->padding_low, g->padding_high);
      break;
  }
  if (code == dnnl_success)
    code = apus_dnnl.primitive_desc_create(out, &desc, attributes, apus_dnnl_engine, hint);
  return apus_status(code);
#endif
}

static apus_primitive_plan roles_of(const apus_convolution_desc *d) {
  apus_primitive_plan plan = {
      .post_ops = d->post_ops,
      .post_op_count = d->post_op_count,
      .weights_packed = d->weights_packed,
      .allows_reference = d->allows_reference,
      .has_bias = d->has_bias && d->kind != APUS_CONVOLUTION_BACKWARD_DATA};
  switch (d->kind) {
    case APUS_CONVOLUTION_BACKWARD_DATA:
      plan.roles[ROLE_INPUT].argument = DNNL_ARG_DIFF_SRC;
      plan.roles[ROLE_INPUT].query = dnnl_query_diff_src_md;
      break;
    default:
      plan.roles[ROLE_INPUT].argument = DNNL_ARG_SRC;
      plan.roles[ROLE_INPUT].query = dnnl_query_src_md;
  }
  bool writes_weights = d->kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS;
  plan.roles[ROLE_WEIGHTS].argument = writes_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS;
  plan.roles[ROLE_BIAS].argument = writes_weights ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS;
  plan.roles[ROLE_WEIGHTS].query = plan.roles[ROLE_BIAS].query =
      writes_weights ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
  plan.roles[ROLE_BIAS].index = 1;
  bool forward = d->kind == APUS_CONVOLUTION_FORWARD;
  plan.written_role = forward ? ROLE_OUTPUT : writes_weights ? ROLE_WEIGHTS : ROLE_INPUT;
  plan.roles[ROLE_OUTPUT].argument = forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST;
  plan.roles[ROLE_OUTPUT].query = forward ? dnnl_query_dst_md : dnnl_query_diff_dst_md;
  return plan;
}

apus_dnnl_status apus_dnnl_convolution_create(
    const apus_convolution_desc *d, apus_dnnl_primitive **out) {
  apus_dnnl_status status = APUS_DNNL_OK;
  bool forward = d->kind == APUS_CONVOLUTION_FORWARD;
  geometry g;
  descriptors m;
  md user_input, user_weights, user_output;
  dnnl_primitive_attr_t attributes = NULL, plain = NULL;
  dnnl_primitive_desc_t hint = NULL;
  apus_dnnl_tensor operands[APUS_DNNL_MAX_POST_OPS];
  memset(&m, 0, sizeof m);
  memset(&user_input, 0, sizeof user_input);
  memset(&user_weights, 0, sizeof user_weights);
  memset(&user_output, 0, sizeof user_output);
  memset(operands, 0, sizeof operands);
  *out = NULL;
  if (apus_onednn_load()) return APUS_DNNL_UNAVAILABLE;
  if (!plan_geometry(d, &g)) return APUS_DNNL_INVALID;
  if (d->post_op_count < 0 || d->post_op_count > (forward ? APUS_DNNL_MAX_POST_OPS : 0))
    return APUS_DNNL_INVALID;
  if (d->weights_packed && d->kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS)
    return APUS_DNNL_INVALID;
  if (d->method != APUS_CONVOLUTION_DIRECT) {
    if (d->spatial_rank != 2) return APUS_DNNL_UNSUPPORTED;
    // What is added to would have to be turned as well.
    for (int i = 0; i < d->post_op_count; i++)
      if (d->post_ops[i].kind == APUS_DNNL_SUM) return APUS_DNNL_UNSUPPORTED;
  }
  for (int i = 0; i < d->post_op_count; i++)
    if (d->post_ops[i].kind >= APUS_DNNL_ADD &&
        !operand_in_logical_order(&d->post_ops[i].operand, &g, &operands[i]))
      return APUS_DNNL_INVALID;

  apus_primitive_plan plan = roles_of(d);
  TRY(apus_md_strided(&user_input, g.rank, g.input, d->input_type, g.input_strides));
  TRY(apus_md_strided(&user_output, g.rank, g.output, d->output_type, g.output_strides));
  TRY(activations(&m, &g, d->method, d->input_type, d->output_type));
  TRY(apus_md_any(&m.weights, g.weights_rank, g.weights, d->weights_type));
  TRY(apus_md_strided(
      &user_weights, g.weights_rank, g.weights, d->weights_type, g.weights_strides));
  if (plan.has_bias) {
    int64_t stride = 1;
    TRY(apus_md_strided(&m.bias, 1, &d->out_channels, d->bias_type, &stride));
  }
  TRY(apus_attributes(&attributes, d->post_ops, d->post_op_count, operands));
  if (!forward) {
    // Backward descriptors ask for the forward one they belong to. Its dtypes may be a
    // combination that forward lacks (bf16 in, f32 gradients), so it takes the activations' own.
    descriptors f;
    memset(&f, 0, sizeof f);
    apus_dnnl_type type = d->kind == APUS_CONVOLUTION_BACKWARD_DATA ? d->output_type : d->input_type;
    TRY(apus_attributes(&plain, NULL, 0, NULL));
    status = activations(&f, &g, d->method, type, type);
    if (!status) status = apus_md_any(&f.weights, g.weights_rank, g.weights, type);
    if (!status)
      status = convolution_desc(
          &hint, APUS_CONVOLUTION_FORWARD, true, &f, false, &g, plain, NULL);
    apus_md_destroy(&f.input);
    apus_md_destroy(&f.output);
    apus_md_destroy(&f.weights);
    TRY(status);
  }
  TRY(convolution_desc(
      &plan.desc, d->kind, false, &m, plan.has_bias, &g, attributes, hint));
  plan.roles[ROLE_INPUT].user = MD_REF(user_input);
  plan.roles[ROLE_WEIGHTS].user = MD_REF(user_weights);
  plan.roles[ROLE_OUTPUT].user = MD_REF(user_output);
  TRY(apus_primitive_make(&plan, out));
done:
  apus_md_destroy(&m.input);
  apus_md_destroy(&m.weights);
  apus_md_destroy(&m.output);
  apus_md_destroy(&m.bias);
  apus_md_destroy(&user_input);
  apus_md_destroy(&user_weights);
  apus_md_destroy(&user_output);
  if (hint) apus_dnnl.primitive_desc_destroy(hint);
  if (attributes) apus_dnnl.primitive_attr_destroy(attributes);
  if (plain) apus_dnnl.primitive_attr_destroy(plain);
  return status;
}

#endif
