/* Stops a fuzzer when an input takes more memory than bound.h allows.
 *
 * libFuzzer's own limit is one for all inputs, so a hundred bytes that take a hundred megabytes go unnoticed.
 * Here the sanitizer's hooks count what is in use.  The linker puts this between libFuzzer and the fuzzer
 * (--wrap), so that no fuzzer can forget it. */
#include "tests/fuzz/bound.h"

#include <sanitizer/allocator_interface.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((weak)) size_t fuzz_bound(const uint8_t *data, size_t size)
{
    (void)data;
    return (16 << 20) + size * 512; /* a schema that is read once is in the constant */
}

int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t limit; /* 0: not in an input */
static size_t in_use, input;
static size_t most; /* of all inputs */

static void on_malloc(const volatile void *p, size_t n)
{
    (void)p;
    if (limit == 0)
        return;
    in_use += n;
    most = in_use > most ? in_use : most;
    if (in_use <= limit)
        return;
    limit = 0; /* what follows is the report's */
    fprintf(stderr, "bound: %zu bytes are in use for an input of %zu\n", in_use, input);
    abort();
}

/* What was there before the input counts for nothing. */
static void on_free(const volatile void *p)
{
    size_t n = limit != 0 && p != NULL ? __sanitizer_get_allocated_size(p) : 0;

    in_use -= n < in_use ? n : in_use;
}

static void report(void)
{
    fprintf(stderr, "bound: at most %zu KiB were in use\n", most >> 10);
}

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool installed;
    int rc;

    if (!installed) {
        __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
        atexit(report);
    }
    installed = true;
    in_use = 0;
    input = size;
    limit = fuzz_bound(data, size);
    rc = __real_LLVMFuzzerTestOneInput(data, size);
    limit = 0;
    return rc;
}
