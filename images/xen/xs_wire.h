/* Writing to xenstore without its library, which only glibc can link: for stage 1, when something fails. */
#ifndef IMAGES_XEN_XS_WIRE_H
#define IMAGES_XEN_XS_WIRE_H

#include <stddef.h>

/* Writes 'n' bytes (at most 2048) to 'path', relative to the domain's own.  Returns 0 or -1 with errno. */
int xs_wire_write(int fd, const char *path, const void *value, size_t n);

#endif
