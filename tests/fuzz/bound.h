/* A bound on what an input may cost in memory.  bound.c is linked into every fuzzer. */
#ifndef TESTS_FUZZ_BOUND_H
#define TESTS_FUZZ_BOUND_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes may be in use at once while this input is worked on: a constant, and a multiple of 'size'.
 * bound.c has one for all; a fuzzer whose language lets few bytes ask for much has its own. */
size_t fuzz_bound(const uint8_t *data, size_t size);

#endif
