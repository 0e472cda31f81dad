/* sha256.h - SHA-256 (FIPS 180-4), without a library: what all that the networks compute goes through. */
#ifndef SHA256_H
#define SHA256_H

#include <stdint.h>

typedef struct sha256 {
    uint32_t state[8];
    uint8_t block[64];
    uint64_t bytes; /* so far */
} sha256;

void sha256_start(sha256 *s);
void sha256_byte(sha256 *s, uint8_t byte);

/* Writes the digest as 64 hexadecimal digits and a zero. */
void sha256_end(sha256 *s, char text[65]);

#endif
