// A primitive with its changes of layout, its argument list and the memory objects of its runs.
#include "library.h"

#if APUS_HAS_DNNL

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ARGUMENTS = 5 + APUS_DNNL_MAX_POST_OPS };
enum { FROM_OPERANDS = 16, FROM_SCRATCHPAD = 64 };

/// What turns the layout of the caller's memory into the one the implementation wants, or back.
/// Without a `main` there is nothing to turn.
typedef struct {
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t main;
  // `user` belongs to `desc`, `native` to the primitive's own descriptor.
  md_ref user, native;
  bool is_written;
  /// In the scratchpad: the operand in the native layout, and what the reorder itself needs.
  size_t native_offset, own_offset;
} conversion;

/// The memory objects of one run. They hold the caller's pointers, so two runs at the same time
/// need two frames.
typedef struct {
  dnnl_stream_t stream;
  dnnl_exec_arg_t arguments[MAX_ARGUMENTS];
  struct { dnnl_memory_t user, scratchpad; } conversions[ROLE_COUNT];
} frame;

struct apus_dnnl_primitive {
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t main;
  int argument_count;
  struct {
    int argument;
    int source;  // a role, FROM_OPERANDS + i, or FROM_SCRATCHPAD
    md_ref desc;
  } arguments[MAX_ARGUMENTS];
  /// For each role the place of its argument.
  int argument_of[ROLE_COUNT];
  conversion conversions[ROLE_COUNT];
  bool weights_packed;
  /// The scratchpad: the primitive's own part, then that of each conversion.
  size_t scratchpad_size;
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
  for (int role = 0; role < ROLE_COUNT; role++) {
    if (f->conversions[role].user) apus_dnnl.memory_destroy(f->conversions[role].user);
    if (f->conversions[role].scratchpad)
      apus_dnnl.memory_destroy(f->conversions[role].scratchpad);
  }
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
  for (int role = 0; role < ROLE_COUNT; role++) {
    const conversion *c = &p->conversions[role];
    if (!c->main) continue;
    md_ref scratchpad;
    TRY_DNNL(apus_dnnl.memory_create(
        &f->conversions[role].user, c->user, apus_dnnl_engine, DNNL_MEMORY_NONE));
    if (scratchpad_of(c->desc, &scratchpad))
      TRY_DNNL(apus_dnnl.memory_create(
          &f->conversions[role].scratchpad, scratchpad, apus_dnnl_engine, DNNL_MEMORY_NONE));
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
  for (int role = 0; role < ROLE_COUNT; role++) {
    if (p->conversions[role].main) apus_dnnl.primitive_destroy(p->conversions[role].main);
    if (p->conversions[role].desc) apus_dnnl.primitive_desc_destroy(p->conversions[role].desc);
  }
  if (p->main) apus_dnnl.primitive_destroy(p->main);
  if (p->desc) apus_dnnl.primitive_desc_destroy(p->desc);
  free(p);
}

static void add_argument(apus_dnnl_primitive *p, int argument, int source, md_ref desc) {
  p->arguments[p->argument_count].argument = argument;
  p->arguments[p->argument_count].source = source;
  p->arguments[p->argument_count].desc = desc;
  p->argument_count++;
}

/// Prepares the change of layout between `user` and the primitive's own descriptor of a role, and
/// finds room for it in the scratchpad.
static apus_dnnl_status make_conversion(
    apus_dnnl_primitive *p, apus_role role, md_ref user, bool is_written) {
  apus_dnnl_status status = APUS_DNNL_OK;
  dnnl_primitive_attr_t attributes = NULL;
  conversion *c = &p->conversions[role];
  c->native = p->arguments[p->argument_of[role]].desc;
  c->is_written = is_written;
  TRY(apus_attributes(&attributes, NULL, 0, NULL));
  TRY_DNNL(apus_dnnl.reorder_primitive_desc_create(
      &c->desc, is_written ? c->native : user, apus_dnnl_engine, is_written ? user : c->native,
      apus_dnnl_engine, attributes));
  TRY_DNNL(apus_dnnl.primitive_create(&c->main, c->desc));
  c->user = apus_dnnl.primitive_desc_query_md(
      c->desc, is_written ? dnnl_query_dst_md : dnnl_query_src_md, 0);
  md_ref scratchpad;
  size_t own = scratchpad_of(c->desc, &scratchpad);
  bool is_packed = role == ROLE_WEIGHTS && p->weights_packed;
  size_t native = is_packed ? 0 : apus_dnnl.memory_desc_get_size(c->native);
  c->native_offset = aligned(p->scratchpad_size);
  c->own_offset = aligned(c->native_offset + native);
  p->scratchpad_size = c->own_offset + own;
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
  TRY_DNNL(apus_dnnl.primitive_desc_query(
      p->desc, dnnl_query_impl_info_str, 0, &p->implementation));
  if (!plan->allows_reference && apus_dnnl_is_reference(p)) {
    status = APUS_DNNL_UNSUPPORTED;
    goto done;
  }
  TRY_DNNL(apus_dnnl.primitive_create(&p->main, p->desc));

  for (int role = 0; role < ROLE_COUNT; role++) {
    if (role == ROLE_BIAS && !plan->has_bias) continue;
    md_ref desc = apus_dnnl.primitive_desc_query_md(
        p->desc, plan->roles[role].query, plan->roles[role].index);
    if (!desc) {
      status = APUS_DNNL_FAILED;
      goto done;
    }
    p->argument_of[role] = p->argument_count;
    add_argument(p, plan->roles[role].argument, role, desc);
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

  p->scratchpad_size = own;
  for (int role = 0; role < ROLE_COUNT; role++) {
    md_ref user = plan->roles[role].user;
    if (!user) continue;
    md_ref native = p->arguments[p->argument_of[role]].desc;
    if (apus_dnnl.memory_desc_equal(user, native)) continue;
    TRY(make_conversion(p, role, user, role == plan->written_role));
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

static apus_dnnl_status convert(
    const apus_dnnl_primitive *p, frame *f, int role, void *user, void *native,
    void *scratchpad) {
  apus_dnnl_status status = APUS_DNNL_OK;
  const conversion *c = &p->conversions[role];
  dnnl_memory_t user_memory = f->conversions[role].user;
  dnnl_memory_t native_memory = f->arguments[p->argument_of[role]].memory;
  dnnl_memory_t own = f->conversions[role].scratchpad;
  TRY_DNNL(apus_dnnl.memory_set_data_handle(user_memory, user));
  TRY_DNNL(apus_dnnl.memory_set_data_handle(native_memory, native));
  dnnl_exec_arg_t arguments[3] = {
      {DNNL_ARG_FROM, c->is_written ? native_memory : user_memory},
      {DNNL_ARG_TO, c->is_written ? user_memory : native_memory},
      {DNNL_ARG_SCRATCHPAD, own},
  };
  if (own)
    TRY_DNNL(apus_dnnl.memory_set_data_handle(own, (char *)scratchpad + c->own_offset));
  TRY_DNNL(apus_dnnl.primitive_execute(c->main, f->stream, own ? 3 : 2, arguments));
done:
  return status;
}

apus_dnnl_status apus_dnnl_execute(apus_dnnl_primitive *p, const apus_dnnl_arguments *a) {
  apus_dnnl_status status = APUS_DNNL_OK;
  frame *f = NULL;
  if (p->scratchpad_size && !a->scratchpad) return APUS_DNNL_INVALID;
  TRY(frame_take(p, &f));
  void *const user[ROLE_COUNT] = {a->input, a->weights, a->bias, a->output};
  void *native[ROLE_COUNT];
  bool converts[ROLE_COUNT];
  for (int role = 0; role < ROLE_COUNT; role++) {
    const conversion *c = &p->conversions[role];
    converts[role] = c->main && !(role == ROLE_WEIGHTS && p->weights_packed);
    native[role] = converts[role] ? (char *)a->scratchpad + c->native_offset : user[role];
    if (converts[role] && !c->is_written)
      TRY(convert(p, f, role, user[role], native[role], a->scratchpad));
  }
  for (int i = 0; i < p->argument_count; i++) {
    int source = p->arguments[i].source;
    void *pointer = source == FROM_SCRATCHPAD ? a->scratchpad
                    : source >= FROM_OPERANDS ? a->operands[source - FROM_OPERANDS]
                                              : native[source];
    TRY_DNNL(apus_dnnl.memory_set_data_handle(f->arguments[i].memory, pointer));
  }
  TRY_DNNL(apus_dnnl.primitive_execute(p->main, f->stream, p->argument_count, f->arguments));
  for (int role = 0; role < ROLE_COUNT; role++)
    if (converts[role] && p->conversions[role].is_written)
      TRY(convert(p, f, role, user[role], native[role], a->scratchpad));
done:
  if (f) frame_give_back(p, f);
  return status;
}

apus_dnnl_status apus_dnnl_pack_weights(
    apus_dnnl_primitive *p, const void *weights, void *packed, void *scratchpad) {
  if (p->conversions[ROLE_WEIGHTS].is_written) return APUS_DNNL_INVALID;
  if (!p->conversions[ROLE_WEIGHTS].main) {
    memcpy(packed, weights, apus_dnnl_packed_weights_size(p));
    return APUS_DNNL_OK;
  }
  frame *f;
  apus_dnnl_status status = frame_take(p, &f);
  if (status != APUS_DNNL_OK) return status;
  status = convert(p, f, ROLE_WEIGHTS, (void *)weights, packed, scratchpad);
  frame_give_back(p, f);
  return status;
}

size_t apus_dnnl_scratchpad_size(const apus_dnnl_primitive *p) { return p->scratchpad_size; }

size_t apus_dnnl_packed_weights_size(const apus_dnnl_primitive *p) {
  return apus_dnnl.memory_desc_get_size(p->arguments[p->argument_of[ROLE_WEIGHTS]].desc);
}

bool apus_dnnl_reorders_weights(const apus_dnnl_primitive *p) { return p->conversions[ROLE_WEIGHTS].main != NULL; }

const char *apus_dnnl_implementation(const apus_dnnl_primitive *p) { return p->implementation; }

bool apus_dnnl_is_reference(const apus_dnnl_primitive *p) {
  return strstr(p->implementation, "ref") != NULL;
}

#endif
