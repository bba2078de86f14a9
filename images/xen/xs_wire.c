/* The protocol is in Xen's public/io/xs_wire.h: a header of four 32-bit numbers and a payload, in the
 * machine's byte order; a write's payload is the path, a NUL and the value. */
#include "images/xen/xs_wire.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define XS_WRITE 11
#define XS_ERROR 16
#define VALUE_MAX 2048

struct message {
    struct {
        uint32_t type, request, transaction, length;
    } head;
    char payload[256 + VALUE_MAX];
};

/* The kernel hands an answer over in pieces, the header first. */
static int read_all(int fd, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = read(fd, (char *)to + got, n - got);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        got += (size_t)k;
    }
    return 0;
}

int xs_wire_write(int fd, const char *path, const void *value, size_t n)
{
    struct message m = {.head.type = XS_WRITE};
    size_t npath = strlen(path) + 1;

    if (npath > sizeof(m.payload) - VALUE_MAX || n > VALUE_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(m.payload, path, npath);
    memcpy(m.payload + npath, value, n);
    m.head.length = (uint32_t)(npath + n);
    size_t whole = sizeof(m.head) + npath + n;
    if (write(fd, &m, whole) != (ssize_t)whole)
        return -1;
    if (read_all(fd, &m.head, sizeof(m.head)) < 0 || m.head.length > sizeof(m.payload) ||
        read_all(fd, m.payload, m.head.length) < 0 || m.head.type == XS_ERROR) {
        errno = EIO;
        return -1;
    }
    return 0;
}
