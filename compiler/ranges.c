/* ranges.c - which values the tensors of a network take: as its description says ("quantisation", which loomc quantise
 * writes), else as random inputs show. And how tensors are named there. */
#include "quantise.h"

#include "ops/ops.h"

#include "../runtime/loom_random.h"

#include <string.h>

static const field fields[] = {
    {"method", FIELD_ENUM, 0, 0, "minmax", "minmax|percentile|mse", "how the ranges were found"},
    {"samples", FIELD_INT, 0, 1LL << 40, 0, 0, "how many samples were seen"},
    {"ranges", FIELD_OBJECT, 0, 0, 0, 0, "for each layer's results [lowest, highest]; the input is \"input\""},
    {0}};
const field *const quantisation_field_table = fields;

/* ---- names --------------------------------------------------------------------------------------------------------- */

/* Views take the range of what they look at. */
bool has_range(const graph *f, tensor_id t)
{
    const tensor *x = &f->tensors[t];
    if (x->kind == TENSOR_INPUT)
        return true;
    return x->kind == TENSOR_VALUE && (!(f->ops[x->op].type->flags & OP_VIEW) || f->ops[x->op].type == &op_concat);
}

const char **range_names(const graph *f)
{
    struct { const layer *of; int n; } *seen = arena_array(f->arena, f->n_ops + 1, sizeof *seen);
    const char **names = arena_array(f->arena, f->n_tensors, sizeof *names);
    int n_seen = 0;
    names[f->input] = "input";
    for (int i = 0; i < f->n_ops; i++) {
        const op *o = &f->ops[i];
        if (!o->out || !has_range(f, o->out))
            continue;
        int k = n_seen - 1; /* nearly always the last one */
        while (k >= 0 && seen[k].of != o->layer)
            k--;
        if (k < 0) {
            k = n_seen++;
            seen[k].of = o->layer;
        }
        const char *path = o->layer ? o->layer->path : f->net->id;
        names[o->out] = seen[k].n ? arena_printf(f->arena, "%s.%d", path, seen[k].n) : path;
        seen[k].n++;
    }
    return names;
}

/* ---- ranges -------------------------------------------------------------------------------------------------------- */

void range_see(range *r, const double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (v[i] < r->low && v[i] >= -1.7e308)
            r->low = v[i];
        if (v[i] > r->high && v[i] <= 1.7e308)
            r->high = v[i];
    }
}

void ranges_finish(const graph *f, range *r)
{
    for (int t = 1; t < f->n_tensors; t++)
        if (f->tensors[t].kind == TENSOR_CONST)
            range_see(&r[t], f->tensors[t].data, shape_size(&f->tensors[t].shape));
    for (int i = 0; i < f->n_ops; i++)
        if (f->ops[i].out && !has_range(f, f->ops[i].out))
            r[f->ops[i].out] = r[f->ops[i].in[0]];
}

/* How many rows the table has in which the input is looked up, 0 when it is none. */
static int64_t input_rows(const graph *f)
{
    for (int i = 0; i < f->n_ops; i++)
        if (f->ops[i].type == &op_gather && f->ops[i].in[0] == f->input)
            return tensor_shape(f, f->ops[i].in[1])->dim[0];
    return 0;
}

void random_input(const graph *f, double *x, uint64_t run)
{
    int64_t rows = input_rows(f), n = shape_size(tensor_shape(f, f->input));
    for (int64_t i = 0; i < n; i++) {
        double u = (double)(loom_random_u64(1, 2, run, (uint64_t)i) >> 11) * 0x1p-53;
        x[i] = rows ? u * (double)rows : u * 4 - 2;
    }
}

/* How many random inputs: small networks, which have few numbers to show, run more often. About 30 million operations. */
static int random_runs(const graph *f)
{
    int64_t cost = 1;
    for (int i = 0; i < f->n_ops; i++) {
        const op *o = &f->ops[i];
        cost += (o->type->macs ? o->type->macs(f, o) : 0) + 16 * shape_size(tensor_shape(f, o->out));
    }
    int64_t runs = ((int64_t)1 << 25) / cost;
    return runs < 8 ? 8 : runs > 256 ? 256 : (int)runs;
}

static void see_random(session *s, const graph *f, range *r)
{
    interp *it = interp_new(&s->arena, f);
    double *x = arena_alloc(&s->arena, tensor_bytes(f, f->input)), *y = arena_alloc(&s->arena, tensor_bytes(f, f->output));
    for (int run = 0, runs = random_runs(f); run < runs; run++) {
        random_input(f, x, (uint64_t)run);
        interp_run(it, x, y, (uint64_t)run);
        for (int t = 1; t < f->n_tensors; t++)
            range_see(&r[t], interp_value(it, t), shape_size(tensor_shape(f, t)));
    }
}

static bool read_range(session *s, const json *at, range *r)
{
    const json *low = at->kind == JSON_ARRAY && at->n == 2 ? at->child : NULL, *high = low ? low->next : NULL;
    if (!low || low->kind != JSON_NUMBER || high->kind != JSON_NUMBER || !(low->number <= high->number)) {
        diag(s, DIAG_ERROR, at, "a range is a list of two numbers, the lower one first");
        return false;
    }
    range_see(r, (double[]){low->number, high->number}, 2);
    return true;
}

/* The description's; each tensor must have one. */
static bool read_ranges(session *s, const graph *f, const json *how, range *r)
{
    const json *list = json_get(how, "ranges");
    const char **names = range_names(f);
    if (!list)
        diag(s, DIAG_ERROR, how, "'quantisation' needs \"ranges\"; 'loomc quantise' finds them");
    bool good = list != NULL;
    for (int t = 1; good && t < f->n_tensors; t++) {
        const json *at = names[t] ? json_get(list, names[t]) : NULL;
        if (names[t] && !at) {
            diag(s, DIAG_ERROR, list, "the ranges are not of this network: '%s' has none; run 'loomc quantise' again", names[t]);
            good = false;
        }
        good = good && (!at || read_range(s, at, &r[t]));
    }
    return good;
}

range *ranges_of(session *s, const graph *f)
{
    const json *how = json_get(f->net->at, "quantisation");
    range *r = arena_array(&s->arena, f->n_tensors, sizeof *r);
    if (f->net->ranges)
        memcpy(r, f->net->ranges, (size_t)f->n_tensors * sizeof *r);
    else if (!how)
        see_random(s, f, r);
    else if (!read_ranges(s, f, how, r))
        return NULL;
    ranges_finish(f, r);
    return r;
}
