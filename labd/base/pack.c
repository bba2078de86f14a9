#include "labd/base/pack.h"

#include "labd/base/mem.h"

#include <stdint.h>
#define ZLIB_CONST
#include <zlib.h>

#define STEP (64u << 10)

void pack(const void *data, size_t n, struct buf *out)
{
    uLongf len = compressBound(n);

    buf_reserve(out, len);
    /* It can fail by lack of memory only, which ends the program everywhere else, too. */
    if (compress2((Bytef *)out->data + out->len, &len, data, n, Z_BEST_COMPRESSION) != Z_OK)
        abort();
    out->len += len;
    out->data[out->len] = '\0';
}

static void end_inflate(z_stream *z)
{
    inflateEnd(z);
}

int unpack(const void *data, size_t n, size_t max, struct buf *out, struct err *e)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(end_inflate) z_stream z = {.next_in = data, .avail_in = (uInt)n};
    int rc = Z_OK;

    if (n > UINT32_MAX)
        return err_set(e, ERR_CAPACITY, "packed data of more than 4 GiB");
    if (inflateInit(&z) != Z_OK)
        abort();
    while (rc == Z_OK && b.len <= max) {
        buf_reserve(&b, STEP);
        z.next_out = (Bytef *)b.data + b.len;
        z.avail_out = STEP;
        rc = inflate(&z, Z_NO_FLUSH);
        b.len += STEP - z.avail_out;
    }
    if (b.len > max)
        return err_set(e, ERR_CAPACITY, "packed data of more than %zu bytes", max);
    if (rc != Z_STREAM_END)
        return err_set(e, ERR_INVALID, "packed data is damaged");
    buf_add(out, b.data, b.len);
    return 0;
}
