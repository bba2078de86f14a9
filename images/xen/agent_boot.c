#include "images/xen/agent_boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

void boot_parse(const char *text, size_t n, struct boot_report *out)
{
    const char *end = memchr(text, '\n', n);
    size_t line = end == NULL ? 0 : (size_t)(end - text);
    size_t digits = 0;

    *out = (struct boot_report){.outcome = "failed 126"};
    if (line == 2 && memcmp(text, "ok", 2) == 0) {
        memcpy(out->outcome, "ok", 3);
    } else {
        while (line > 7 + digits && text[7 + digits] >= '0' && text[7 + digits] <= '9')
            digits++;
        if (digits < 1 || digits > 3 || line != 7 + digits || memcmp(text, "failed ", 7) != 0)
            return;
        memcpy(out->outcome, text, line);
        out->outcome[line] = '\0';
    }
    out->output = end + 1;
    out->noutput = n - line - 1;
}

size_t boot_wait(const char *path, char *out, size_t max)
{
    size_t n = 0;
    ssize_t k;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    while (flock(fd, LOCK_SH) < 0 && errno == EINTR)
        ;
    while (n < max && (k = read(fd, out + n, max - n)) > 0)
        n += (size_t)k;
    close(fd);
    return n;
}
