/* interp.c - the reference: runs the graph as lowering left it, op by op, with the naive kernels.
 *
 * What it computes is the meaning of a network; every other engine must give the same bits. */
#include "loomc.h"

#include <string.h>

struct interp {
    const graph *g;
    void **value;       /* per tensor */
    const void **in;    /* scratch for one op's operands */
    const shape **in_shape;
    int32_t *scratch;   /* as large as an op on integers needs */
};

interp *interp_new(arena *a, const graph *g)
{
    interp *in = arena_alloc(a, sizeof *in);
    in->g = g;
    in->value = arena_array(a, g->n_tensors, sizeof *in->value);
    int most = MAX_INPUTS;
    for (int i = 0; i < g->n_ops; i++)
        most = g->ops[i].n_in > most ? g->ops[i].n_in : most;
    int64_t scratch = 0;
    for (int i = 0; i < g->n_ops && is_integer(g->precision); i++) {
        const op *o = &g->ops[i];
        int64_t n = o->type->scratch ? o->type->scratch(g, o) : 0;
        scratch = n > scratch ? n : scratch;
    }
    in->scratch = arena_array(a, scratch, sizeof *in->scratch);
    in->in = arena_array(a, most, sizeof *in->in);
    in->in_shape = arena_array(a, most, sizeof *in->in_shape);
    for (int t = 1; t < g->n_tensors; t++) {
        const tensor *x = &g->tensors[t];
        in->value[t] = x->kind == TENSOR_CONST ? x->data : arena_array(a, shape_size(&x->shape), real_size(x->type));
        if (x->kind == TENSOR_PARAM)
            memcpy(in->value[t], x->data, tensor_bytes(g, t));
    }
    return in;
}

void interp_reset(interp *in)
{
    for (int t = 1; t < in->g->n_tensors; t++)
        if (in->g->tensors[t].kind == TENSOR_STATE)
            memset(in->value[t], 0, tensor_bytes(in->g, t));
}

static void run_op(interp *in, const op *o, uint64_t call)
{
    const graph *g = in->g;
    eval_args a = {.n_in = o->n_in, .out = in->value[o->out], .out_shape = tensor_shape(g, o->out), .attr = o->attr, .call = call,
                   .scratch = in->scratch,
                   .out_type = o->out ? g->tensors[o->out].type : g->precision, .out_quant = g->tensors[o->out].q};
    for (int k = 0; k < o->n_in; k++) {
        in->in[k] = o->in[k] ? in->value[o->in[k]] : NULL;
        in->in_shape[k] = tensor_shape(g, o->in[k]);
        if (k < MAX_INPUTS) {
            a.in[k] = in->in[k];
            a.in_shape[k] = in->in_shape[k];
            a.in_type[k] = g->tensors[o->in[k]].type;
            a.in_quant[k] = g->tensors[o->in[k]].q;
            a.state[k] = g->tensors[o->in[k]].kind >= TENSOR_STATE ? in->value[o->in[k]] : NULL;
        }
    }
    a.in_all = in->in;
    a.in_shape_all = in->in_shape;
    op_kernel(o->type, a.out_type)(&a);
}

void interp_steps(interp *in, int from, int to, uint64_t call)
{
    for (int i = from; i < to; i++)
        run_op(in, &in->g->ops[i], call);
}

void interp_run(interp *in, const void *input, void *output, uint64_t call)
{
    const graph *g = in->g;
    memcpy(in->value[g->input], input, tensor_bytes(g, g->input));
    interp_steps(in, 0, g->n_ops, call);
    memcpy(output, in->value[g->output], tensor_bytes(g, g->output));
}

void interp_share(interp *in, tensor_id t, void *value) { in->value[t] = value; }

void *interp_value(const interp *in, tensor_id t) { return in->value[t]; }
