/* What the bound is there for: an input that says how much memory it wants.  Not a fuzzer; run.sh runs it once
 * with little and once with much. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is a number of MiB in decimal. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[16] = "";
    void *volatile p; /* or the compiler leaves it out */

    memcpy(text, data, size < sizeof text - 1 ? size : sizeof text - 1);
    p = malloc((size_t)strtoul(text, NULL, 10) << 20);
    free(p);
    return p == NULL;
}
