/* kernel.h - compiles the reference kernels of an op once per precision.
 *
 * An op's file defines KERNEL_FILE and includes this after its own #ifndef REAL; the part under #else is
 * then compiled with REAL = float and with REAL = double. R(f) is the name of f in that precision:
 * R(matmul) is matmul_f32 or matmul_f64, and R(loom_exp) the right function of loom_math.h. Kernels are
 * naive on purpose: they say what the op means, in which order it sums, and nothing else. */
#define REAL float
#define R(name) name##_f32
#include KERNEL_FILE
#undef REAL
#undef R
#define REAL double
#define R(name) name##_f64
#include KERNEL_FILE
#undef REAL
#undef R

/* For .eval */
#define KERNELS(name) {name##_f32, name##_f64}
