/* loom_writer.c - the writing half of loom_json.h: text that grows, escaped strings, numbers. */
#include "loom_json.h"
#include "loom_number.h"
#include "loom_types.h"

void loom_put_bytes(loom_writer *w, const char *text, size_t n)
{
    if (!w->failed && n > w->capacity - w->n && !(w->grow && n <= SIZE_MAX - w->n && w->grow(w, w->n + n)))
        w->failed = 1;
    for (size_t i = 0; !w->failed && i < n; i++)
        w->s[w->n + i] = text[i];
    w->n += w->failed ? 0 : n;
}

void loom_put(loom_writer *w, const char *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    loom_put_bytes(w, text, n);
}

/* A character that cannot stand for itself: \" \\ \n, or \u001f. */
static void put_escape(loom_writer *w, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char code[7] = "\\u00", plain[3] = "\\";
    plain[1] = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : c == '"' || c == '\\' ? (char)c : 0;
    code[4] = hex[c >> 4];
    code[5] = hex[c & 15];
    loom_put(w, plain[1] ? plain : code);
}

void loom_put_string(loom_writer *w, const char *text)
{
    size_t left = 0;
    while (text[left])
        left++;
    loom_put_bytes(w, "\"", 1);
    while (left) {
        unsigned char c = (unsigned char)*text;
        size_t n = loom_utf8_length(text, left);
        if (n == 0)
            loom_put(w, "\xef\xbf\xbd");
        else if (c < 32 || c == '"' || c == '\\' || c == 127)
            put_escape(w, c);
        else
            loom_put_bytes(w, text, n);
        text += n + (n == 0);
        left -= n + (n == 0);
    }
    loom_put_bytes(w, "\"", 1);
}

void loom_put_f32(loom_writer *w, float x)
{
    char text[LOOM_NUMBER_SIZE];
    loom_put_bytes(w, text, loom_write_f32(text, x));
}

void loom_put_f64(loom_writer *w, double x)
{
    char text[LOOM_NUMBER_SIZE];
    loom_put_bytes(w, text, loom_write_f64(text, x));
}

void loom_put_u64(loom_writer *w, uint64_t x)
{
    char text[LOOM_NUMBER_SIZE];
    loom_put_bytes(w, text, loom_write_u64(text, x));
}

void loom_put_i64(loom_writer *w, int64_t x)
{
    if (x < 0)
        loom_put_bytes(w, "-", 1);
    loom_put_u64(w, x < 0 ? ~(uint64_t)x + 1 : (uint64_t)x);
}

void loom_put_real(loom_writer *w, int type, const void *data, size_t i)
{
    switch (type) {
    case LOOM_F32: loom_put_f32(w, ((const float *)data)[i]); break;
    case LOOM_F64: loom_put_f64(w, ((const double *)data)[i]); break;
    case LOOM_I8: loom_put_i64(w, ((const int8_t *)data)[i]); break;
    case LOOM_I16: loom_put_i64(w, ((const int16_t *)data)[i]); break;
    default: loom_put_i64(w, ((const int32_t *)data)[i]); break;
    }
}
