/*
 * A generated model as a shared library with one name for everything, so that
 * the harness can load several of them. Compile with -DHEADER='"lenet.h"'
 * -DSTRUCT=lenet -DINIT=lenet_init -DFORWARD=lenet_forward.
 */
#include HEADER

static struct STRUCT net;

void bench_init(void);
void bench_run(const float *input, float *output);

void bench_init(void)
{
    INIT(&net);
}

void bench_run(const float *input, float *output)
{
    FORWARD(&net, input, output);
}
