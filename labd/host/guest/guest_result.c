#include "labd/host/guest/guest_result.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void marker_path(const char *dir, char *out)
{
    snprintf(out, PATH_MAX, "%s/booted", dir);
}

/* "failed N\n" with 1 <= N <= 255; returns the length of the line or 0. */
static size_t failed_line(const char *text, size_t n, int *status)
{
    static const char word[] = "failed ";
    size_t i = sizeof word - 1;
    int value = 0;

    if (n < i || memcmp(text, word, i) != 0)
        return 0;
    for (; i < n && text[i] >= '0' && text[i] <= '9' && value <= 255; i++)
        value = value * 10 + (text[i] - '0');
    if (i == sizeof word - 1 || i == n || text[i] != '\n' || value < 1 || value > 255)
        return 0;
    *status = value;
    return i + 1;
}

int guest_result_parse(const char *text, size_t n, struct guest_result *out, struct err *e)
{
    int status = 0;
    size_t head = n >= 3 && memcmp(text, "ok\n", 3) == 0 ? 3 : failed_line(text, n, &status);

    if (head == 0)
        return err_set(e, ERR_PROTOCOL,
                       "the guest's init ended without saying whether its startup script worked");
    out->status = status;
    out->output = text + head;
    out->n = n - head < GUEST_OUTPUT_MAX ? n - head : GUEST_OUTPUT_MAX;
    return 0;
}

int guest_result_err(const struct guest_result *r, struct err *e)
{
    if (r->status == 0)
        return 0;
    return err_set(e, ERR_TOOL, "the startup script ended with status %d", r->status);
}

int guest_result_save(const char *dir, const char *text, size_t n, struct err *e)
{
    char path[PATH_MAX], tmp[PATH_MAX];

    /* Renamed but not synced: the folder is on a tmpfs, and gone with the guests after a power cut. */
    marker_path(dir, path);
    if (snprintf(tmp, sizeof tmp, "%s.new", path) >= (int)sizeof tmp)
        return err_set(e, ERR_INVALID, "path %s is too long", path);
    FILE *f = fopen(tmp, "we");
    if (f == NULL)
        return err_sys(e, "create %s", tmp);
    bool ok = fwrite(text, 1, n, f) == n;
    if (fclose(f) != 0 || !ok || rename(tmp, path) < 0)
        return err_sys(e, "write %s", path);
    return 0;
}

int guest_result_load(const char *dir, struct buf *text, struct err *e)
{
    char path[PATH_MAX];

    marker_path(dir, path);
    return file_read(path, GUEST_RESULT_MAX, text, e);
}

bool guest_result_exists(const char *dir)
{
    char path[PATH_MAX];

    marker_path(dir, path);
    return file_exists(path);
}

int guest_result_remove(const char *dir, struct err *e)
{
    char path[PATH_MAX];

    marker_path(dir, path);
    if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
        return err_sys(e, "remove %s", path);
    return 0;
}
