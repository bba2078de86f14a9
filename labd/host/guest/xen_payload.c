/* What makes a guest a certain node: a small cpio archive behind the shared initramfs.  The kernel unpacks both
 * (Documentation/driver-api/early-userspace/buffer-format.rst), stage 1 of images/xen puts it in place. */
#include "labd/host/guest/xen_int.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define RANDOM_BYTES 64u

static la_ssize_t append(struct archive *a, void *out, const void *data, size_t n)
{
    (void)a;
    buf_add(out, data, n);
    return (la_ssize_t)n;
}

static int put(struct archive *a, const char *path, mode_t mode, const char *text, size_t n, struct err *e)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, path);
    archive_entry_set_mode(entry, mode);
    archive_entry_set_size(entry, (la_int64_t)n);
    int rc = archive_write_header(a, entry);
    archive_entry_free(entry);
    if (rc != ARCHIVE_OK || (n > 0 && archive_write_data(a, text, n) != (la_ssize_t)n))
        return err_set(e, ERR_INTERNAL, "file %s does not fit into the guest's archive", path);
    return 0;
}

/* Folders above 'path', once each: the kernel makes none by itself. */
static int put_parents(struct archive *a, const char *path, struct names *made, struct err *e)
{
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        AUTO(mem_freep) char *dir = xstrndup(path, (size_t)(slash - path));
        size_t before = made->n;
        names_add(made, dir);
        if (made->n > before && put(a, dir, S_IFDIR | 0755, NULL, 0, e) < 0)
            return -1;
    }
    return 0;
}

static int put_file(struct archive *a, struct names *made, const char *path, mode_t mode, const char *text,
                    size_t n, struct err *e)
{
    return put_parents(a, path, made, e) < 0 ? -1 : put(a, path, S_IFREG | mode, text, n, e);
}

static int put_all(struct archive *a, const struct plan_node *n, struct names *made, struct err *e)
{
    AUTO(buf_clear) struct buf ifaces = BUF_INIT;
    AUTO(mem_freep) char *hostname = xasprintf("%s\n", n->name);
    char random[RANDOM_BYTES];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return err_sys(e, "get random bytes");
    for (size_t i = 0; i < n->nifaces; i++)
        buf_printf(&ifaces, "%s %s\n", n->ifaces[i].name, n->ifaces[i].mac);
    if (put_file(a, made, "lab/hostname", 0644, hostname, strlen(hostname), e) < 0 ||
        put_file(a, made, "lab/interfaces", 0644, buf_str(&ifaces), ifaces.len, e) < 0 ||
        put_file(a, made, "lab/random", 0600, random, sizeof random, e) < 0)
        return -1;
    if (n->startup != NULL && put_file(a, made, "lab/startup", 0700, n->startup, strlen(n->startup), e) < 0)
        return -1;
    for (size_t i = 0; i < n->nfiles; i++) {
        const struct plan_file *f = &n->files[i];
        if (f->path[0] != '/' || strstr(f->path, "/../") != NULL)
            return err_set(e, ERR_INVALID, "file %.80s is not an absolute path inside the node", f->path);
        AUTO(mem_freep) char *path = xasprintf("lab/seed%s", f->path);
        if (put_file(a, made, path, f->mode & 07777, f->content, strlen(f->content), e) < 0)
            return -1;
    }
    return 0;
}

int xen_payload(const struct plan_node *n, struct buf *out, struct err *e)
{
    AUTO(names_clear) struct names made = {0};
    AUTO(buf_clear) struct buf archive = BUF_INIT;

    struct archive *a = archive_write_new();
    if (a == NULL)
        return err_set(e, ERR_CAPACITY, "no memory for the guest's archive");
    int rc = -1;
    if (archive_write_set_format_cpio_newc(a) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(a, 0) != ARCHIVE_OK ||
        archive_write_open(a, &archive, NULL, append, NULL) != ARCHIVE_OK)
        err_set(e, ERR_INTERNAL, "make the guest's archive: %s", archive_error_string(a));
    else if (put_all(a, n, &made, e) == 0)
        rc = archive_write_close(a) == ARCHIVE_OK ? 0 : err_set(e, ERR_INTERNAL, "end the guest's archive");
    archive_write_free(a);
    if (rc == 0)
        buf_add(out, archive.data, archive.len);
    return rc;
}
