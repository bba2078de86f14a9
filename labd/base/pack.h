/* Compressed bytes (zlib, RFC 1950).  Used by labd for what is kept for long and read seldom. */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include "labd/base/buf.h"
#include "labd/base/err.h"

/* Appends the 'n' bytes of 'data', compressed, to 'out'. */
void pack(const void *data, size_t n, struct buf *out);
/* Appends what was packed into the 'n' bytes of 'data' to 'out'.  Does not trust them: ERR_INVALID if they are damaged,
 * ERR_CAPACITY if more than 'max' bytes would come out, which are not made then; 'out' is as before. */
int unpack(const void *data, size_t n, size_t max, struct buf *out, struct err *e) MUST_CHECK;

#endif
