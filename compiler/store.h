/* store.h - a network with its weights as a file: what store.c and bundle.c share. */
#ifndef LOOMC_STORE_H
#define LOOMC_STORE_H

#include "loomc.h"

/* How a network with its weights becomes a file. */
typedef struct storage {
    int type;              /* a loom_type; 0: the network's own precision */
    store_scales scales;
    bool binary;           /* runtime/FILES.md, else a bundle */
} storage;

/* `file` has the same weights as `how` says; NULL for decimal text and the original's scales. */
text bundle_text(session *s, const graph *g, const storage *how, const loom_file *file);

/* ---- store.c: a network with its weights as a file */
storage storage_of(const options *o);
/* The file as it will lie on the disk. False after an error. */
bool model_bytes(session *s, const graph *g, const storage *how, source *out);

#endif
