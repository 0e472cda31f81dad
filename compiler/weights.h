/* weights.h - where the weights of a network come from: bundles and binary files (weights.c). */
#ifndef LOOMC_WEIGHTS_H
#define LOOMC_WEIGHTS_H

#include "loomc.h"

#define PRODUCER "loom-c" /* "producer" in bundles of ours: without it they have the original's meaning */
bool network_weights(session *s, network *net, const source *src); /* from a bundle or a binary file */
bool is_bundle(const json *root);
bool is_producer(const json *root);
/* The entry of a bundle's models with this id, or the id as it was written; the only one also without. NULL: the first. */
const json *bundle_model(session *s, const json *root, const char *id, const char *written);
bool attach_weights(session *s, network *net, const json *model);
bool is_binary(const source *src);                               /* does it start as a binary file does? */
const loom_file *binary_open(session *s, const source *src);     /* NULL after an error */
void attach_binary(session *s, network *net, const loom_file *f, const source *src);
/* The values of a parameter, zeros after an error, which is reported. False when the network was given no weights. */
bool weight_read(session *s, const layer *l, const char *key, const char *alias, const char *name, precision p, const shape *sh,
                 void *out);
bool weights_check(session *s, const graph *g);                  /* has the file weights that the network has not? */
const char *dtype_word(int type);                                /* "int8" for LOOM_I8 */
double original_scale(int type);                                 /* what the original multiplies with; 1 for real types */

#endif
