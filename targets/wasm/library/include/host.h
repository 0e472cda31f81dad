/* host.h - what JavaScript (runtime/bindings/typescript/src/library.mts) does for the module. */
#ifndef LOOM_HOST_H
#define LOOM_HOST_H

#define LOOM_HOST(name) __attribute__((import_module("host"), import_name(name)))

/* Calls body(arg); 0 when host_unwind was called in it with the same `tag`, else 1. */
LOOM_HOST("protect") int host_protect(void (*body)(void *arg), void *arg, void *tag);
LOOM_HOST("unwind") _Noreturn void host_unwind(void *tag);

/* Milliseconds since some moment. */
LOOM_HOST("now") double host_now(void);

#endif
