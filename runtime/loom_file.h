/* loom_file.h - numbers as bytes, lowest first, their checksum, and what storage types are: what loom_file.c is written with. C99, C++. */
#ifndef LOOM_FILE_H
#define LOOM_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "loom.h"

static inline uint64_t get_uint(const unsigned char *p, int n)
{
    uint64_t v = 0;
    for (int i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static inline void put_uint(unsigned char *p, int n, uint64_t v)
{
    for (int i = 0; i < n; i++, v >>= 8)
        p[i] = (unsigned char)(v & 255);
}

typedef union bits32 {
    float f;
    uint32_t u;
} bits32;

typedef union bits64 {
    double f;
    uint64_t u;
} bits64;

static inline float get_f32(const unsigned char *p)
{
    bits32 b;
    b.u = (uint32_t)get_uint(p, 4);
    return b.f;
}

static inline double get_f64(const unsigned char *p)
{
    bits64 b;
    b.u = get_uint(p, 8);
    return b.f;
}

static inline uint64_t f64_bits(double v)
{
    bits64 b;
    b.f = v;
    return b.u;
}

static inline uint32_t f32_bits(float v)
{
    bits32 b;
    b.f = v;
    return b.u;
}

static inline int64_t get_int(const unsigned char *p, int n)
{
    uint64_t v = get_uint(p, n), sign = (uint64_t)1 << (8 * n - 1);
    return v & sign ? -(int64_t)((sign << 1) - v) : (int64_t)v;
}

/* CRC-32 as in zlib and PNG; `crc` starts as 0. */
static inline uint32_t crc32_of(uint32_t crc, const unsigned char *p, size_t n)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                       0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc = crc >> 4 ^ table[(crc ^ p[i]) & 15];
        crc = crc >> 4 ^ table[(crc ^ (uint32_t)(p[i] >> 4)) & 15];
    }
    return ~crc;
}

/* ---- types ---- */

static inline int type_size(int type)
{
    return type == LOOM_F64 ? 8 : type == LOOM_F32 || type == LOOM_I32 ? 4 : type == LOOM_I16 ? 2 : type == LOOM_I8 ? 1 : 0;
}

static inline int is_real(int type) { return type == LOOM_F32 || type == LOOM_F64; }

static inline int is_weight(int role) { return role == LOOM_PARAM || role == LOOM_FROZEN; }

static inline int is_finite(double v) { return v - v == 0; }

/* Scales of 8 and 16 bits are binary32, those of 32 bits are binary64. */
static inline int scale_size(int type) { return type == LOOM_I32 ? 8 : 4; }

static inline double largest_code(int type) { return type == LOOM_I8 ? 127.0 : type == LOOM_I16 ? 32767.0 : 2147483647.0; }

#endif
