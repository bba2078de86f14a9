#include "labd/host/console/console_ring.h"

#include "labd/base/mem.h"

#include <string.h>

/* Byte 'offset' lives at data[offset % cap]. */
static void put(struct ring *r, uint64_t offset, const char *data, size_t n)
{
    size_t at = (size_t)(offset & (r->cap - 1));
    size_t first = n < r->cap - at ? n : r->cap - at;

    memcpy(r->data + at, data, first);
    memcpy(r->data, data + first, n - first);
}

static void grow(struct ring *r, size_t held)
{
    size_t cap = r->cap ? r->cap : 4096;

    while (cap < held && cap < RING_MAX)
        cap *= 2;
    if (cap == r->cap)
        return;
    struct ring bigger = {.data = xcalloc(cap, 1), .cap = cap, .start = r->start, .end = r->end};
    for (uint64_t o = r->start; o < r->end;) {
        size_t n;
        const char *p = ring_at(r, o, &n);
        put(&bigger, o, p, n);
        o += n;
    }
    free(r->data);
    *r = bigger;
}

void ring_add(struct ring *r, const char *data, size_t n)
{
    if (n > RING_MAX) {
        r->end += n - RING_MAX;
        data += n - RING_MAX;
        n = RING_MAX;
        r->start = r->end;
    }
    grow(r, (size_t)(r->end - r->start) + n);
    put(r, r->end, data, n);
    r->end += n;
    if (r->end - r->start > r->cap)
        r->start = r->end - r->cap;
}

const char *ring_at(const struct ring *r, uint64_t offset, size_t *n)
{
    if (offset >= r->end || r->cap == 0) {
        *n = 0;
        return NULL;
    }
    size_t at = (size_t)(offset & (r->cap - 1));
    size_t left = (size_t)(r->end - offset);
    *n = left < r->cap - at ? left : r->cap - at;
    return r->data + at;
}

void ring_clear(struct ring *r)
{
    free(r->data);
    *r = (struct ring){0};
}
