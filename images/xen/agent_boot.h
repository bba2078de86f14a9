/* What a boot has come to, for the host. */
#ifndef IMAGES_XEN_AGENT_BOOT_H
#define IMAGES_XEN_AGENT_BOOT_H

#include <stddef.h>

/* What lab-init reports: "ok" or "failed STATUS", a newline, and what the startup script printed. */
struct boot_report {
    char outcome[16];   /* without the newline; "failed 126" for what is no report */
    const char *output; /* in the text */
    size_t noutput;
};

/* Pure. */
void boot_parse(const char *text, size_t n, struct boot_report *out);

/* Waits until lab-init has written its report into the file 'path' and let go of it, and reads up to 'max'
 * bytes of it.  Returns their number, 0 if there is none. */
size_t boot_wait(const char *path, char *out, size_t max);

#endif
