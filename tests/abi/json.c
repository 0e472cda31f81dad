/* json.c - loom_json.h: what is JSON and what is not, walking, strings, comparing, places, writing. */
#include "check.h"

#include "loom_json.h"

static int good(const char *text)
{
    loom_json_problem p;
    return loom_json_check(text, strlen(text), &p);
}

static void refused(const char *text, size_t at, const char *what)
{
    loom_json_problem p = {0, NULL};
    if (!CHECK(!loom_json_check(text, strlen(text), &p) && p.at == at && has(p.what, what)))
        printf("    %s: %s at %zu\n", text, p.what ? p.what : "accepted", p.at);
}

static void check_syntax(void)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "1.5e-7",
                                        "true",
                                        "false",
                                        "null",
                                        "\"\"",
                                        "[]",
                                        "{}",
                                        " [ ] ",
                                        "\t{\r\n}",
                                        "[1,2]",
                                        "[[[]]]",
                                        "{\"a\":1,\"b\":[{}]}",
                                        "\"\\u0041\\ud83d\\ude00\\/\\b\"",
                                        "\"\xf0\x9f\x98\x80\"",
                                        "\"\x7f\""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(good(texts[i]));
    refused("", 0, "there is no value");
    refused("  ", 2, "there is no value");
    refused("[1,", 3, "still open");
    refused("[1 2]", 3, "expected ',' or ']'");
    refused("{\"a\" 1}", 5, "expected ':'");
    refused("{a:1}", 1, "a key in double quotes");
    refused("{\"a\":1,}", 7, "a key in double quotes");
    refused("[1,]", 3, "unexpected character");
    refused("[01]", 1, "not a number");
    refused("[+1]", 1, "not a number");
    refused("[1.]", 1, "not a number");
    refused("[.5]", 1, "not a number");
    refused("[NaN]", 1, "unknown word");
    refused("[True]", 1, "unknown word");
    refused("[-Infinity]", 1, "not a number");
    refused("1 2", 2, "after the end");
    refused("]", 0, "unexpected character");
    refused("\"abc", 0, "does not end");
    refused("\"\n\"", 1, "control character");
    refused("\"\\x\"", 1, "unknown escape");
    refused("\"\\u12\"", 1, "four hexadecimal");
    refused("\"\\u0000\"", 1, "character 0");
    refused("\"\\ud800x\"", 1, "surrogate");
    refused("\"\\udc00\"", 1, "surrogate");
    refused("\"\\ud800\\u0041\"", 1, "surrogate");
    refused("\"\xc0\x80\"", 1, "UTF-8");
    refused("\"\xed\xa0\x80\"", 1, "UTF-8");
    refused("\"\xf5\x80\x80\x80\"", 1, "UTF-8");
    refused("\xef\xbb\xbf[]", 0, "unexpected character");
}

/* Brackets up to the limit, and one more. */
static void check_depth(void)
{
    char text[2 * LOOM_JSON_DEPTH + 8];
    for (int extra = 0; extra < 2; extra++) {
        int n = LOOM_JSON_DEPTH + extra;
        memset(text, '[', (size_t)n);
        memset(text + n, ']', (size_t)n);
        text[2 * n] = 0;
        CHECK(good(text) == !extra);
    }
    for (int i = 0; i < LOOM_JSON_DEPTH; i++) /* objects and lists by turns, closed in the wrong order */
        text[i] = '[';
    strcpy(text + 3, "{\"a\":[}]");
    refused(text, 9, "unexpected character");
}

static void check_walking(void)
{
    const char *text = " {\"a\": [1, [2, {}], \"]\"], \"b\\n\": {\"c\": null}, \"d\": -2.5}";
    loom_json root = loom_json_root(text, strlen(text)), key, value;
    int n = 0;
    CHECK(good(text) && loom_json_kind(root) == '{' && loom_json_count(root) == 3);
    for (loom_json_walk w = loom_json_in(root); loom_json_next(&w, &key, &value); n++)
        CHECK(loom_json_is(key, n == 0 ? "a" : n == 1 ? "b\n" : "d"));
    CHECK(n == 3 && loom_json_count(loom_json_get(root, "a")) == 3 &&
          loom_json_number(loom_json_get(root, "d")) == -2.5);
    CHECK(loom_json_kind(loom_json_get(loom_json_get(root, "b\n"), "c")) == 'n' && !loom_json_get(root, "e").at);
    CHECK(!loom_json_get(loom_json_get(root, "a"), "a").at && loom_json_count(loom_json_get(root, "d")) == 0);
    CHECK(loom_json_end(root) == text + strlen(text) &&
          loom_json_end(loom_json_get(root, "a")) == strchr(text, ',') + 15);
}

static loom_json value_of(const char *text) { return loom_json_root(text, strlen(text)); }

static void check_strings(void)
{
    char out[16];
    loom_json v = value_of("\"a\\u00e9\\ud83d\\ude00\\t\\\\\"");
    CHECK(loom_json_text(v, out, sizeof out) == 9 && strcmp(out, "a\xc3\xa9\xf0\x9f\x98\x80\t\\") == 0);
    CHECK(loom_json_text(v, out, 5) == 9 && strcmp(out, "a\xc3\xa9") == 0); /* whole characters only */
    CHECK(loom_json_text(v, NULL, 0) == 9);
    CHECK(loom_json_resembles(value_of("\"LearningRate\""), "learning_rate") &&
          loom_json_resembles(value_of("\"learning_rate\""), "learning_rate"));
    CHECK(loom_json_resembles(value_of("\"_LEARNING__rate_\""), "learning_rate") &&
          !loom_json_resembles(value_of("\"learning_rat\""), "learning_rate"));
    CHECK(!loom_json_is(value_of("\"A\""), "a") && !loom_json_is(value_of("1"), "1") &&
          !loom_json_is(value_of("\"a\""), "ab"));
}

static void check_numbers(void)
{
    float f[4] = {0};
    double d[4] = {0};
    int8_t b[4] = {0};
    size_t n;
    const char *text = "[1, [2.5, [-3]], 4e0]";
    CHECK(!loom_json_numbers(value_of(text), LOOM_F32, f, 4, &n).at && n == 4 && f[0] == 1 && f[1] == 2.5f &&
          f[2] == -3 && f[3] == 4);
    CHECK(!loom_json_numbers(value_of(text), LOOM_F64, d, 2, &n).at && n == 4 && d[1] == 2.5 && d[2] == 0);
    CHECK(loom_json_numbers(value_of(text), LOOM_I8, b, 4, &n).at == text + 5); /* not whole */
    CHECK(!loom_json_numbers(value_of("[-128,127]"), LOOM_I8, b, 4, &n).at && b[0] == -128 && b[1] == 127);
    CHECK(loom_json_numbers(value_of("[128]"), LOOM_I8, b, 4, &n).at &&
          loom_json_numbers(value_of("[1e39]"), LOOM_F32, f, 4, &n).at);
    CHECK(loom_json_numbers(value_of("[1,null]"), LOOM_F32, f, 4, &n).at &&
          loom_json_numbers(value_of("[{\"a\":1}]"), LOOM_F32, f, 4, &n).at);
    CHECK(!loom_json_numbers(value_of("[]"), LOOM_F32, f, 4, &n).at && n == 0);
}

static int same(const char *a, const char *b) { return loom_json_same(value_of(a), value_of(b)); }

static void check_comparing(void)
{
    CHECK(same("{\"a\":1,\"b\":[true,null]}", " { \"b\" : [ true , null ] , \"\\u0061\" : 1.0e0 } ") &&
          same("[]", "[ ]") && same("\"x\"", "\"\\u0078\""));
    CHECK(!same("[1,2]", "[2,1]") && !same("[1]", "[1,1]") && !same("{\"a\":1}", "{\"b\":1}") &&
          !same("{\"a\":1}", "{\"a\":2}"));
    CHECK(!same("true", "false") && !same("[]", "{}") && !same("\"a\"", "\"ab\"") && !same("[[1],[2]]", "[[1],[3]]"));
    CHECK(same("[[[1],{}],{\"a\":{\"b\":[{}]}}]", "[[[1],{}],{\"a\":{\"b\":[{}]}}]"));
}

static void pointer(const char *text, const char *at, const char *expected)
{
    char out[40];
    loom_json_pointer(value_of(text), strstr(text, at), out, sizeof out);
    if (!CHECK(strcmp(out, expected) == 0))
        printf("    %s: %s\n", expected, out);
}

static void check_places(void)
{
    int line, column;
    char tiny[6];
    const char *text = "{\n \"\xc3\xa9\": 1,\n  \"b\": 2}";
    loom_json_position(text, strlen(text), (size_t)(strstr(text, ": 1") - text), &line, &column);
    CHECK(line == 2 && column == 5);
    loom_json_position(text, strlen(text), strlen(text), &line, &column);
    CHECK(line == 3 && column == 10);
    pointer("{\"a\": [1, {\"b/c~\": 5}]}", "5", "/a/1/b~1c~0");
    pointer("{\"a\": [1, {\"b/c~\": 5}]}", "{\"b", "/a/1");
    pointer("[[1], [2]]", "2", "/1/0");
    pointer("7", "7", "");
    loom_json_pointer(value_of("{\"abcdefgh\": [1]}"), NULL, tiny, sizeof tiny);
    CHECK(tiny[0] == 0);
}

static void check_writing(void)
{
    char out[100];
    loom_writer w = {out, 0, sizeof out - 1, 0, NULL};
    loom_put_string(&w, "a\"\\\n\x01\x7f\xc3\xa9\xff<");
    loom_put_i64(&w, INT64_MIN);
    loom_put(&w, ",");
    loom_put_u64(&w, UINT64_MAX);
    loom_put(&w, ",");
    loom_put_f64(&w, 0.1);
    loom_put(&w, ",");
    loom_put_f32(&w, 0.1f);
    out[w.n] = 0;
    CHECK(
        strcmp(
            out,
            "\"a\\\"\\\\\\n\\u0001\\u007f\xc3\xa9\xef\xbf\xbd<\"-9223372036854775808,18446744073709551615,0.1,0.1") ==
        0);
    loom_writer small = {out, 0, 3, 0, NULL};
    loom_put(&small, "ab");
    loom_put(&small, "cd");
    loom_put(&small, "e");
    CHECK(small.failed && small.n == 2);
}

int main(void)
{
    check_syntax();
    check_depth();
    check_walking();
    check_strings();
    check_numbers();
    check_comparing();
    check_places();
    check_writing();
    return finish();
}
