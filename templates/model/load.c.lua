
/* A weights file: "LOOMWTS1", hash of the description (8 bytes), count of numbers (8), bytes of one number (4),
 * checksum (4, CRC-32 of the numbers), then the numbers; all little-endian. */
static uint64_t $(id)_get(const unsigned char *p, int bytes)
{
    uint64_t v = 0;
    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static uint32_t $(id)_crc32(const unsigned char *p, size_t n)
{
    uint32_t c = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++)
            c = c & 1u ? c >> 1 ^ 0xedb88320u : c >> 1;
    }
    return ~c;
}

int $(id)_load(struct $(id)_weights *to, const void *bytes, size_t n)
{
    const unsigned char *p = (const unsigned char *)bytes;
    const char *magic = "LOOMWTS1";
    const size_t count = $(weights_size), real = sizeof($(real));
    if (n < 32)
        return LOOM_E_FORMAT;
    for (int i = 0; i < 8; i++)
        if (p[i] != (unsigned char)magic[i])
            return LOOM_E_FORMAT;
    if ($(id)_get(p + 8, 8) != 0x$(hash)u || $(id)_get(p + 16, 8) != count || $(id)_get(p + 24, 4) != real)
        return LOOM_E_MISMATCH;
    if (n != 32 + count * real)
        return LOOM_E_FORMAT;
    if ($(id)_crc32(p + 32, count * real) != $(id)_get(p + 28, 4))
        return LOOM_E_CHECKSUM;
    $(real) *out = ($(real) *)(void *)to;
    for (size_t i = 0; i < count; i++) {
        union { $(real) value; uint$(real_size * 8)_t bits; } u;
        u.bits = (uint$(real_size * 8)_t)$(id)_get(p + 32 + i * real, $(real_size));
        out[i] = u.value;
    }
    return LOOM_OK;
}

