/* main.c - the command line. Exit codes: 0 done, 1 the input is wrong or differs, 2 wrong use or no memory. */
#include "cli.h"
#include "target.h"

#include <stdlib.h>
#include <string.h>

#define COMMON_HELP                                                                     \
    "  --weights FILE      bundle or .loom file with the weights (default: the network's own, or from its seed)\n" \
    "  --precision P       f32, f64, i8, i16 or i32 (default: the description's dtype)\n"  \
    "  --batch N           samples in one call, and in a mini-batch (default: the description's batch_size)\n"

#define STORE_HELP                                                                                            \
    "  --to TYPE           how weights are stored: float64, float32, int32, int16 or int8 (default: exact)\n"  \
    "  --scales S          of integers: tensor (one scale each, default), channel (one for each row or column)\n" \
    "                      or original (bundles only: the fixed scale of the original, for weights in [-1, 1])\n" \
    "  --format F          bundle or binary (default: binary when the file's name ends in .loom)\n"

const command commands[] = {
    {"compile", command_compile, "write C for a network",
     "usage: loomc compile NET.json [-o DIR] [options]\n\n"
     "Writes <id>.h, <id>.c and <id>_weights.c to DIR (default: .).\n\n" COMMON_HELP
     "  --id NAME           the name of files, struct and functions (default: the description's id)\n"
     "  --target T          native (default), or wasm: also <id>.mjs, <id>.d.mts and, where clang and wasm-ld are,\n"
     "                      <id>.wasm and <id>.simd.wasm, or mcu: for a microcontroller\n"
     "  --cpu C             mcu: cortex-m0, cortex-m0plus, cortex-m3, cortex-m4, cortex-m7, cortex-m33, cortex-m55,\n"
     "                      rv32imac or rv32imafc\n"
     "  --max-flash BYTES, --max-ram BYTES  fail when weights or memory take more (64K, 1M), and tell what does\n"
     "  --board             mcu: also write start-up code and a linker script for the board that QEMU models\n"
     "  --abi               also write <id>_model.c, the network behind the C interface of loom.h\n"
     "  --bindings LIST     also write a typed wrapper of this network for each of these languages, with commas between:\n"
     "                      cpp, csharp, python, rust, or ts (with --target wasm); implies --abi\n"
     "  --standalone        also write the runtime (with --abi all of that interface), so that cc DIR/*.c main.c is\n"
     "                      all it takes\n"
     "  --io float          of i8, i16 and i32: take and give float32, not integers\n"
     "  --store i8|i16      of f32 and f64: keep the weights of products as integers, arithmetic stays in reals\n"
     "  --train             also write <id>_train.c: loss, gradients and optimizer, as the description's \"training\" says\n"
     "  --dispatch          also write <id>_avx2.c and <id>_avx512.c; the program takes the best that the\n"
     "                      machine has, whatever flags it was built with (x86-64, gcc or clang)\n"
     "  --weights-file      write the weights as <id>.weights, which the program loads, not as C arrays\n"
     "  --dump STAGE        print the graph or plan after a stage: lower, quantise, fold, broadcast, dead,\n"
     "                      fuse, pad, update, schedule, plan\n"
     "  --templates DIR     read templates from DIR before the built-in ones\n"},
    {"run", command_run, "run a network in the interpreter",
     "usage: loomc run NET.json --input X.json [-o FILE] [options]\n\n"
     "Prints {\"shape\":[...],\"output\":[...]}. X.json holds the input as a list, nested or flat.\n\n" COMMON_HELP},
    {"train", command_train, "train a network",
     "usage: loomc train NET.json --data FILE -o BUNDLE.json|FILE.loom [options]\n\n"
     "Trains the weights and writes them as a bundle, which --weights reads. Prints the loss of each epoch, the mean over\n"
     "its mini-batches of --batch samples, each measured before the step that it leads to. The description's\n"
     "\"training\" says what the options do not (see 'loomc docs').\n\n"
     "Samples, the same numbers from every format:\n"
     "  --data FILE         x.json: {\"data\": [{\"input\": [...], \"target\": [...]}, ...]} or the list alone;\n"
     "                      x.csv: a sample a line, the input first, then the target; x.npy: an array of inputs, or of both.\n"
     "                      Where the network has several outputs, a target of one whole number is a class, from 0\n"
     "  --targets FILE      the targets, when --data (CSV or NPY) holds the inputs only\n"
     "  --data-format F     json, csv or npy, when name and content do not tell\n"
     "  --target COLUMNS    CSV: which columns are the target: last (default), first, or a list: 3,5-7,price (from 1)\n"
     "  --columns COLUMNS   CSV: which columns are the input (default: the others)\n"
     "  --separator C       CSV: a character, tab or space (default: the one of , ; tab | that the first line has most)\n"
     "  --header, --no-header  CSV: whether the first line names the columns (default: when it is not all numbers)\n"
     "  --scale X           multiplies the inputs; 1/255 divides them by 255\n"
     "  --split X           keeps this share of the samples back to try the network on, chosen by the seed\n"
     "  --validation FILE   samples to try it on; --validation-targets FILE their targets. With one of the two the weights\n"
     "                      of the epoch with the lowest validation loss are written\n\n"
     "Training:\n"
     "  --epochs N          how often all samples are seen (default 10)\n"
     "  --learning-rate X   size of the steps (default 0.01)\n"
     "  --loss L            mse, mae, huber, cross_entropy, cross_entropy_logits or binary_cross_entropy (default mse)\n"
     "  --optimizer O       sgd, momentum, nesterov, adam, adamw or rmsprop (default sgd)\n"
     "  --clip-norm X       longest that the gradient may be (default: no limit)\n"
     "  --no-shuffle        keep the order of the samples\n"
     "  --compile, --interpret  run the network as C that is built for it now, or in the interpreter: the same bits\n"
     "                      (default: C, where there is a compiler and enough to do)\n"
     "  --cc CC, --cflags FLAGS  the C compiler and its flags (default: cc, -O3 -march=native)\n"
     "  --patience N        end when N epochs brought no lower validation loss\n"
     "  --last              write the weights of the last epoch, not of the best\n\n"
     "Stopping and going on: SIGINT (Ctrl-C) or SIGTERM ends after the step, writes a checkpoint and exits with 130.\n"
     "  --checkpoint FILE   write weights, optimiser and progress after each epoch (default: BUNDLE.json.checkpoint,\n"
     "                      when interrupted only)\n"
     "  --checkpoint-every N   and after every N steps\n"
     "  --resume FILE       go on from a checkpoint; the bits are those of a training that was not interrupted\n\n"
     "Telling:\n"
     "  --json              print JSON, one line for each epoch and one at the end\n"
     "  --log FILE          write those lines to a file too\n"
     "  --curve FILE.svg    draw losses and accuracy\n"
     "  --dump lower        print the graph of one step\n" COMMON_HELP STORE_HELP},
    {"quantise", command_quantise, "find the ranges for integer arithmetic, and tell what it loses",
     "usage: loomc quantise NET.json [--data FILE] -o QUANTISED.json [options]\n\n"
     "Runs the network in float64 on samples and writes its description with the ranges of all layers (\"quantisation\"), so\n"
     "that compile --precision i8, i16 or i32 always gives the same code. Tells for each layer how far the integers are off,\n"
     "which layer loses most, and loss and right answers before and after.\n\n"
     "  --data FILE         samples, as 'loomc help train' says, with its options (--targets, --scale, --target, ...);\n"
     "                      without it random inputs, which only tell something of a network with random weights\n"
     "  --samples N         how many of them find the ranges (default 500)\n"
     "  --method M          minmax (default), percentile (leaves out the largest numbers) or mse (least squared error)\n"
     "  --percentile X      how many percent of the numbers stay (default 99.99)\n"
     "  --precision P       i8 (default), i16 or i32: what is compared; the ranges serve all\n"
     "  --weights FILE      bundle or .loom file with the weights\n"
     "  --curve FILE.svg    draw the signal-to-noise ratio of each layer\n"
     "  --json              print JSON\n"},
    {"gradcheck", command_gradcheck, "compare gradients with finite differences",
     "usage: loomc gradcheck NET.json [--loss L] [--runs N] [options]\n\n"
     "Computes the gradient of the loss by each weight and the input in float64, and by differences. Exit code 0 only\n"
     "when all agree within 1e-6.\n\n"
     "  --weights FILE      bundle with the weights (default: initialised from the seed)\n"
     "  --loss L            the loss (default: the description's)\n"
     "  --runs N            numbers to try in each tensor (default 3)\n"},
    {"verify", command_verify, "compile, build, run, and compare with the interpreter bit for bit",
     "usage: loomc verify NET.json [options]\n\n"
     "Exit code 0 only when every step gives the interpreter's bits.\n\n" COMMON_HELP
     "  --runs N            inputs to try (default 3)\n"
     "  --target T          native (default), wasm (in Node, with and without SIMD), or mcu (in QEMU, with --cpu)\n"
     "  --cc CC             the C compiler (default: cc; of wasm, clang; of mcu, the processor's gcc)\n"
     "  --cflags FLAGS      its flags (default: -O2)\n"
     "  --emulator COMMAND  runs the program, when it is built for another machine\n"
     "  --train             train on so many mini-batches, and compare losses, weights and the optimizer's memory\n"
     "  --trace             with --train, compare each step of the computation too\n"
     "  --loss L, --optimizer O, --learning-rate X, --clip-norm X: instead of the description's\n"
     "  --dispatch          try what compile --dispatch writes\n"
     "  --keep              keep the folder with the build\n"},
    {"report", command_report, "parameters, multiply-adds, flash, RAM, arena map",
     "usage: loomc report NET.json [--json] [options]\n\n" COMMON_HELP
     "  --target T, --cpu C for another machine than this\n"
     "  --measure           build it for --cpu, run it in QEMU, and tell code, stack and instructions of each step\n"
     "  --cc CC, --cflags FLAGS  to build that with (default: the processor's gcc, -Os)\n"
     "  --keep              keep the folder with that build\n"
     "  --max-flash BYTES, --max-ram BYTES  fail when weights or memory take more (64K, 1M), and tell what does\n"
     "  --train             of a network that trains: RAM and steps of the training too\n"},
    {"init", command_init, "write a bundle with freshly initialised weights",
     "usage: loomc init NET.json [-o BUNDLE.json|FILE.loom] [options]\n\n" COMMON_HELP STORE_HELP},
    {"convert", command_convert, "write a network with its weights in another format or storage type",
     "usage: loomc convert NET [-o BUNDLE.json|FILE.loom] [--to TYPE] [--scales S] [options]\n\n"
     "NET is a bundle (of the original too), a .loom file with its description, or a description. Reads the written file\n"
     "again and prints its size and the largest error of a weight, and of an output for one input.\n\n" COMMON_HELP STORE_HELP
     "  --json              print that as JSON\n"},
    {"docs", command_docs, "print the reference of the description format",
     "usage: loomc docs [-o FILE] [options]\n\nPrints the format reference, made from the layers' own tables, as Markdown.\n\n"
     "  --man               print the manual page of loomc instead\n"
     "  --completion SHELL  print what bash, zsh or fish needs to complete its command lines instead\n"},
};
const int n_commands = COUNT(commands);

static void print_usage(FILE *f)
{
    fprintf(f, "loomc " LOOMC_VERSION " - a compiler for neural networks: from a JSON description to C\n\n"
               "usage: loomc COMMAND [options]\n\n");
    for (int i = 0; i < COUNT(commands); i++)
        fprintf(f, "  %-9s  %s\n", commands[i].name, commands[i].line);
    fprintf(f, "\n'loomc help COMMAND' tells more. '-' stands for standard input or output.\n");
}

static const command *find_command(const char *name)
{
    for (int i = 0; i < COUNT(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* What the command line has wrong, and the nearest of the words (or all of them) that would be right. */
static void unknown_word(const char *what, const char *word, const char *words, const char *otherwise)
{
    arena a = {0};
    const char *near = nearest(&a, word, words);
    if (near)
        fprintf(stderr, "loomc: error: unknown %s '%s', did you mean '%s'?\n", what, word, near);
    else
        fprintf(stderr, "loomc: error: unknown %s '%s'%s\n", what, word, otherwise);
    arena_free(&a);
}

static int unknown_command(const char *name)
{
    arena a = {0};
    text names = {.arena = &a};
    for (int i = 0; i < COUNT(commands); i++)
        text_printf(&names, "%s%s", i ? "|" : "", commands[i].name);
    unknown_word("command", name, names.s, "; 'loomc --help' lists them");
    arena_free(&a);
    return 2;
}

static int help(const char *name)
{
    if (!name) {
        print_usage(stdout);
        return 0;
    }
    const command *c = find_command(name);
    if (!c)
        return unknown_command(name);
    fputs(c->help, stdout);
    return 0;
}

enum { OPT_INPUT = 256, OPT_WEIGHTS, OPT_PRECISION, OPT_TARGET, OPT_STANDALONE, OPT_JSON, OPT_WEIGHTS_FILE, OPT_TEMPLATES,
       OPT_DUMP, OPT_RUNS, OPT_CC, OPT_CFLAGS, OPT_EMULATOR, OPT_KEEP, OPT_TRACE, OPT_DISPATCH, OPT_DATA, OPT_EPOCHS,
       OPT_LEARNING_RATE, OPT_LOSS, OPT_OPTIMIZER, OPT_CLIP_NORM, OPT_NO_SHUFFLE, OPT_TRAIN, OPT_ABI,
       OPT_TO, OPT_SCALES, OPT_FORMAT,
       OPT_TARGETS, OPT_DATA_FORMAT, OPT_COLUMNS,
       OPT_SEPARATOR, OPT_HEADER, OPT_NO_HEADER, OPT_SCALE, OPT_SPLIT, OPT_VALIDATION, OPT_VALIDATION_TARGETS, OPT_PATIENCE,
       OPT_LAST, OPT_CHECKPOINT, OPT_CHECKPOINT_EVERY, OPT_RESUME, OPT_LOG, OPT_CURVE,
       OPT_INTERPRET, OPT_COMPILE, OPT_CPU, OPT_MAX_FLASH, OPT_MAX_RAM, OPT_BOARD, OPT_MEASURE, OPT_BINDINGS, OPT_IO,
       OPT_METHOD, OPT_PERCENTILE, OPT_SAMPLES, OPT_STORE, OPT_ID, OPT_MAN, OPT_COMPLETION, OPT_BATCH };

const struct option long_options[] = {
    {"input", required_argument, 0, OPT_INPUT},           {"weights", required_argument, 0, OPT_WEIGHTS},
    {"precision", required_argument, 0, OPT_PRECISION},   {"target", required_argument, 0, OPT_TARGET},
    {"standalone", no_argument, 0, OPT_STANDALONE},       {"json", no_argument, 0, OPT_JSON},
    {"weights-file", no_argument, 0, OPT_WEIGHTS_FILE},   {"templates", required_argument, 0, OPT_TEMPLATES},
    {"dump", required_argument, 0, OPT_DUMP},             {"runs", required_argument, 0, OPT_RUNS},
    {"cc", required_argument, 0, OPT_CC},                 {"cflags", required_argument, 0, OPT_CFLAGS},
    {"emulator", required_argument, 0, OPT_EMULATOR},
    {"keep", no_argument, 0, OPT_KEEP},                   {"trace", no_argument, 0, OPT_TRACE},
    {"dispatch", no_argument, 0, OPT_DISPATCH},           {"no-shuffle", no_argument, 0, OPT_NO_SHUFFLE},
    {"data", required_argument, 0, OPT_DATA},             {"epochs", required_argument, 0, OPT_EPOCHS},
    {"learning-rate", required_argument, 0, OPT_LEARNING_RATE}, {"loss", required_argument, 0, OPT_LOSS},
    {"optimizer", required_argument, 0, OPT_OPTIMIZER},   {"clip-norm", required_argument, 0, OPT_CLIP_NORM},
    {"train", no_argument, 0, OPT_TRAIN},                 {"abi", no_argument, 0, OPT_ABI},
    {"to", required_argument, 0, OPT_TO},                 {"scales", required_argument, 0, OPT_SCALES},
    {"format", required_argument, 0, OPT_FORMAT},
    {"targets", required_argument, 0, OPT_TARGETS},       {"data-format", required_argument, 0, OPT_DATA_FORMAT},
    {"columns", required_argument, 0, OPT_COLUMNS},       {"separator", required_argument, 0, OPT_SEPARATOR},
    {"header", no_argument, 0, OPT_HEADER},               {"no-header", no_argument, 0, OPT_NO_HEADER},
    {"scale", required_argument, 0, OPT_SCALE},           {"split", required_argument, 0, OPT_SPLIT},
    {"validation", required_argument, 0, OPT_VALIDATION}, {"validation-targets", required_argument, 0, OPT_VALIDATION_TARGETS},
    {"patience", required_argument, 0, OPT_PATIENCE},     {"last", no_argument, 0, OPT_LAST},
    {"checkpoint", required_argument, 0, OPT_CHECKPOINT}, {"checkpoint-every", required_argument, 0, OPT_CHECKPOINT_EVERY},
    {"resume", required_argument, 0, OPT_RESUME},         {"log", required_argument, 0, OPT_LOG},
    {"curve", required_argument, 0, OPT_CURVE},           {"interpret", no_argument, 0, OPT_INTERPRET},
    {"compile", no_argument, 0, OPT_COMPILE},             {"cpu", required_argument, 0, OPT_CPU},
    {"io", required_argument, 0, OPT_IO},                 {"method", required_argument, 0, OPT_METHOD},
    {"store", required_argument, 0, OPT_STORE},
    {"percentile", required_argument, 0, OPT_PERCENTILE}, {"samples", required_argument, 0, OPT_SAMPLES},
    {"max-flash", required_argument, 0, OPT_MAX_FLASH},   {"max-ram", required_argument, 0, OPT_MAX_RAM},
    {"board", no_argument, 0, OPT_BOARD},                 {"measure", no_argument, 0, OPT_MEASURE},
    {"bindings", required_argument, 0, OPT_BINDINGS},     {"id", required_argument, 0, OPT_ID},
    {"man", no_argument, 0, OPT_MAN},                     {"completion", required_argument, 0, OPT_COMPLETION},
    {"batch", required_argument, 0, OPT_BATCH},
    {"output", required_argument, 0, 'o'},                {"help", no_argument, 0, 'h'},
    {0, 0, 0, 0}};

/* The words that options take. */
#define PRECISIONS "f32|f64|i8|i16|i32"
#define TYPES "float64|float32|int32|int16|int8"
#define SCALES "tensor|channel|original"
#define FORMATS "bundle|binary"
#define LOSSES "mse|mae|huber|cross_entropy|cross_entropy_logits|binary_cross_entropy|gradient"
#define OPTIMIZERS "sgd|momentum|nesterov|adam|adamw|rmsprop"
#define DATA_FORMATS "json|csv|npy"
#define STAGES "lower|quantise|fold|broadcast|dead|fuse|pad|update|schedule|plan"

const char *option_words(session *s, const command *c, const char *option)
{
    static const struct { const char *option, *words; } fixed[] = {
        {"precision", PRECISIONS}, {"to", TYPES}, {"scales", SCALES}, {"format", FORMATS}, {"loss", LOSSES},
        {"optimizer", OPTIMIZERS}, {"data-format", DATA_FORMATS}, {"dump", STAGES}, {"completion", SHELLS}};
    for (int i = 0; i < COUNT(fixed); i++)
        if (strcmp(option, fixed[i].option) == 0)
            return fixed[i].words;
    if (strcmp(option, "target") == 0 && c->run != command_train)
        return kind_names(&s->arena, "target");
    if (strcmp(option, "cpu") == 0)
        return target_cpus(s);
    return strcmp(option, "bindings") == 0 ? kind_names(&s->arena, "binding") : NULL;
}

static bool set_precision(options *o, const char *word)
{
    for (int p = 0; p < I64; p++)
        if (strcmp(word, precision_names[p]) == 0) {
            o->precision = (precision)p;
            o->has_precision = true;
            return true;
        }
    unknown_word("precision", word, PRECISIONS, ", expected f32, f64, i8, i16 or i32");
    return false;
}

static bool set_store(options *o, const char *word)
{
    o->store = precision_of(word);
    if (o->store == I8 || o->store == I16)
        return true;
    unknown_word("type of stored weights", word, "i8|i16|int8|int16", ", expected i8 or i16");
    return false;
}

static bool set_io(options *o, const char *word)
{
    o->reals = strcmp(word, "float") == 0;
    if (o->reals || strcmp(word, "int") == 0)
        return true;
    unknown_word("kind of input and output", word, "float|int", ", expected float or int");
    return false;
}

static bool set_count(int *out, const char *name, const char *word)
{
    char *end;
    long n = strtol(word, &end, 10);
    *out = n >= 1 && n <= 1000000 ? (int)n : 0;
    if (*out && end != word && !*end)
        return true;
    fprintf(stderr, "loomc: error: %s must be a number from 1 to 1000000, not '%s'\n", name, word);
    return false;
}

static bool set_positive(double *out, const char *name, const char *word)
{
    char *end;
    *out = strtod(word, &end);
    if (*out > 0 && *out <= 1e30 && end != word && !*end)
        return true;
    fprintf(stderr, "loomc: error: %s must be a number above 0, not '%s'\n", name, word);
    return false;
}

/* Is it one of the words of a '|'-separated list? */
static bool is_word(const char *word, size_t n, const char *words)
{
    for (const char *p = words; *p;) {
        size_t len = strcspn(p, "|");
        if (len == n && memcmp(p, word, n) == 0)
            return true;
        p += len + (p[len] == '|');
    }
    return false;
}

static bool set_word(const char **out, const char *what, const char *word, const char *words)
{
    *out = word;
    if (is_word(word, strlen(word), words))
        return true;
    unknown_word(what, word, words, "; the help lists them");
    return false;
}

static bool set_storage(options *o, const char *word)
{
    static const struct { const char *word; int type; } types[] = {
        {"float64", LOOM_F64}, {"f64", LOOM_F64}, {"float32", LOOM_F32}, {"f32", LOOM_F32}, {"int32", LOOM_I32}, {"i32", LOOM_I32},
        {"int16", LOOM_I16}, {"i16", LOOM_I16}, {"int8", LOOM_I8}, {"i8", LOOM_I8}};
    for (int i = 0; i < COUNT(types); i++)
        if (strcmp(word, types[i].word) == 0) {
            o->to = types[i].type;
            return true;
        }
    unknown_word("type", word, TYPES, ", expected float64, float32, int32, int16 or int8");
    return false;
}

static bool set_scales(options *o, const char *word)
{
    static const char *const words[] = {"tensor", "channel", "original"};
    for (int i = 0; i < COUNT(words); i++)
        if (strcmp(word, words[i]) == 0) {
            o->scales = (store_scales)i;
            return true;
        }
    unknown_word("kind of scales", word, SCALES, ", expected tensor, channel or original");
    return false;
}

static bool set_format(options *o, const char *word)
{
    o->format = word;
    if (strcmp(word, "bundle") == 0 || strcmp(word, "binary") == 0)
        return true;
    unknown_word("format", word, FORMATS, ", expected bundle or binary");
    return false;
}

/* Is it the name of a target, or of a binding? */
static bool check_kind(const char *kind, const char *word, size_t n)
{
    arena a = {0};
    const char *names = kind_names(&a, kind);
    bool known = is_word(word, n, names);
    if (!known)
        unknown_word(kind, arena_strndup(&a, word, n), names, arena_printf(&a, ", expected one of %s", names));
    arena_free(&a);
    return known;
}

/* A folder of targets/; of 'train', the columns of the target. */
static bool set_target(options *o, const char *word)
{
    if (strcmp(o->command, "train") == 0 || strcmp(o->command, "quantise") == 0) {
        o->learn.target_columns = word;
        return true;
    }
    o->target = word;
    return check_kind("target", word, strlen(word));
}

/* Folders of templates/bindings/, with commas between. */
static bool set_bindings(options *o, const char *words)
{
    o->bindings = words;
    o->abi = true;
    for (const char *p = words;; p++) {
        size_t n = strcspn(p, ",");
        if (!check_kind("binding", p, n))
            return false;
        p += n;
        if (!*p)
            return true;
    }
}

/* "65536", "64K" or "1M". */
static bool set_bytes(int64_t *out, const char *name, const char *word)
{
    char *end;
    long long n = *word >= '0' && *word <= '9' ? strtoll(word, &end, 10) : 0;
    int64_t unit = n <= 0 ? 0 : *end == 'K' || *end == 'k' ? 1024 : *end == 'M' || *end == 'm' ? 1048576 : *end ? 0 : 1;
    *out = n <= (1 << 30) ? n * unit : 0;
    if (*out > 0 && (unit == 1 || !end[1]))
        return true;
    fprintf(stderr, "loomc: error: %s must be a number of bytes such as 65536, 64K or 1M, not '%s'\n", name, word);
    return false;
}

/* "0.5", or "1/255", which divides. */
static bool set_scale(train_options *o, const char *word)
{
    char *end;
    double up = strtod(word, &end), down = end > word && *end == '/' && end[1] ? strtod(end + 1, &end) : 1;
    o->multiply = up == 1 ? 0 : up;
    o->divide = down == 1 ? 0 : down;
    if (up > 0 && up <= 1e30 && down > 0 && down <= 1e30 && end != word && !*end)
        return true;
    fprintf(stderr, "loomc: error: --scale must be a number above 0, or a quotient such as 1/255, not '%s'\n", word);
    return false;
}

static bool set_percentile(train_options *o, const char *word)
{
    char *end;
    o->percentile = strtod(word, &end);
    if (*word && !*end && o->percentile > 50 && o->percentile <= 100)
        return true;
    fprintf(stderr, "loomc: error: --percentile takes more than 50 and at most 100, not '%s'\n", word);
    return false;
}

static bool set_split(train_options *o, const char *word)
{
    if (!set_positive(&o->split, "--split", word))
        return false;
    if (o->split < 1)
        return true;
    fprintf(stderr, "loomc: error: --split must be a share between 0 and 1, not '%s'\n", word);
    return false;
}

static bool set_separator(train_options *o, const char *word)
{
    o->separator = word;
    if (strcmp(word, "tab") == 0 || strcmp(word, "space") == 0 || (word[0] && !word[1] && strchr(",;|:\t !$%&*/<=>?@^_~", word[0])))
        return true;
    fprintf(stderr, "loomc: error: --separator must be a character such as ',' or ';', tab or space, not '%s'\n", word);
    return false;
}

static bool set_dump(options *o, const char *word)
{
    o->dump = word;
    if (is_word(word, strlen(word), STAGES))
        return true;
    unknown_word("stage", word, STAGES, ", see 'loomc help compile'");
    return false;
}

/* What getopt does not take: `k` says why, the word itself stands before optind. */
static bool bad_option(char **argv, int k)
{
    if (k == ':') {
        fprintf(stderr, "loomc: error: the option '%s' needs a value\n", argv[optind - 1]);
        return false;
    }
    char letter[3] = {'-', (char)optopt, 0};
    bool is_long = strncmp(argv[optind - 1], "--", 2) == 0;
    arena a = {0};
    text names = {.arena = &a};
    for (const struct option *l = long_options; l->name; l++)
        text_printf(&names, "%s--%s", l == long_options ? "" : "|", l->name);
    if (is_long && optopt) /* known, but has no value */
        fprintf(stderr, "loomc: error: the option '%s' takes no value\n", argv[optind - 1]);
    else
        unknown_word("option", is_long ? argv[optind - 1] : letter, names.s, "");
    arena_free(&a);
    return false;
}

static bool set_train_option(train_options *o, int c)
{
    switch (c) {
    case OPT_TARGETS: o->targets = optarg; return true;
    case OPT_DATA_FORMAT: return set_word(&o->format, "format", optarg, DATA_FORMATS);
    case OPT_COLUMNS: o->columns = optarg; return true;
    case OPT_SEPARATOR: return set_separator(o, optarg);
    case OPT_HEADER: o->header = 1; return true;
    case OPT_NO_HEADER: o->header = -1; return true;
    case OPT_SCALE: return set_scale(o, optarg);
    case OPT_SPLIT: return set_split(o, optarg);
    case OPT_VALIDATION: o->validation = optarg; return true;
    case OPT_VALIDATION_TARGETS: o->validation_targets = optarg; return true;
    case OPT_PATIENCE: return set_count(&o->patience, "--patience", optarg);
    case OPT_LAST: return o->last = true;
    case OPT_CHECKPOINT: o->checkpoint = optarg; return true;
    case OPT_CHECKPOINT_EVERY: return set_count(&o->checkpoint_every, "--checkpoint-every", optarg);
    case OPT_RESUME: o->resume = optarg; return true;
    case OPT_LOG: o->log = optarg; return true;
    case OPT_CURVE: o->curve = optarg; return true;
    case OPT_METHOD: return set_word(&o->method, "method", optarg, "minmax|percentile|mse");
    case OPT_PERCENTILE: return set_percentile(o, optarg);
    case OPT_SAMPLES: return set_count(&o->samples, "--samples", optarg);
    case OPT_INTERPRET: return o->interpret = true;
    case OPT_COMPILE: return o->compile = true;
    default: return false;
    }
}

static bool set_option(options *o, int c)
{
    switch (c) {
    case 'o': o->out = optarg; return true;
    case OPT_INPUT: o->input = optarg; return true;
    case OPT_WEIGHTS: o->weights = optarg; return true;
    case OPT_PRECISION: return set_precision(o, optarg);
    case OPT_BATCH: return set_count(&o->batch, "--batch", optarg);
    case OPT_TARGET: return set_target(o, optarg);
    case OPT_CPU: o->cpu = optarg; return true;
    case OPT_IO: return set_io(o, optarg);
    case OPT_STORE: return set_store(o, optarg);
    case OPT_MAX_FLASH: return set_bytes(&o->max_flash, "--max-flash", optarg);
    case OPT_MAX_RAM: return set_bytes(&o->max_ram, "--max-ram", optarg);
    case OPT_BOARD: return o->board = true;
    case OPT_MEASURE: return o->measure = true;
    case OPT_STANDALONE: return o->standalone = true;
    case OPT_JSON: return o->json = true;
    case OPT_WEIGHTS_FILE: return o->weights_file = true;
    case OPT_TEMPLATES: o->templates = optarg; return true;
    case OPT_DUMP: return set_dump(o, optarg);
    case OPT_CC: o->cc = optarg; return true;
    case OPT_CFLAGS: o->cflags = optarg; return true;
    case OPT_EMULATOR: o->emulator = optarg; return true;
    case OPT_KEEP: return o->keep = true;
    case OPT_TRACE: return o->trace = true;
    case OPT_DISPATCH: return o->dispatch = true;
    case OPT_RUNS: return set_count(&o->runs, "--runs", optarg);
    case OPT_DATA: o->data = optarg; return true;
    case OPT_EPOCHS: return set_count(&o->epochs, "--epochs", optarg);
    case OPT_LEARNING_RATE: return set_positive(&o->learning_rate, "--learning-rate", optarg);
    case OPT_CLIP_NORM: return set_positive(&o->clip_norm, "--clip-norm", optarg);
    case OPT_LOSS:
        return set_word(&o->loss, "loss", optarg, LOSSES);
    case OPT_OPTIMIZER: return set_word(&o->optimizer, "optimizer", optarg, OPTIMIZERS);
    case OPT_TRAIN: return o->train = true;
    case OPT_ABI: return o->abi = true;
    case OPT_BINDINGS: return set_bindings(o, optarg);
    case OPT_MAN: return o->man = true;
    case OPT_COMPLETION: return set_word(&o->completion, "shell", optarg, SHELLS);
    case OPT_ID: o->id = optarg; return true;
    case OPT_TO: return set_storage(o, optarg);
    case OPT_SCALES: return set_scales(o, optarg);
    case OPT_FORMAT: return set_format(o, optarg);
    case OPT_NO_SHUFFLE: return o->no_shuffle = true;
    default: return set_train_option(&o->learn, c);
    }
}

/* Runs the command; every allocation that fails comes back here. */
static int run(const command *c, const options *o)
{
    const char *fail = getenv("LOOMC_FAIL_ALLOC"); /* for the tests: this allocation fails, and all after it */
    memory_fails = fail ? strtol(fail, NULL, 10) : 0;
    static session s; /* not on the stack: it must keep its value over the jump */
    jmp_buf no_memory;
    s = (session){.diags = {.sink = stderr}, .opt = o};
    s.arena.out_of_memory = &no_memory;
    volatile int code = 2;
    if (setjmp(no_memory) == 0)
        code = o->target && !target_read(&s) ? 1 : c->run(&s);
    else
        fprintf(stderr, "loomc: out of memory\n");
    arena_free(&s.arena);
    return code;
}

static int tell_more(const command *c)
{
    fprintf(stderr, "'loomc help %s' tells more\n", c->name);
    return 2;
}

static bool read_options(options *o, int argc, char **argv)
{
    optind = 2;
    opterr = 0;
    for (int k; (k = getopt_long(argc, argv, ":o:h", long_options, NULL)) != -1;) {
        if (k == 'h')
            o->help = true;
        else if (k == '?' || k == ':' ? !bad_option(argv, k) : !set_option(o, k))
            return false;
    }
    return true;
}

/* Options of 'train' that ask for another one. */
static bool check_train(const options *o)
{
    const train_options *t = &o->learn;
    const char *wrong = !o->data ? "'train' needs --data and a file with the samples"
        : !o->out ? "'train' needs -o and a name for the bundle with the trained weights"
        : t->validation && t->split > 0 ? "--validation and --split exclude each other"
        : t->validation_targets && !t->validation ? "--validation-targets goes with --validation"
        : t->compile && t->interpret ? "--compile and --interpret exclude each other"
        : t->patience && !t->validation && t->split == 0 ? "--patience needs --validation or --split, which tell what is better"
        : t->checkpoint_every && !t->checkpoint && !t->resume ? "--checkpoint-every needs --checkpoint and the name of a file" : NULL;
    if (wrong)
        fprintf(stderr, "loomc: error: %s\n", wrong);
    return !wrong;
}

/* The words that are no options: one description, for the commands that take one. */
static bool check_arguments(const command *c, options *o, int n, char **words)
{
    int takes = c->run == command_docs ? 0 : 1;
    if (n > takes) {
        fprintf(stderr, "loomc: error: unexpected '%s'; %s\n", words[takes],
                takes ? "one network at a time" : "the command takes no file");
        return false;
    }
    if (n < takes) {
        fprintf(stderr, "loomc: error: '%s' needs the file of a network\n", c->name);
        return false;
    }
    o->net = takes ? words[0] : NULL;
    if (c->run == command_run && !o->input)
        fprintf(stderr, "loomc: error: 'run' needs --input and a file with the input\n");
    else if (o->store && o->train)
        fprintf(stderr, "loomc: error: weights that change cannot be stored as integers; leave out --store or --train\n");
    else if (o->abi && o->weights_file)
        fprintf(stderr, "loomc: error: %s needs the weights as C; leave out --weights-file\n", o->bindings ? "--bindings" : "--abi");
    else if (c->run == command_quantise && !o->out)
        fprintf(stderr, "loomc: error: 'quantise' needs -o and a name for the description with the ranges\n");
    else
        return c->run != command_train || check_train(o);
    return false;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    if (strcmp(argv[1], "--version") == 0) {
        puts("loomc " LOOMC_VERSION);
        return 0;
    }
    const command *c = find_command(argv[1]);
    if (!c)
        return unknown_command(argv[1]);
    options o = {.command = argv[1], .runs = 3};
    if (!read_options(&o, argc, argv))
        return tell_more(c);
    if (o.help)
        return help(c->name);
    if (!check_arguments(c, &o, argc - optind, argv + optind))
        return tell_more(c);
    if (c->run == command_compile && !o.out)
        o.out = ".";
    if (o.cpu && !o.target)
        o.target = "mcu"; /* the target whose processors have names */
    if (c->run == command_run)
        o.reals = true;
    if (c->run == command_verify)
        o.verify = o.standalone = true;
    return run(c, &o);
}
