/* mha.c - multi-head attention, with grouped keys and rotary positions. */
#include "compat.h"
#include "rows.h"

#include "../../runtime/loom_math.h"

#include <math.h>

static const field fields[] = {
    {"d_model", FIELD_INT, 1, 1 << 24, "the last axis of the input", 0, "numbers in a step"},
    {"num_heads", FIELD_INT, 1, 1 << 16, "8", 0, "query heads"},
    {"num_kv_heads", FIELD_INT, 1, 1 << 16, "num_heads", 0,
     "key and value heads, each shared by as many query heads"},
    {"head_dim", FIELD_INT, 1, 1 << 16, "d_model / num_heads", 0, "numbers in a head"},
    {"seq_length", FIELD_INT, 1, 1 << 24, "the first axis of the input", 0, "steps"},
    {"causal", FIELD_BOOL, 0, 0, "true", 0, "whether a step sees only itself and those before it"},
    {"rope", FIELD_BOOL, 0, 0, "true", 0, "whether queries and keys are rotated by their position"},
    {"rope_freq_base", FIELD_NUMBER, 1, 1e12, "10000", 0, "base of the rotation's frequencies"},
    {"bias", FIELD_BOOL, 0, 0, "true", 0, "whether the four projections have biases"},
    {0}};

static bool infer(const layer *l, shape *s)
{
    *s = shape_of(2, layer_int(l, "seq_length", 1), layer_int(l, "d_model", 0));
    return layer_has(l, "d_model") && (layer_has(l, "seq_length") || l->net->compat);
}

typedef struct heads {
    int64_t model, query, kv, size, steps, batch;
} heads;

static bool read_heads(graph *g, const layer *l, tensor_id x, heads *h)
{
    const shape *s = tensor_shape(g, x);
    h->batch = s->dim[0];
    h->steps = s->dim[1];
    h->model = s->dim[2];
    h->query = layer_int(l, "num_heads", 8);
    h->kv = layer_int(l, "num_kv_heads", h->query);
    if (!layer_has(l, "head_dim") && h->model % h->query != 0) {
        layer_error(
            g, l, "num_heads",
            "d_model is %lld, which num_heads, %lld, does not divide; change one of them or give 'head_dim'",
            (long long)h->model, (long long)h->query);
        return false;
    }
    h->size = layer_int(l, "head_dim", h->model / h->query);
    if (h->query % h->kv != 0) {
        layer_error(g, l, "num_kv_heads", "num_kv_heads is %lld, which does not divide the %lld query heads",
                    (long long)h->kv, (long long)h->query);
        return false;
    }
    if (layer_bool(l, "rope", true) && h->size % 2 != 0) {
        layer_error(g, l, "head_dim",
                    "a head has %lld numbers, but rotary positions need an even number; add \"rope\": false",
                    (long long)h->size);
        return false;
    }
    return true;
}

/* cos or sin of position * base^(-2 j / size), for j below size / 2. */
static tensor_id rope_table(graph *g, const layer *l, const heads *h, bool cosine)
{
    int64_t half = h->size / 2;
    double base = loom_log_f64(l->net->compat ? 1e6 : layer_number(l, "rope_freq_base", 10000));
    double *v = arena_array(g->arena, h->steps * half, sizeof *v);
    for (int64_t i = 0; i < h->steps * half; i++) {
        double frequency = loom_exp_f64(-2 * (double)(i % half) / (double)h->size * base);
        double angle = (double)(i / half) * frequency;
        v[i] = cosine ? loom_cos_f64(angle) : loom_sin_f64(angle);
    }
    const char *name = arena_printf(g->arena, "%s_rope_%s", l->path, cosine ? "cos" : "sin");
    return tensor_const(g, shape_of(2, h->steps, half), name, v);
}

/* [B,S,n*size] -> [B,n,S,size]; rotated first where there are tables. */
static tensor_id split_heads(graph *g, const heads *h, tensor_id x, int64_t n, tensor_id cosines,
                             tensor_id sines)
{
    x = reshape(g, x, shape_of(4, h->batch, h->steps, n, h->size));
    if (cosines && sines)
        x = rope(g, x, cosines, sines);
    return permute(g, x, (int[]){0, 2, 1, 3});
}

static tensor_id attend(graph *g, const layer *l, const heads *h, tensor_id x)
{
    tensor_id q = project(g, l, x, "q_weights", "q_bias", h->query * h->size);
    tensor_id k = project(g, l, x, "k_weights", "k_bias", h->kv * h->size);
    tensor_id v = project(g, l, x, "v_weights", "v_bias", h->kv * h->size);
    if (!q || !k || !v)
        return 0;
    bool rotate = layer_bool(l, "rope", true);
    tensor_id cosines = rotate ? rope_table(g, l, h, true) : 0,
              sines = rotate ? rope_table(g, l, h, false) : 0;
    q = split_heads(g, h, q, h->query, cosines, sines);
    k = split_heads(g, h, k, h->kv, cosines, sines);
    v = split_heads(g, h, v, h->kv, 0, 0);
    tensor_id scores = map1(g, FN_scale, matmul(g, q, k, 0, true), 1 / sqrt((double)h->size));
    tensor_id shares = softmax(g, scores, 0, layer_bool(l, "causal", true));
    tensor_id context = permute(g, matmul(g, shares, v, 0, false), (int[]){0, 2, 1, 3});
    context = reshape(g, context, shape_of(3, h->batch, h->steps, h->query * h->size));
    return context ? project(g, l, context, "output_weight", "output_bias", h->model) : 0;
}

static tensor_id lower(graph *g, const layer *l, tensor_id x)
{
    shape s = *tensor_shape(g, x);
    int64_t d = layer_int(l, "d_model", last_axis(g, x)), size = shape_size(&s);
    tensor_id rows;
    heads h;
    if (l->net->compat && d > 0 && size % d == 0) /* all samples are one sequence */
        rows = reshape(g, x, shape_of(3, (int64_t)1, size / d, d));
    else
        rows = as_sequence(g, l, "d_model", "seq_length", x, d);
    if (!rows || !read_heads(g, l, rows, &h))
        return 0;
    tensor_id y = attend(g, l, &h, rows);
    if (l->net->compat && y)
        y = reshape(g, y, s);
    return join_stream(g, l, y);
}

const layer_type layer_mha = {
    .name = "mha",
    .aliases = "multi_head_attention",
    .doc = "multi-head attention: causal or not, grouped queries, rotary positions",
    .shapes = "[S, d_model] -> [S, d_model]",
    .weights = "q_weights [d_model][num_heads * head_dim], k_weights and v_weights [d_model][num_kv_heads "
               "* head_dim], output_weight [num_heads * head_dim][d_model], q_bias, k_bias, v_bias, "
               "output_bias",
    .notes = "q, k, v = b + x W (bias first). Numbers j and j + head_dim / 2 of a head of q and k are "
             "rotated by the angle position * rope_freq_base^(-2 j / head_dim). Each query head h: "
             "softmax(q k^T / sqrt(head_dim)) v with the key and value head h div (num_heads / "
             "num_kv_heads); the heads side by side, then b + y W.",
    .fields = fields,
    .infer = infer,
    .lower = lower,
};
