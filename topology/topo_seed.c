#include "topology/topo_seed.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void topo_seed_number(struct topo_seed *s, uint32_t n)
{
    char text[32];
    int len = snprintf(text, sizeof text, "paralab seed %u", n);

    crypto_generichash(s->key, sizeof s->key, (const unsigned char *)text, (unsigned long long)len, NULL, 0);
}

/* 128 bits for the given name and counter. */
static unsigned __int128 hash(const struct topo_seed *s, const char *name, uint32_t counter)
{
    const uint8_t tail[4] = {(uint8_t)(counter >> 24), (uint8_t)(counter >> 16), (uint8_t)(counter >> 8),
                             (uint8_t)counter};
    crypto_generichash_state h;
    uint8_t out[16];
    unsigned __int128 v = 0;

    crypto_generichash_init(&h, s->key, sizeof s->key, sizeof out);
    crypto_generichash_update(&h, (const uint8_t *)name, strlen(name) + 1); /* the NUL ends the name */
    crypto_generichash_update(&h, tail, sizeof tail);
    crypto_generichash_final(&h, out, sizeof out);
    for (size_t i = 0; i < sizeof out; i++)
        v = v << 8 | out[i];
    return v;
}

void topo_seed_id(const struct topo_seed *s, char out[TOPO_SEED_ID_SIZE])
{
    /* No parameter has an empty name, so no draw is this one. */
    snprintf(out, TOPO_SEED_ID_SIZE, "%016llx", (unsigned long long)(hash(s, "", 0) >> 64));
}

unsigned __int128 topo_seed_draw(const struct topo_seed *s, const char *name, unsigned __int128 n)
{
    /* The remainder of 2^128 by 'n': the lowest so many numbers are refused, so that what is left is a
     * multiple of 'n'. */
    const unsigned __int128 refused = -n % n;
    unsigned __int128 v;
    uint32_t counter = 0;

    do
        v = hash(s, name, counter++);
    while (v < refused);
    return v % n;
}
