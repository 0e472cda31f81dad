/* A weights file loads; cut short at any place, or with any byte of its head changed, it is refused. */
#include <stdio.h>
#include <stdlib.h>

#include "lenet.h"

static struct lenet_weights weights;
static struct lenet net;
static float input[LENET_INPUT_SIZE], output[LENET_OUTPUT_SIZE];

int main(int argc, char **argv)
{
    FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
    size_t room = sizeof weights + 4096;
    unsigned char *bytes = malloc(room);
    if (!f || !bytes)
        return 2;
    size_t n = fread(bytes, 1, room, f);
    fclose(f);
    if (lenet_load(&weights, bytes, n) != 0)
        return 3;
    lenet_init(&net, &weights);
    if (lenet_forward(&net, input, output) != 0)
        return 4;
    for (size_t cut = 0; cut < n; cut += cut < 64 ? 1 : 4099)
        if (lenet_load(&weights, bytes, cut) >= 0)
            return 5;
    for (size_t i = 0; i < 64; i++) {
        bytes[i] ^= 0x10;
        if (lenet_load(&weights, bytes, n) >= 0) {
            printf("byte %zu\n", i);
            return 6;
        }
        bytes[i] ^= 0x10;
    }
    int good = lenet_load(&weights, bytes, n) == 0;
    free(bytes);
    return good ? 0 : 7;
}
