/* The last bytes that a console printed, addressed by their offset since its beginning.  Used by
 * labconsole. */
#ifndef HOST_CONSOLE_RING_H
#define HOST_CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>

#define RING_MAX (256u << 10) /* bytes kept; the memory grows with use up to this */

struct ring {
    char *data;
    size_t cap;     /* a power of two, or 0 */
    uint64_t start; /* offset of the oldest byte held */
    uint64_t end;   /* offset behind the newest */
};

void ring_add(struct ring *r, const char *data, size_t n); /* the oldest bytes give way */
/* The longest run of bytes in one piece from 'offset' (start <= offset <= end) on; '*n' is 0 at the end. */
const char *ring_at(const struct ring *r, uint64_t offset, size_t *n);
void ring_clear(struct ring *r);

#endif
