/* What labctl takes from a server: event streams, captures, the answer to an upgrade, texts for the
 * terminal; and an author's scripts, of which it makes mutants.  The first byte decides which.  Streams are fed in two halves, cut where the second byte says,
 * and have to give what they give in one piece. */
#include "labd/base/mem.h"
#include "labd/ctl/ctl_mutant.h"
#include "labd/ctl/ctl_pcapng.h"
#include "labd/ctl/ctl_sse.h"
#include "labd/ctl/ctl_text.h"
#include "labd/ctl/ctl_ws.h"
#include "topology/topo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fuzz_ctl: %s\n", what);
    abort();
}

static bool note(const char *event, const char *data, void *arg)
{
    buf_printf(arg, "%s\n%s\n", event, data);
    return true;
}

static int events(const uint8_t *data, size_t n, size_t cut, struct buf *out)
{
    AUTO(sse_clear) struct sse s = SSE_INIT;
    struct err e;
    int rc = sse_feed(&s, (const char *)data, cut, note, out, &e);

    return rc < 0 ? rc : sse_feed(&s, (const char *)data + cut, n - cut, note, out, &e);
}

static int packets(const uint8_t *data, size_t n, size_t cut, struct buf *out)
{
    struct pcapng p;
    struct err e;

    pcapng_init(&p, "r1:eth0");
    int rc = pcapng_feed(&p, data, cut, out, &e);
    if (rc == 0)
        rc = pcapng_feed(&p, data + cut, n - cut, out, &e);
    pcapng_clear(&p);
    return rc;
}

static void both_ways(int (*feed)(const uint8_t *, size_t, size_t, struct buf *), const uint8_t *data,
                      size_t n, size_t cut)
{
    AUTO(buf_clear) struct buf whole = BUF_INIT, halves = BUF_INIT;
    int a = feed(data, n, n, &whole), b = feed(data, n, cut, &halves);

    require(a == b, "a cut stream ends otherwise");
    require(a < 0 || (whole.len == halves.len && memcmp(buf_str(&whole), buf_str(&halves), whole.len) == 0),
            "a cut stream gives something else");
}

static void head(const uint8_t *data, size_t n)
{
    struct err e = {0};
    long length = -1;
    int rc = ws_check_head((const char *)data, n, "dGhlIHNhbXBsZSBub25jZQ==", &length, &e);

    require(rc == 0 || rc == -1 || (rc >= 100 && rc <= 599), "a status that is none");
    require(rc >= 0 || e.code == ERR_PROTOCOL, "no sentence");
    require(length >= -1, "a negative length");
}

static void text(const uint8_t *data, size_t n)
{
    AUTO(mem_freep) char *safe = text_safe((const char *)data, n);
    AUTO(mem_freep) char *again = text_safe(safe, strlen(safe));

    require(strcmp(safe, again) == 0, "a safe text is not safe");
    for (const char *p = safe; *p != '\0'; p++)
        require((unsigned char)*p >= 0x20 && *p != 0x7f, "a control character");
}

/* Each is the script with one other piece of text in it. */
static void mutants(const uint8_t *data, size_t n)
{
    static char r1[] = "r1", eth0[] = "eth0", eth1[] = "eth1";
    static struct topo_iface ifaces[] = {{.name = eth0}, {.name = eth1}};
    static const struct topo_node node = {.name = r1, .ifaces = ifaces, .nifaces = 2};
    AUTO(mem_freep) char *script = xstrndup((const char *)data, n);
    AUTO(mutants_clear) struct mutants m = {0};
    struct err e = {0};

    require(mutants_add(&m, &node, script, &e) == 0 || e.code == ERR_INVALID, "no sentence");
    for (size_t i = 0; i < m.n; i++) {
        const struct mutant *x = &m.v[i];
        AUTO(buf_clear) struct buf diff = BUF_INIT;

        require(x->at + x->len <= strlen(script), "a fault outside of the script");
        require(strlen(x->with) != x->len || strncmp(script + x->at, x->with, x->len) != 0, "no fault");
        require(mutants_find(&m, x->name) == x, "two of one name");
        mutant_diff(x, &diff);
        if (i > 99)
            break; /* looking for names takes a while */
    }
    mutants_thin(&m, 7);
    require(m.n <= 7, "too many are left");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t n = size - 2, cut = n > 0 ? data[1] % n : 0;

    switch (data[0]) {
    case 'e':
        both_ways(events, data + 2, n, cut);
        break;
    case 'p':
        both_ways(packets, data + 2, n, cut);
        break;
    case 'h':
        head(data + 2, n);
        break;
    case 'm':
        mutants(data + 2, n);
        break;
    default:
        text(data + 2, n);
    }
    return 0;
}
