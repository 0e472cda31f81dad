/* loom_text.c - text in, text out (loom.h): creating, running, saving and loading the current network. */
#include "loom_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- replies ------------------------------------------------------------------------------------------------ */

const char loom_success[] = "{\"status\": \"success\"}";
static const char created[] = "{\"status\": \"success\", \"message\": \"network created\"}";
static const char loaded[] = "{\"success\": true}";
static const char no_memory[] = "{\"error\": {\"message\": \"out of memory\", \"status\": -6, \"where\": \"\"}}";

static int grow(loom_writer *w, size_t need)
{
    size_t capacity = w->capacity < 256 ? 256 : w->capacity;
    while (capacity < need && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    char *s = capacity < need ? NULL : (char *)realloc(w->s, capacity);
    if (!s)
        return 0;
    w->s = s;
    w->capacity = capacity;
    return 1;
}

loom_writer loom_reply(void)
{
    loom_writer w = {NULL, 0, 0, 0, grow};
    return w;
}

static const char *finished(loom_writer *w)
{
    loom_put_bytes(w, "", 1);
    if (!w->failed)
        return w->s;
    free(w->s);
    return no_memory;
}

const char *loom_reply_error(const loom_error *e)
{
    loom_writer w = loom_reply();
    loom_put(&w, "{\"error\": {\"message\": ");
    loom_put_string(&w, e->message);
    loom_put(&w, ", \"status\": ");
    loom_put_i64(&w, e->status);
    loom_put(&w, ", \"where\": ");
    loom_put_string(&w, e->where);
    if (e->line) {
        loom_put(&w, ", \"line\": ");
        loom_put_i64(&w, e->line);
        loom_put(&w, ", \"column\": ");
        loom_put_i64(&w, e->column);
    }
    loom_put(&w, "}}");
    return finished(&w);
}

const char *loom_reply_end(loom_writer *w, const loom_error *e)
{
    if (e->status >= 0)
        return finished(w);
    free(w->s);
    return loom_reply_error(e);
}

void FreeLoomString(const char *text)
{
    if (text && text != loom_success && text != created && text != loaded && text != no_memory)
        free((void *)(uintptr_t)text);
}

/* ---- create, load ------------------------------------------------------------------------------------------- */

static const char *replace_current(loom_network *net, const loom_error *e, const char *success)
{
    if (!net)
        return loom_reply_error(e);
    loom_network **current = loom_lock(), *old = *current;
    *current = net;
    loom_unlock();
    loom_network_free(old);
    return success;
}

const char *CreateLoomNetwork(const char *jsonConfig)
{
    loom_error e = {0, 0, 0, "", ""};
    return replace_current(loom_network_new("jsonConfig", jsonConfig, NULL, &e), &e, created);
}

const char *LoomLoadModel(const char *jsonData, const char *modelId)
{
    loom_error e = {0, 0, 0, "", ""};
    loom_document d;
    if (loom_document_open(&d, "jsonData", jsonData, jsonData ? strlen(jsonData) : 0, &e) < 0)
        return loom_reply_error(&e);
    loom_json type = loom_json_get(d.root, "type");
    if (!loom_json_is(type, "modelhost/bundle")) {
        loom_document_fail(&d, type.at ? type : d.root, "invalid bundle type: \"type\" must be \"modelhost/bundle\"");
        return loom_reply_error(&e);
    }
    return replace_current(loom_network_new("jsonData", jsonData, modelId, &e), &e, loaded);
}

/* ---- forward ------------------------------------------------------------------------------------------------ */

/* The list of numbers that is the argument, or its member of that name. */
static int numbers_and_model(loom_document *d, const char *name, loom_json values[2])
{
    const char *const names[] = {name, "model", NULL};
    values[0] = d->root;
    values[1].at = values[1].end = NULL;
    if (loom_json_kind(d->root) == '[')
        return LOOM_OK;
    if (loom_json_kind(d->root) != '{')
        return loom_document_fail(d, d->root, "expected a list of numbers, or {\"%s\": [...]}, not %s", name,
                                  loom_kind_words(d->root));
    int status = loom_members(d, d->root, names, values);
    if (status >= 0 && !values[0].at)
        return loom_document_fail(d, d->root, "\"%s\" is missing", name);
    return status;
}

static int put_output(loom_writer *w, const loom_model *m, const void *output, loom_error *e)
{
    for (size_t i = 0; i < m->output_size; i++) {
        double x = m->type == LOOM_F32   ? (double)((const float *)output)[i]
                   : m->type == LOOM_F64 ? ((const double *)output)[i]
                                         : 0;
        if (x - x != 0)
            return loom_fail(e, LOOM_E_NOT_FINITE, "", "number %z of the output is %s, which JSON cannot hold", i,
                             x != x  ? "NaN"
                             : x > 0 ? "infinite"
                                     : "minus infinity");
        loom_put(w, i ? "," : "[");
        loom_put_real(w, (int)m->type, output, i);
    }
    loom_put(w, m->output_size ? "]" : "[]");
    return LOOM_OK;
}

static int forward(loom_network *current, const char *json, loom_writer *w, loom_error *e)
{
    loom_document d;
    loom_json values[2];
    if (loom_document_open(&d, "inputJson", json, json ? strlen(json) : 0, e) < 0 ||
        numbers_and_model(&d, "input", values) < 0)
        return e->status;
    loom_network *net = loom_current(current, &d, values[1], e);
    if (!net || loom_take_numbers(&d, values[0], "the input", (int)net->model->type, net->next_input,
                                  net->model->input_size) < 0)
        return e->status;
    void *input = net->next_input;
    net->next_input = net->input;
    net->input = input;
    net->has_input = 1;
    int status = net->model->forward(net->model, net->instance, input, net->output);
    if (status < 0)
        return loom_fail_status(e, status, "forward");
    return put_output(w, net->model, net->output, e);
}

const char *LoomForward(const char *inputJson)
{
    loom_error e = {0, 0, 0, "", ""};
    loom_writer w = loom_reply();
    forward(*loom_lock(), inputJson, &w, &e);
    loom_unlock();
    return loom_reply_end(&w, &e);
}

/* ---- save, info --------------------------------------------------------------------------------------------- */

const char *LoomSaveModel(const char *modelId)
{
    const loom_json none = {NULL, NULL};
    loom_error e = {0, 0, 0, "", ""};
    loom_writer w = loom_reply();
    loom_network *net = loom_current(*loom_lock(), NULL, none, &e);
    if (net)
        loom_bundle_write(net->model, net->instance, modelId && *modelId ? modelId : net->model->id, &w, &e);
    loom_unlock();
    return loom_reply_end(&w, &e);
}

/* The description's whole number of that name; 0 when it is absent. */
static uint64_t setting(loom_json description, const char *key)
{
    loom_json v = loom_json_get(description, key);
    double x = loom_json_kind(v) == '0' ? loom_json_number(v) : 0;
    return x >= 1 && x < 9e15 ? (uint64_t)x : 0;
}

static void put_setting(loom_writer *w, const char *name, uint64_t x)
{
    loom_put(w, name);
    loom_put_u64(w, x);
}

static void put_info(loom_writer *w, const loom_model *m)
{
    loom_json root = loom_json_root(m->description, strlen(m->description));
    uint64_t layers = loom_json_count(loom_json_get(root, "layers"));
    uint64_t rows = setting(root, "grid_rows"), columns = setting(root, "grid_cols"),
             cell = setting(root, "layers_per_cell");
    rows = rows ? rows : 1;
    columns = columns ? columns : 1;
    put_setting(w, "{\"batch_size\":", (uint64_t)m->batch);
    put_setting(w, ",\"grid_cols\":", columns);
    put_setting(w, ",\"grid_rows\":", rows);
    put_setting(w, ",\"layers_per_cell\":", cell ? cell : layers / rows / columns);
    put_setting(w, ",\"total_layers\":", layers);
    loom_put(w, "}");
}

const char *LoomGetNetworkInfo(void)
{
    const loom_json none = {NULL, NULL};
    loom_error e = {0, 0, 0, "", ""};
    loom_writer w = loom_reply();
    loom_network *net = loom_current(*loom_lock(), NULL, none, &e);
    if (net)
        put_info(&w, net->model);
    loom_unlock();
    return loom_reply_end(&w, &e);
}
