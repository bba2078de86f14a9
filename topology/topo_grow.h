/* Arrays of the model grow by one zeroed element at a time.  Used inside topology/ only.
 *
 * The capacity is not stored: it is the next power of two, so growing happens when the length is one. */
#ifndef TOPOLOGY_TOPO_GROW_H
#define TOPOLOGY_TOPO_GROW_H

#include "labd/base/mem.h"

#include <string.h>

/* Appends a zeroed element to 'array' of '*n' elements of 'size' bytes; returns the array, which may
 * have moved. */
static inline void *topo_grow(void *array, size_t *n, size_t size)
{
    if ((*n & (*n - 1)) == 0) /* 0, 1, 2, 4, ... */
        array = xrealloc(array, *n == 0 ? 1 : *n * 2, size);
    memset((char *)array + *n * size, 0, size);
    ++*n;
    return array;
}

/* The new last element of the array 'ptr' of 'n' elements. */
#define TOPO_PUSH(ptr, n) ((ptr) = topo_grow((ptr), &(n), sizeof *(ptr)), &(ptr)[(n)-1])

#endif
