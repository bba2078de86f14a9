#include "labd/site/seed.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

int seeds_open(struct site *s, struct err *e)
{
    uint8_t fresh[STORE_SECRET_LEN];

    randombytes_buf(fresh, sizeof fresh);
    return store_secret(s->store, "parameters", fresh, s->seed_key, e);
}

/* With its length before it, so that no two lists of fields are the same bytes. */
static void add_field(crypto_generichash_state *h, const char *text)
{
    size_t n = strlen(text);
    const uint8_t len[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

    crypto_generichash_update(h, len, sizeof len);
    crypto_generichash_update(h, (const uint8_t *)text, n);
}

static void add_number(crypto_generichash_state *h, int64_t v)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)v);
    add_field(h, text);
}

void seed_of_user(const struct site *s, int64_t inst, int64_t user, const char *exercise, unsigned attempt,
                  struct topo_seed *out)
{
    crypto_generichash_state h;

    crypto_generichash_init(&h, s->seed_key, sizeof s->seed_key, sizeof out->key);
    add_number(&h, inst);
    add_number(&h, user);
    add_field(&h, exercise);
    add_number(&h, attempt);
    crypto_generichash_final(&h, out->key, sizeof out->key);
}
