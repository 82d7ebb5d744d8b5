// A primitive with its weight reorders, its argument list and the memory objects of its runs.
#include "library.h"

#if APUS_HAS_DNNL

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ARGUMENTS = 5 + APUS_DNNL_MAX_POST_OPS };
enum { FROM_OPERANDS = 16, FROM_SCRATCHPAD = 64 };

/// The memory objects of one run. They hold the caller's pointers, so two runs at the same time
/// need two frames.
typedef struct {
  dnnl_stream_t stream;
  dnnl_exec_arg_t arguments[MAX_ARGUMENTS];
  dnnl_memory_t user_weights, packed_weights, reorder_scratchpad;
} frame;

struct apus_dnnl_primitive {
  dnnl_primitive_desc_t desc, reorder_desc;
  dnnl_primitive_t main, reorder;
  int argument_count;
  struct {
    int argument;
    int source;  // a role, FROM_OPERANDS + i, or FROM_SCRATCHPAD
    md_ref desc;
  } arguments[MAX_ARGUMENTS];
  // Both descriptors belong to `reorder_desc` or `desc`.
  md_ref user_weights, packed_weights;
  bool weights_packed, weights_are_output;
  /// The scratchpad: the primitive's own part, then the packed weights, then the reorder's.
  size_t packed_offset, reorder_offset, scratchpad_size;
  const char *implementation;
  /// The frame that no run is using, if any.
  _Atomic(frame *) idle;
};

static size_t aligned(size_t bytes) { return (bytes + 127) & ~(size_t)127; }

static size_t scratchpad_of(const_dnnl_primitive_desc_t desc, md_ref *out) {
  *out = apus_dnnl.primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
  return *out ? apus_dnnl.memory_desc_get_size(*out) : 0;
}

static void frame_destroy(frame *f) {
  if (!f) return;
  for (int i = 0; i < MAX_ARGUMENTS; i++)
    if (f->arguments[i].memory) apus_dnnl.memory_destroy(f->arguments[i].memory);
  if (f->user_weights) apus_dnnl.memory_destroy(f->user_weights);
  if (f->packed_weights) apus_dnnl.memory_destroy(f->packed_weights);
  if (f->reorder_scratchpad) apus_dnnl.memory_destroy(f->reorder_scratchpad);
  if (f->stream) apus_dnnl.stream_destroy(f->stream);
  free(f);
}

static apus_dnnl_status frame_create(const apus_dnnl_primitive *p, frame **out) {
  apus_dnnl_status status = APUS_DNNL_OK;
  frame *f = calloc(1, sizeof *f);
  if (!f) return APUS_DNNL_OUT_OF_MEMORY;
  TRY_DNNL(apus_dnnl.stream_create(&f->stream, apus_dnnl_engine, dnnl_stream_default_flags));
  for (int i = 0; i < p->argument_count; i++) {
    f->arguments[i].arg = p->arguments[i].argument;
    TRY_DNNL(apus_dnnl.memory_create(
        &f->arguments[i].memory, p->arguments[i].desc, apus_dnnl_engine, DNNL_MEMORY_NONE));
  }
  if (p->reorder) {
    md_ref scratchpad;
    TRY_DNNL(apus_dnnl.memory_create(
        &f->user_weights, p->user_weights, apus_dnnl_engine, DNNL_MEMORY_NONE));
    TRY_DNNL(apus_dnnl.memory_create(
        &f->packed_weights, p->packed_weights, apus_dnnl_engine, DNNL_MEMORY_NONE));
    if (scratchpad_of(p->reorder_desc, &scratchpad))
      TRY_DNNL(apus_dnnl.memory_create(
          &f->reorder_scratchpad, scratchpad, apus_dnnl_engine, DNNL_MEMORY_NONE));
  }
  *out = f;
  f = NULL;
done:
  frame_destroy(f);
  return status;
}

static apus_dnnl_status frame_take(apus_dnnl_primitive *p, frame **out) {
  *out = atomic_exchange(&p->idle, NULL);
  return *out ? APUS_DNNL_OK : frame_create(p, out);
}

static void frame_give_back(apus_dnnl_primitive *p, frame *f) {
  frame_destroy(atomic_exchange(&p->idle, f));
}

void apus_dnnl_destroy(apus_dnnl_primitive *p) {
  if (!p) return;
  frame_destroy(atomic_exchange(&p->idle, NULL));
  if (p->reorder) apus_dnnl.primitive_destroy(p->reorder);
  if (p->main) apus_dnnl.primitive_destroy(p->main);
  if (p->reorder_desc) apus_dnnl.primitive_desc_destroy(p->reorder_desc);
  if (p->desc) apus_dnnl.primitive_desc_destroy(p->desc);
  free(p);
}

static void add_argument(apus_dnnl_primitive *p, int argument, int source, md_ref desc) {
  p->arguments[p->argument_count].argument = argument;
  p->arguments[p->argument_count].source = source;
  p->arguments[p->argument_count].desc = desc;
  p->argument_count++;
}

static apus_dnnl_status make_reorder(apus_dnnl_primitive *p, md_ref user_weights) {
  apus_dnnl_status status = APUS_DNNL_OK;
  dnnl_primitive_attr_t attributes = NULL;
  TRY(apus_attributes(&attributes, NULL, 0, NULL));
  md_ref from = p->weights_are_output ? p->packed_weights : user_weights;
  md_ref to = p->weights_are_output ? user_weights : p->packed_weights;
  TRY_DNNL(apus_dnnl.reorder_primitive_desc_create(
      &p->reorder_desc, from, apus_dnnl_engine, to, apus_dnnl_engine, attributes));
  TRY_DNNL(apus_dnnl.primitive_create(&p->reorder, p->reorder_desc));
done:
  if (attributes) apus_dnnl.primitive_attr_destroy(attributes);
  return status;
}

apus_dnnl_status apus_primitive_make(const apus_primitive_plan *plan, apus_dnnl_primitive **out) {
  apus_dnnl_status status = APUS_DNNL_OK;
  apus_dnnl_primitive *p = calloc(1, sizeof *p);
  if (!p) {
    apus_dnnl.primitive_desc_destroy(plan->desc);
    return APUS_DNNL_OUT_OF_MEMORY;
  }
  p->desc = plan->desc;
  p->weights_packed = plan->weights_packed;
  p->weights_are_output = plan->weights_are_output;
  TRY_DNNL(apus_dnnl.primitive_desc_query(
      p->desc, dnnl_query_impl_info_str, 0, &p->implementation));
  if (!plan->allows_reference && apus_dnnl_is_reference(p)) {
    status = APUS_DNNL_UNSUPPORTED;
    goto done;
  }
  TRY_DNNL(apus_dnnl.primitive_create(&p->main, p->desc));

  for (int role = 0; role < 4; role++) {
    if (role == ROLE_BIAS && !plan->has_bias) continue;
    md_ref desc = apus_dnnl.primitive_desc_query_md(
        p->desc, plan->roles[role].query, plan->roles[role].index);
    if (!desc) {
      status = APUS_DNNL_FAILED;
      goto done;
    }
    add_argument(p, plan->roles[role].argument, role, desc);
    if (role == ROLE_WEIGHTS) p->packed_weights = desc;
  }
  int operand = 0;
  for (int i = 0; i < plan->post_op_count; i++) {
    if (plan->post_ops[i].kind < APUS_DNNL_ADD) continue;
    int argument = DNNL_ARG_ATTR_MULTIPLE_POST_OP(i) | DNNL_ARG_SRC_1;
    md_ref desc =
        apus_dnnl.primitive_desc_query_md(p->desc, dnnl_query_exec_arg_md, argument);
    if (!desc) {
      status = APUS_DNNL_FAILED;
      goto done;
    }
    add_argument(p, argument, FROM_OPERANDS + operand++, desc);
  }
  md_ref scratchpad;
  size_t own = scratchpad_of(p->desc, &scratchpad);
  if (own) add_argument(p, DNNL_ARG_SCRATCHPAD, FROM_SCRATCHPAD, scratchpad);

  p->packed_offset = p->reorder_offset = p->scratchpad_size = own;
  if (!apus_dnnl.memory_desc_equal(plan->user_weights, p->packed_weights)) {
    TRY(make_reorder(p, plan->user_weights));
    p->user_weights = apus_dnnl.primitive_desc_query_md(
        p->reorder_desc, p->weights_are_output ? dnnl_query_dst_md : dnnl_query_src_md, 0);
    md_ref reorder_scratchpad;
    size_t reorder_bytes = scratchpad_of(p->reorder_desc, &reorder_scratchpad);
    size_t packed = p->weights_packed ? 0 : apus_dnnl.memory_desc_get_size(p->packed_weights);
    p->packed_offset = aligned(own);
    p->reorder_offset = aligned(p->packed_offset + packed);
    p->scratchpad_size = p->reorder_offset + reorder_bytes;
  }
  frame *first;
  TRY(frame_create(p, &first));
  atomic_store(&p->idle, first);
  *out = p;
  p = NULL;
done:
  apus_dnnl_destroy(p);
  return status;
}

static apus_dnnl_status run_reorder(
    const apus_dnnl_primitive *p, frame *f, void *user, void *packed, void *scratchpad) {
  apus_dnnl_status status = APUS_DNNL_OK;
  TRY_DNNL(apus_dnnl.memory_set_data_handle(f->user_weights, user));
  TRY_DNNL(apus_dnnl.memory_set_data_handle(f->packed_weights, packed));
  dnnl_exec_arg_t arguments[3] = {
      {DNNL_ARG_FROM, p->weights_are_output ? f->packed_weights : f->user_weights},
      {DNNL_ARG_TO, p->weights_are_output ? f->user_weights : f->packed_weights},
      {DNNL_ARG_SCRATCHPAD, f->reorder_scratchpad},
  };
  int count = f->reorder_scratchpad ? 3 : 2;
  if (count == 3)
    TRY_DNNL(apus_dnnl.memory_set_data_handle(
        f->reorder_scratchpad, (char *)scratchpad + p->reorder_offset));
  TRY_DNNL(apus_dnnl.primitive_execute(p->reorder, f->stream, count, arguments));
done:
  return status;
}

apus_dnnl_status apus_dnnl_execute(apus_dnnl_primitive *p, const apus_dnnl_arguments *a) {
  apus_dnnl_status status = APUS_DNNL_OK;
  frame *f = NULL;
  if (p->scratchpad_size && !a->scratchpad) return APUS_DNNL_INVALID;
  TRY(frame_take(p, &f));
  bool reorders = p->reorder && !p->weights_packed;
  void *roles[4] = {a->input, a->weights, a->bias, a->output};
  if (reorders) {
    roles[ROLE_WEIGHTS] = (char *)a->scratchpad + p->packed_offset;
    if (!p->weights_are_output)
      TRY(run_reorder(p, f, a->weights, roles[ROLE_WEIGHTS], a->scratchpad));
  }
  for (int i = 0; i < p->argument_count; i++) {
    int source = p->arguments[i].source;
    void *pointer = source == FROM_SCRATCHPAD ? a->scratchpad
                    : source >= FROM_OPERANDS ? a->operands[source - FROM_OPERANDS]
                                              : roles[source];
    TRY_DNNL(apus_dnnl.memory_set_data_handle(f->arguments[i].memory, pointer));
  }
  TRY_DNNL(apus_dnnl.primitive_execute(p->main, f->stream, p->argument_count, f->arguments));
  if (reorders && p->weights_are_output)
    TRY(run_reorder(p, f, a->weights, roles[ROLE_WEIGHTS], a->scratchpad));
done:
  if (f) frame_give_back(p, f);
  return status;
}

apus_dnnl_status apus_dnnl_pack_weights(
    apus_dnnl_primitive *p, const void *weights, void *packed, void *scratchpad) {
  if (p->weights_are_output) return APUS_DNNL_INVALID;
  if (!p->reorder) {
    memcpy(packed, weights, apus_dnnl_packed_weights_size(p));
    return APUS_DNNL_OK;
  }
  frame *f;
  apus_dnnl_status status = frame_take(p, &f);
  if (status != APUS_DNNL_OK) return status;
  status = run_reorder(p, f, (void *)weights, packed, scratchpad);
  frame_give_back(p, f);
  return status;
}

size_t apus_dnnl_scratchpad_size(const apus_dnnl_primitive *p) { return p->scratchpad_size; }

size_t apus_dnnl_packed_weights_size(const apus_dnnl_primitive *p) {
  return apus_dnnl.memory_desc_get_size(p->packed_weights);
}

bool apus_dnnl_reorders_weights(const apus_dnnl_primitive *p) { return p->reorder != NULL; }

const char *apus_dnnl_implementation(const apus_dnnl_primitive *p) { return p->implementation; }

bool apus_dnnl_is_reference(const apus_dnnl_primitive *p) {
  return strstr(p->implementation, "ref") != NULL;
}

#endif
