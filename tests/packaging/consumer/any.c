/* Any network, with libloom. */
#include <stdio.h>

#include "loom.h"

int main(void)
{
    const char *made = CreateLoomNetwork("{\"layers\": [{\"type\": \"dense\", \"input_size\": 2, \"output_size\": 1}]}");
    int bad = made[2] == 'e';
    printf("%s\n", made);
    FreeLoomString(made);
    return bad || loom_abi() != LOOM_ABI;
}
