/* One network in two precisions: prints what each makes of four inputs; the exit code is 0 when both have learned xor. */
#include <stdio.h>

#include "gate.h"
#include "gate64.h"

int main(void)
{
    static struct gate single;
    static struct gate64 twice;
    int wrong = 0;
    gate_init(&single);
    gate64_init(&twice);
    for (int i = 0; i < 4; i++) {
        const float x[2] = {(float)(i / 2), (float)(i % 2)};
        const double x64[2] = {i / 2, i % 2};
        float y;
        double y64;
        gate_forward(&single, x, &y);
        gate64_forward(&twice, x64, &y64);
        printf("%d xor %d: %.9g %.17g\n", i / 2, i % 2, (double)y, y64);
        int expected = i == 1 || i == 2;
        wrong += (y > 0.5f) != expected || (y64 > 0.5) != expected;
    }
    return wrong != 0;
}
