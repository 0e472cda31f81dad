/* loom_heap.c - instances in memory from the heap. */
#include "loom.h"

#include <stdlib.h>

enum { ALIGN = 64 };

int loom_instance_new(const loom_model *m, void **instance)
{
    if (!m || !instance)
        return LOOM_E_ARGUMENT;
    *instance = NULL;
    if (m->abi != LOOM_ABI)
        return LOOM_E_ABI;
    if (m->instance_size > SIZE_MAX - 2 * ALIGN)
        return LOOM_E_MEMORY;
    char *block = (char *)malloc(m->instance_size + 2 * ALIGN);
    if (!block)
        return LOOM_E_MEMORY;
    /* The block's address stands before the instance. */
    char *at = block + ALIGN + (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    ((void **)(void *)at)[-1] = block;
    int status = loom_instance_init(m, at, m->instance_size);
    if (status < 0)
        free(block);
    else
        *instance = at;
    return status;
}

void loom_instance_free(const loom_model *m, void *instance)
{
    if (!m || !instance)
        return;
    loom_instance_end(m, instance);
    free(((void **)instance)[-1]);
}
