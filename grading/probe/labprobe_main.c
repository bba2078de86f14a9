/* labprobe: makes the observations that grading rests on.  Run by labhost as root, one process per
 * probe.run: resolved spec (JSON, grading/probe.h) on stdin, result on stdout, one line on stderr and
 * status 1 if it could not be done.
 *
 * Everything that needs privilege - entering the references' network namespaces, configuring them,
 * raw and packet sockets - happens before the first packet is read.  Packets are hostile, so they are
 * sent and parsed as nobody, without capabilities, with a short list of system calls. */
#include "grading/probe/drop.h"
#include "grading/probe/engine.h"
#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, size_t max, struct buf *out, struct err *e)
{
    char chunk[8192];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, "read the probe spec");
        buf_add(out, chunk, (size_t)n);
        if (out->len > max)
            return err_set(e, ERR_CAPACITY, "the probe spec is longer than %zu bytes", max);
    }
    return 0;
}

static int write_all(int fd, const char *p, size_t n, struct err *e)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return err_sys(e, "write the result");
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

static void decrefp(json_t **j)
{
    json_decref(*j);
}

static struct probe_spec *spec_read(struct err *e)
{
    AUTO(buf_clear) struct buf in = BUF_INIT;
    AUTO(decrefp) json_t *j = NULL;
    json_error_t je;

    if (read_all(STDIN_FILENO, PROBE_SPEC_BYTES_MAX, &in, e) < 0)
        return NULL;
    if ((j = json_loadb(buf_str(&in), in.len, JSON_REJECT_DUPLICATES, &je)) == NULL)
        return err_set(e, ERR_INVALID, "the probe spec is not JSON: %s", je.text), NULL;
    return probe_spec_from_json(j, true, e);
}

static int result_write(const struct probe_result *r, struct err *e)
{
    AUTO(decrefp) json_t *j = probe_result_to_json(r);
    AUTO(mem_freep) char *text = json_dumps(j, JSON_COMPACT);

    if (text == NULL)
        return err_set(e, ERR_INTERNAL, "the result can not be written as JSON");
    return write_all(STDOUT_FILENO, text, strlen(text), e);
}

static int probe(struct err *e)
{
    AUTO(probe_spec_freep) struct probe_spec *spec = spec_read(e);
    AUTO(probe_result_freep) struct probe_result *result = NULL;
    AUTO(engine_close) struct engine en = {.epoll = -1};

    if (spec == NULL || engine_open(&en, spec, e) < 0 || drop_privileges(e) < 0 || engine_run(&en, e) < 0)
        return -1;
    result = engine_result(&en);
    return result_write(result, e);
}

int main(void)
{
    struct err e = {0};

    if (probe(&e) < 0) {
        fprintf(stderr, "labprobe: %s\n", e.msg);
        return 1;
    }
    return 0;
}
