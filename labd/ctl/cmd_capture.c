/* labctl capture: the packets of a wire, live, as pcapng. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/base/name.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_pcapng.h"
#include "labd/ctl/ctl_stream.h"
#include "labd/ctl/ctl_ws.h"

#include <curl/curl.h>
#include <string.h>
#include <unistd.h>

struct capture {
    struct pcapng pcapng;
    const char *file; /* NULL: standard output */
    FILE *to;         /* NULL until something is to be written: a refused capture leaves no empty file */
    int rc;           /* -1: 'e' says why it ended */
    struct err e;
};

static void message(struct ctl_stream *s, bool text, const uint8_t *data, size_t n)
{
    struct capture *cap = s->arg;
    AUTO(buf_clear) struct buf out = BUF_INIT;

    if (text || n < 1 || data[0] != 'o')
        return;
    cap->rc = pcapng_feed(&cap->pcapng, data + 1, n - 1, &out, &cap->e);
    if (out.len > 0 && cap->to == NULL)
        cap->to = fopen(cap->file, "we");
    if (out.len > 0 &&
        (cap->to == NULL || fwrite(out.data, 1, out.len, cap->to) != out.len || fflush(cap->to) == EOF))
        cap->rc = err_sys(&cap->e, "write %s", cap->file != NULL ? cap->file : "the capture");
    s->done = cap->rc < 0;
}

/* "NODE:IF", or "LINK", which is its end a, or "LINK:a", "LINK:b". */
static int port_of(const char *arg, char *port, size_t size, struct err *e)
{
    const char *colon = strchr(arg, ':');
    size_t n = colon != NULL ? (size_t)(colon - arg) : strlen(arg);
    char name[NAME_SIZE] = "";

    if (n >= sizeof name)
        return err_set(e, ERR_INVALID, "'%s' names no link and no interface", arg);
    memcpy(name, arg, n);
    if (name_check(name, "link or node", e) < 0)
        return -1;
    if (colon != NULL && strcmp(colon, ":a") != 0 && strcmp(colon, ":b") != 0 && !ifname_ok(colon + 1))
        return err_set(e, ERR_INVALID, "'%s' is no interface name", colon + 1);
    snprintf(port, size, "%s%s", arg, colon == NULL ? ":a" : "");
    return 0;
}

static char *path_of(const struct ctl *c, const char *id, const char *port)
{
    AUTO(buf_clear) struct buf filter = BUF_INIT;

    for (int i = 2; i < c->nargs; i++)
        buf_printf(&filter, "%s%s", i > 2 ? " " : "", c->args[i]);
    char *p = curl_easy_escape(NULL, port, 0), *f = curl_easy_escape(NULL, buf_str(&filter), (int)filter.len);
    char *path = filter.len > 0 ? xasprintf("/api/v1/labs/%s/capture?port=%s&filter=%s", id, p, f)
                                : xasprintf("/api/v1/labs/%s/capture?port=%s", id, p);
    curl_free(p);
    curl_free(f);
    return path;
}

int cmd_capture(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE], port[NAME_SIZE + IFNAME_SIZE + 2];
    const char *file = c->flag[FLAG_WRITE];
    bool to_file = file != NULL && strcmp(file, "-") != 0;
    struct capture cap = {.file = to_file ? file : NULL, .to = to_file ? NULL : c->out};
    struct ctl_stream s = {.in = -1, .message = message, .arg = &cap};

    if (port_of(c->args[1], port, sizeof port, e) < 0)
        return -1;
    if (!to_file && isatty(fileno(c->out)) == 1)
        return err_set(e, ERR_INVALID,
                       "packets are nothing for a terminal: give -w FILE, or pipe them to tcpdump -r -");
    if (ctl_lab_find(c, c->args[0], id, e) < 0)
        return -1;
    AUTO(mem_freep) char *path = path_of(c, id, port);
    s.ws = ctl_ws_open(c->http, path, e);
    if (s.ws == NULL)
        return -1;
    pcapng_init(&cap.pcapng, port);
    ctl_signals_catch();
    int rc = ctl_stream_run(&s, e);
    if (cap.rc < 0)
        rc = err_set(e, cap.e.code, "%s", cap.e.msg);
    ctl_ws_finish(s.ws);
    ctl_ws_free(s.ws);
    pcapng_clear(&cap.pcapng);
    if (to_file && cap.to != NULL && fclose(cap.to) == EOF && rc >= 0)
        rc = err_sys(e, "write %s", file);
    return rc < 0 ? -1 : 0;
}
