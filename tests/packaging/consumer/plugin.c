/* A model that is loaded while the program runs. */
#include <dlfcn.h>
#include <string.h>

#include "loom.h"

int main(int argc, char **argv)
{
    typedef const loom_model *model_fn(void);
    typedef int forward_fn(const loom_model *, void *, const void *, size_t, void *, size_t);
    typedef int new_fn(const loom_model *, void **);
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL, *symbols[3], *instance;
    model_fn *find;
    forward_fn *forward;
    new_fn *make;
    const float x[2] = {0, 1};
    float y = 0;
    if (!library)
        return 1;
    symbols[0] = dlsym(library, "module_model");
    symbols[1] = dlsym(library, "loom_forward");
    symbols[2] = dlsym(library, "loom_instance_new");
    if (!symbols[0] || !symbols[1] || !symbols[2] || dlsym(library, "module_forward") || dlsym(library, "loom_json_get"))
        return 2; /* the interface and the model, nothing else */
    memcpy(&find, &symbols[0], sizeof find);
    memcpy(&forward, &symbols[1], sizeof forward);
    memcpy(&make, &symbols[2], sizeof make);
    return make(find(), &instance) != LOOM_OK || forward(find(), instance, x, 2, &y, 1) != LOOM_OK || !(y > 0.5f);
}
