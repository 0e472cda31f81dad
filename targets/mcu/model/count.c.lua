/* count.c - a plugin for QEMU: instructions that the guest executed, each time that one of its addresses was reached.
 *
 *     qemu-system-... -plugin file=./count.so,mark=0xADDRESS
 *
 * writes a line for each time to marks.txt. QEMU's header is not needed: what is used of it is declared here. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void on_block(uint64_t id, struct qemu_plugin_tb *block);
typedef void on_call(unsigned cpu, void *data);
typedef void on_exit_fn(uint64_t id, void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, on_block *f);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation, void *p, uint64_t n);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, on_call *f, int registers, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, on_exit_fn *f, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#define VISIBLE __attribute__((visibility("default")))
VISIBLE int qemu_plugin_version = 1;

static uint64_t count, mark, reached[4096];
static int n_reached;

static void at_mark(unsigned cpu, void *data)
{
    (void)cpu;
    (void)data;
    if (n_reached < (int)(sizeof reached / sizeof *reached))
        reached[n_reached++] = count;
}

static void translated(uint64_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        if (qemu_plugin_insn_vaddr(insn) == mark)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_mark, 0, NULL);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, 0, &count, 1);
    }
}

static void finished(uint64_t id, void *data)
{
    (void)id;
    (void)data;
    FILE *f = fopen("marks.txt", "w");
    for (int i = 0; f && i < n_reached; i++)
        fprintf(f, "%llu\n", (unsigned long long)reached[i]);
    if (f)
        fclose(f);
}

VISIBLE int qemu_plugin_install(uint64_t id, const qemu_info_t *info, int argc, char **argv);
VISIBLE int qemu_plugin_install(uint64_t id, const qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], "mark=", 5) == 0)
            mark = strtoull(argv[i] + 5, NULL, 0);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
