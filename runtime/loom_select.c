/* loom_select.c - models from JSON in a program of compiled models: finds the one that is meant among the registered.
 *
 * libloom has functions of the same names that make any network; a program links one or the other. */
#include "loom_text.h"

#include <string.h>

const int loom_models_have_weights = 0;

void loom_model_free(const loom_model *m) { (void)m; }

/* The compiled-in models, for messages: "'digits' (f32), 'kws' (i8)". */
static void list_models(char *out, size_t capacity)
{
    static const char *const types[] = {"", "f32", "f64", "i8", "i16", "i32"};
    loom_writer w = {out, 0, capacity - 1, 0, NULL};
    for (int i = 0; i < loom_model_count(); i++) {
        const loom_model *m = loom_model_at(i);
        loom_put(&w, i ? ", '" : "'");
        loom_put(&w, m->id);
        loom_put(&w, "' (");
        loom_put(&w, m->type <= LOOM_I32 ? types[m->type] : "?");
        loom_put(&w, ")");
    }
    loom_put(&w, w.n ? "" : "none");
    out[w.n] = 0;
}

static int is_description_of(const loom_model *m, loom_json text)
{
    loom_json_problem p;
    size_t n = strlen(m->description);
    if (!loom_json_check(m->description, n, &p))
        return 0;
    loom_json mine = loom_json_root(m->description, n);
    return loom_json_same(mine, text) && loom_json_same(text, mine);
}

/* The one with this description; without "layers", the one of this id. */
static const loom_model *find(loom_json text, int type)
{
    int whole = loom_json_get(text, "layers").at != NULL;
    loom_json id = loom_json_kind(text) == '"' ? text : loom_json_get(text, "id");
    for (int i = 0; i < loom_model_count(); i++) {
        const loom_model *m = loom_model_at(i);
        if (type && (int)m->type != type)
            continue;
        if (whole ? is_description_of(m, text) : loom_json_is(id, m->id))
            return m;
    }
    return NULL;
}

/* Of a bundle the description of the model that is asked for, else the text itself. */
static int described(const loom_document *d, const char *id, loom_json *text)
{
    loom_json key, value;
    *text = d->root;
    if (!loom_json_is(loom_json_get(d->root, "type"), "modelhost/bundle"))
        return LOOM_OK;
    for (loom_json_walk w = loom_json_in(loom_json_get(d->root, "models")); loom_json_next(&w, &key, &value);)
        if (!id || loom_json_is(loom_json_get(value, "id"), id)) {
            loom_json cfg = loom_json_get(value, "cfg");
            *text = cfg.at ? cfg : value;
            return LOOM_OK;
        }
    loom_document_fail(d, d->root, "model %s not found in bundle", id ? id : "");
    return loom_fail(d->error, LOOM_E_NOT_FOUND, "", "model %s not found in bundle", id ? id : "");
}

static int none_fits(const loom_document *d, loom_json text)
{
    char models[300], id[80] = "";
    loom_json name = loom_json_kind(text) == '"' ? text : loom_json_get(text, "id");
    list_models(models, sizeof models);
    if (loom_json_kind(name) == '"')
        loom_json_text(name, id, sizeof id);
    if (loom_json_get(text, "layers").at && loom_model_find(id))
        loom_document_fail(
            d, text, "the compiled-in '%s' has another description; {\"id\": \"%s\"} takes it as it is", id, id);
    else
        loom_document_fail(d, text, "no compiled-in model %s; there are: %s", *id ? id : "has this description",
                           models);
    if (d->error)
        d->error->status = LOOM_E_NOT_FOUND;
    return LOOM_E_NOT_FOUND;
}

/* The loss that a description asks for: of "training", else mse. */
static int has_loss(const loom_model *m, const char *loss)
{
    loom_json root = loom_json_root(m->description, strlen(m->description));
    loom_json given = loom_json_get(loom_json_get(root, "training"), "loss");
    return given.at ? loom_json_is(given, loss) : strcmp(loss, "mse") == 0;
}

/* Can the model do what is asked? It cannot change any more. */
static int check_options(const loom_model *m, const loom_options *o, loom_error *e)
{
    if (o->train && !loom_can_train(m))
        return loom_fail(e, LOOM_E_UNSUPPORTED, "", "'%s' was compiled without training; compile it with --train",
                         m->id);
    if (o->train > 1 && !loom_can_backward(m))
        return loom_fail(e, LOOM_E_UNSUPPORTED, "",
                         "'%s' keeps no gradients; compile it with \"training\": {\"accumulate\": 1}", m->id);
    if (o->loss && !has_loss(m, o->loss))
        return loom_fail(e, LOOM_E_UNSUPPORTED, "",
                         "'%s' was compiled with another loss than '%s'; change \"training\" in its description",
                         m->id, o->loss);
    if (o->clip_norm > 0)
        return loom_fail(
            e, LOOM_E_UNSUPPORTED, "",
            "'%s' cannot clip gradients otherwise than it was compiled; change \"training\" in its description",
            m->id);
    return LOOM_OK;
}

int loom_model_from_json(const char *json, size_t size, const loom_options *options, const loom_model **m,
                         loom_error *error)
{
    static const loom_options none = {0, 0, NULL, NULL, 0, NULL};
    const loom_options *o = options ? options : &none;
    loom_error ignored;
    loom_document d;
    loom_json text;
    error = error ? error : &ignored;
    if (!m || (o->type && !loom_type_size(o->type)))
        return loom_fail(error, LOOM_E_ARGUMENT, "", "no place for the model, or a type that is none");
    *m = NULL;
    int status = loom_document_open(&d, o->name ? o->name : "description", json, size, error);
    if (status >= 0)
        status = described(&d, o->id, &text);
    if (status < 0)
        return status;
    const loom_model *found = find(text, o->type);
    if (!found)
        return none_fits(&d, text);
    status = check_options(found, o, error);
    *m = status < 0 ? NULL : found;
    return status;
}
