/* The evidence of one check, for those who want to see it.  Pure. */
#include "grading/evidence.h"

#include "grading/check/check.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/base/pcapng.h"

#include <ctype.h>
#include <string.h>

#define MICROSECONDS 6 /* the resolution of times */

/* ---- what is about a check ---- */

/* Is probe 'id' of the check with this number?  See grading_probe_id(). */
static bool of_number(const char *id, size_t number)
{
    char *rest;

    return id[0] == 'c' && isdigit((unsigned char)id[1]) && strtoul(id + 1, &rest, 10) == number &&
           (*rest == '\0' || *rest == '-');
}

/* A copy of the probes (or "scripts") of the check in 'round', or of all. */
static json_t *probes_of(const json_t *round, const char *what, size_t number, bool all_of_them)
{
    const json_t *all = json_object_get(json_object_get(round, "result"), what);
    json_t *out = json_array(), *p;
    size_t i;

    json_array_foreach(all, i, p) {
        if (all_of_them || of_number(json_string_value(json_object_get(p, "id")), number))
            json_array_append_new(out, json_deep_copy(p));
    }
    return out;
}

json_t *evidence_of_check(const json_t *j, const struct exercise *x, const char *id, struct err *e)
{
    const struct exercise_check *c = exercise_check_find(x, id);
    AUTO(evidence_freep) struct evidence *ev = evidence_read(j, e); /* from here on its shape is known */
    json_t *out = json_array(), *r;
    size_t i;

    if (ev == NULL || c == NULL) {
        if (ev != NULL)
            err_set(e, ERR_NOT_FOUND, "the attempt has no check of this name");
        json_decref(out);
        return NULL;
    }
    json_array_foreach(json_object_get(j, "rounds"), i, r) {
        bool own = strcmp(ev->rounds[i].check, id) == 0;
        json_t *peers = own ? json_object_get(json_object_get(r, "result"), "peers") : NULL;

        if (own || ev->rounds[i].check[0] == '\0') {
            bool all = own && check_reboots(c);
            json_t *probes = probes_of(r, "probes", (size_t)(c - x->checks), all),
                   *scripts = probes_of(r, "scripts", (size_t)(c - x->checks), all);

            if (json_array_size(scripts) == 0) {
                json_decref(scripts);
                scripts = NULL;
            }
            if (json_array_size(probes) == 0 && peers == NULL && scripts == NULL)
                json_decref(probes);
            else
                json_array_append_new(
                    out, json_pack("{s:O, s:I, s:I, s:o, s:o*, s:o*}", "phase", json_object_get(r, "phase"),
                                   "began_ms", (json_int_t)ev->rounds[i].began_ms, "ended_ms",
                                   (json_int_t)ev->rounds[i].ended_ms, "probes", probes, "peers",
                                   peers != NULL ? json_deep_copy(peers) : NULL, "scripts", scripts));
        }
    }
    return json_pack("{s:s, s:o}", "check", id, "rounds", out);
}

/* ---- frames ---- */

/* Calls 'fn' for each sighting in rounds, those of evidence or of one check. */
typedef void sighting_fn(const json_t *round, const json_t *probe, size_t sample, json_t *sighting,
                         void *arg);

static void each_sighting(const json_t *rounds, sighting_fn *fn, void *arg)
{
    json_t *r, *p, *s, *g;
    size_t i, k, n, m;

    json_array_foreach(rounds, i, r) {
        json_t *probes = json_object_get(r, "probes");

        json_array_foreach(probes != NULL ? probes : json_object_get(json_object_get(r, "result"), "probes"),
                           k, p) {
            json_array_foreach(json_object_get(p, "samples"), n, s) {
                json_array_foreach(json_object_get(s, "sightings"), m, g) {
                    fn(r, p, n, g, arg);
                }
            }
        }
    }
}

static void strip_one(const json_t *round, const json_t *probe, size_t sample, json_t *sighting, void *arg)
{
    (void)round;
    (void)probe;
    (void)sample;
    (void)arg;
    json_object_del(sighting, "frame");
    json_object_del(sighting, "length");
}

void evidence_strip(json_t *rounds)
{
    each_sighting(rounds, strip_one, NULL);
}

struct frame {
    int64_t t_us;
    size_t interface, sample, order;
    const json_t *probe, *sighting;
};

struct capture {
    struct frame *v;
    size_t n, cap;
    const char **ports; /* borrowed */
    size_t nports, cap_ports;
};

static void capture_clear(struct capture *c)
{
    free(c->v);
    free(c->ports);
}

static size_t interface_of(struct capture *c, const char *port)
{
    for (size_t i = 0; i < c->nports; i++)
        if (strcmp(c->ports[i], port) == 0)
            return i;
    XGROW(c->ports, c->nports, c->cap_ports);
    c->ports[c->nports] = port;
    return c->nports++;
}

static void collect(const json_t *round, const json_t *probe, size_t sample, json_t *sighting, void *arg)
{
    struct capture *c = arg;

    if (json_string_length(json_object_get(sighting, "frame")) == 0)
        return;
    XGROW(c->v, c->n, c->cap);
    c->v[c->n] = (struct frame){json_integer_value(json_object_get(round, "began_ms")) * 1000 +
                                    json_integer_value(json_object_get(sighting, "t_us")),
                                interface_of(c, json_string_value(json_object_get(sighting, "port"))),
                                sample,
                                c->n,
                                probe,
                                sighting};
    c->n++;
}

static int by_time(const void *a, const void *b)
{
    const struct frame *x = a, *y = b;

    if (x->t_us != y->t_us)
        return x->t_us < y->t_us ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static unsigned nibble(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

static void write_frame(const struct frame *f, int64_t started_ms, struct buf *out)
{
    const char *hex = json_string_value(json_object_get(f->sighting, "frame")),
               *dir = json_string_value(json_object_get(f->sighting, "dir"));
    uint8_t data[PROBE_FRAME_MAX];
    size_t n = 0;
    AUTO(mem_freep)
    char *comment = xasprintf("probe %s, sample %zu: %s", json_string_value(json_object_get(f->probe, "id")),
                              f->sample + 1, json_string_value(json_object_get(f->sighting, "what")));

    for (; n < sizeof data && hex[2 * n] != '\0'; n++)
        data[n] = (uint8_t)(nibble(hex[2 * n]) << 4 | nibble(hex[2 * n + 1]));
    pcapng_packet(out, (uint32_t)f->interface, (uint64_t)(started_ms * 1000 + f->t_us), data, (uint32_t)n,
                  (uint32_t)json_integer_value(json_object_get(f->sighting, "length")),
                  strcmp(dir, "in") == 0 ? PCAPNG_INBOUND : PCAPNG_OUTBOUND, comment);
}

int evidence_pcapng(const json_t *of_check, int64_t started_ms, struct buf *out, struct err *e)
{
    AUTO(capture_clear) struct capture c = {0};

    each_sighting(json_object_get(of_check, "rounds"), collect, &c);
    if (c.n == 0)
        return err_set(e, ERR_NOT_FOUND, "no packets were kept of this check");
    qsort(c.v, c.n, sizeof *c.v, by_time);
    pcapng_section(out);
    for (size_t i = 0; i < c.nports; i++)
        pcapng_interface(out, PCAPNG_ETHERNET, PROBE_FRAME_MAX, c.ports[i], MICROSECONDS);
    for (size_t i = 0; i < c.n; i++)
        write_frame(&c.v[i], started_ms, out);
    return 0;
}
