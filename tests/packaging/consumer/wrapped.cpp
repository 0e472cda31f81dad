// The wrapper of --bindings cpp.
#include "wide.hpp"

int main()
{
    loom::models::Wide net;
    const loom::models::Wide::inputs x = {1, 0};
    return net(x)[0] > 0.5f ? 0 : 1;
}
