/* The seed of a lab's parameters, and what is drawn from it.  Used by topo_parameter.c, and to make seeds
 * by labd and labctl.
 *
 * A seed is a secret key: who knows it knows all values.  A draw is libsodium's generichash (BLAKE2b, RFC
 * 7693) of the parameter's name and a counter under that key, so it depends on nothing else: not on the
 * order of the file, nor on other parameters. */
#ifndef TOPOLOGY_TOPO_SEED_H
#define TOPOLOGY_TOPO_SEED_H

#include <stdint.h>

#define TOPO_SEED_SIZE 32
#define TOPO_SEED_ID_SIZE 17 /* 16 hexadecimal digits and a NUL */
#define TOPO_SEED_NUMBER 1u  /* where there is no student: "labctl validate" */

struct topo_seed {
    uint8_t key[TOPO_SEED_SIZE];
};

/* The seed that people call 'n': the generichash of "paralab seed N", N in decimal.  No secret. */
void topo_seed_number(struct topo_seed *s, uint32_t n);

/* What may be told of the seed: equal for equal seeds, and nobody computes values from it. */
void topo_seed_id(const struct topo_seed *s, char out[TOPO_SEED_ID_SIZE]);

/* A number from 0 to 'n' - 1, each as likely as any other; 'n' > 0. */
unsigned __int128 topo_seed_draw(const struct topo_seed *s, const char *name, unsigned __int128 n);

#endif
