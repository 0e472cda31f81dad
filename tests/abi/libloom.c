/* libloom.c - stands where a program of compiled models registers them. */
#include "check.h"

int register_models(void) { return 0; }
