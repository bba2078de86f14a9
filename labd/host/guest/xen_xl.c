/* What xl says when it fails. */
#include "labd/host/guest/xen_int.h"

#include <string.h>

/* xl explains itself on many lines; the first of an "error: " is the cause, the others what followed from it.
 * libxl's begin with source file, line, function and domain, which mean nothing to who reads them. */
void xen_xl_error(const char *verb, const struct proc_result *r, struct err *e)
{
    static const char mark[] = "error: ";
    const char *text = buf_str(&r->err), *said = strstr(text, mark);

    said = said != NULL ? said + strlen(mark) : text;
    size_t len = strcspn(said, "\n");
    const char *domain = memmem(said, len, ":Domain ", strlen(":Domain "));
    if (domain != NULL) {
        len -= (size_t)(domain + 1 - said);
        said = domain + 1;
    }
    if (len == 0)
        err_set(e, ERR_TOOL, "xl %s ended with status %d and said nothing", verb, r->status);
    else
        err_set(e, ERR_TOOL, "xl %s: %.*s", verb, (int)len, said);
}
