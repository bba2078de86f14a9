/* The result of probe.run: to and from JSON. */
#include "grading/probe.h"

#include "grading/probe_json.h"
#include "grading/probe_script.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

static const char *const outcomes[] = {
    [PROBE_TCP_OPEN] = "open",
    [PROBE_TCP_REFUSED] = "refused",
    [PROBE_TCP_TIMEOUT] = "timeout",
    [PROBE_TCP_UNREACHABLE] = "unreachable",
};
static const char *const whats[PROBE_WHAT_COUNT] = {
    [PROBE_REQUEST] = "request",   [PROBE_REPLY] = "reply",   [PROBE_SYN] = "syn",
    [PROBE_SYNACK] = "synack",     [PROBE_RST] = "rst",       [PROBE_DATA] = "data",
    [PROBE_DATABACK] = "databack", [PROBE_ERROR] = "error",   [PROBE_CLEAR] = "clear",
    [PROBE_OUTER] = "outer",       [PROBE_ADVERT] = "advert", [PROBE_ADVERT_ALIEN] = "advert-alien",
};

static const char *const dirs[] = {"out", "in"};

#define US_MAX ((json_int_t)PROBE_DURATION_MAX_MS * 10000)

struct probe_result *probe_result_new(void)
{
    return xcalloc(1, sizeof(struct probe_result));
}

void probe_result_free(struct probe_result *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->nprobes; i++) {
        for (size_t k = 0; k < r->probes[i].nsamples; k++) {
            for (size_t n = 0; n < r->probes[i].samples[k].nsightings; n++)
                free(r->probes[i].samples[k].sightings[n].frame);
            free(r->probes[i].samples[k].sightings);
            free(r->probes[i].samples[k].answer.values);
        }
        free(r->probes[i].samples);
    }
    free(r->probes);
    free(r->scripts);
    free(r->bpdus);
    free(r);
}

void probe_result_freep(struct probe_result **r)
{
    probe_result_free(*r);
}

const struct probe_outcome *probe_outcome_find(const struct probe_result *r, const char *id)
{
    for (size_t i = 0; i < r->nprobes; i++)
        if (strcmp(r->probes[i].id, id) == 0)
            return &r->probes[i];
    return NULL;
}

static bool advert(const struct probe_sighting *g)
{
    return g->what == PROBE_ADVERT || g->what == PROBE_ADVERT_ALIEN;
}

static json_t *answer_json(const struct probe_answer *a)
{
    json_t *values;

    if (a->code == PROBE_ANSWER_NONE)
        return json_null();
    values = json_array();
    for (size_t i = 0; i < a->nvalues; i++)
        json_array_append_new(values, json_string(a->values[i]));
    return json_pack("{s:i, s:b, s:b, s:o}", "code", a->code, "cut", (int)a->cut, "found", (int)a->found,
                     "values", values);
}

const struct probe_peer_outcome *probe_peer_find(const struct probe_result *r, const char *ref)
{
    for (size_t i = 0; i < r->npeers; i++)
        if (strcmp(r->peers[i].ref, ref) == 0)
            return &r->peers[i];
    return NULL;
}

bool probe_as_path_ok(const char *s)
{
    return strlen(s) < PROBE_AS_PATH_SIZE && s[strspn(s, "0123456789 ")] == '\0';
}

bool probe_peer_up(const struct probe_peer_outcome *o)
{
    for (size_t i = 0; i < o->nneighbours; i++)
        if (strcmp(o->neighbours[i].state, "Full") == 0 || strcmp(o->neighbours[i].state, "Established") == 0)
            return true;
    return false;
}

static void add_frame(json_t *j, const struct probe_sighting *g)
{
    char hex[2 * PROBE_FRAME_MAX + 1];

    for (size_t i = 0; i < g->nframe; i++)
        snprintf(hex + 2 * i, 3, "%02x", g->frame[i]);
    json_object_set_new(j, "frame", json_stringn(hex, 2 * (size_t)g->nframe));
    json_object_set_new(j, "length", json_integer(g->length));
}

static json_t *sample_json(const struct probe_sample *s)
{
    json_t *sightings = json_array();

    for (size_t i = 0; i < s->nsightings; i++) {
        const struct probe_sighting *g = &s->sightings[i];
        json_t *j =
            json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:i}", "port", g->port, "dir", dirs[g->in], "what",
                      whats[g->what], "t_us", (json_int_t)g->t_us, "src", probe_json_from_addr(&g->src),
                      "dst", probe_json_from_addr(&g->dst), "ttl", (int)g->ttl);
        char mac[18];

        if (advert(g))
            json_object_set_new(j, "mac", json_string(probe_mac_text(g->mac, mac)));
        if (g->nframe > 0)
            add_frame(j, g);
        if (g->copies > 1)
            json_object_set_new(j, "copies", json_integer(g->copies));
        json_array_append_new(sightings, j);
    }
    return json_pack(
        "{s:I, s:o, s:i, s:o, s:b, s:b, s:o, s:o}", "sent_us", (json_int_t)s->sent_us, "reply_us",
        s->reply_us < 0 ? json_null() : json_integer(s->reply_us), "reply_ttl", (int)s->reply_ttl, "tcp",
        s->tcp == PROBE_TCP_NONE ? json_null() : json_string(outcomes[s->tcp]), "data", (int)s->data, "echo",
        (int)s->echo, "answer", answer_json(&s->answer), "sightings", sightings);
}

json_t *probe_peer_outcome_to_json(const struct probe_peer_outcome *o)
{
    json_t *neighbours = json_array(), *prefixes = json_array();
    char text[PROBE_ADDR_TEXT], net[PROBE_ADDR_TEXT + 8 + PROBE_AS_PATH_SIZE];

    for (size_t i = 0; i < o->nneighbours; i++)
        json_array_append_new(neighbours,
                              json_pack("{s:o, s:s}", "address", probe_json_from_addr(&o->neighbours[i].addr),
                                        "state", o->neighbours[i].state));
    for (size_t i = 0; i < o->nprefixes; i++) {
        const struct probe_prefix *p = &o->prefixes[i];

        snprintf(net, sizeof net, "%s/%u%s%s", probe_addr_text(&p->addr, text), p->len,
                 p->as_path[0] != '\0' ? " " : "", p->as_path);
        json_array_append_new(prefixes, json_string(net));
    }
    return json_pack("{s:s, s:o, s:b, s:o, s:o}", "reference", o->ref, "announced",
                     probe_json_from_addr(&o->announced), "foreign", (int)o->foreign, "neighbours",
                     neighbours, "prefixes", prefixes);
}

bool probe_bridge_equal(const struct probe_bridge *a, const struct probe_bridge *b)
{
    return a->priority == b->priority && memcmp(a->mac, b->mac, sizeof a->mac) == 0;
}

static json_t *bridge_json(const struct probe_bridge *b)
{
    char mac[18];

    return json_pack("{s:i, s:s}", "priority", (int)b->priority, "mac", probe_mac_text(b->mac, mac));
}

json_t *probe_result_to_json(const struct probe_result *r)
{
    json_t *probes = json_array(), *peers = r->npeers > 0 ? json_array() : NULL,
           *bpdus = r->nbpdus > 0 ? json_array() : NULL;

    for (size_t i = 0; i < r->nprobes; i++) {
        const struct probe_outcome *o = &r->probes[i];
        json_t *samples = json_array();

        for (size_t k = 0; k < o->nsamples; k++)
            json_array_append_new(samples, sample_json(&o->samples[k]));
        json_array_append_new(
            probes, json_pack("{s:s, s:i, s:o, s:o}", "id", o->id, "port", (int)o->port, "error",
                              o->error[0] == '\0' ? json_null() : json_string(o->error), "samples", samples));
    }
    for (size_t i = 0; i < r->npeers; i++)
        json_array_append_new(peers, probe_peer_outcome_to_json(&r->peers[i]));
    for (size_t i = 0; i < r->nbpdus; i++)
        json_array_append_new(bpdus, json_pack("{s:s, s:s, s:o, s:o}", "port", r->bpdus[i].port, "dir",
                                               dirs[r->bpdus[i].in], "root", bridge_json(&r->bpdus[i].root),
                                               "bridge", bridge_json(&r->bpdus[i].bridge)));
    return json_pack("{s:I, s:o, s:o*, s:o*, s:o*, s:o*}", "lost", (json_int_t)r->lost, "probes", probes,
                     "peers", peers, "scripts", probe_script_outcomes_to_json(r), "bpdus", bpdus,
                     "more_bpdus", r->more_bpdus ? json_true() : NULL);
}

static int frame_check(const json_t *j, struct err *e)
{
    char hex[2 * PROBE_FRAME_MAX + 1];
    json_int_t length;

    if (probe_json_text(j, "sighting", "frame", false, hex, sizeof hex, e) < 0 ||
        probe_json_int(j, "sighting", "length", 0, UINT16_MAX, 0, &length, e) < 0)
        return -1;
    if (hex[strspn(hex, "0123456789abcdef")] != '\0' || strlen(hex) % 2 != 0 ||
        (json_int_t)strlen(hex) / 2 > length)
        return err_set(e, ERR_INVALID, "sighting: 'frame' is no frame");
    return 0;
}

static int sighting_read(const json_t *j, struct probe_sighting *g, struct err *e)
{
    char mac[18];
    json_int_t t, ttl, copies;
    int dir, what;

    if (probe_json_text(j, "sighting", "port", true, g->port, sizeof g->port, e) < 0 ||
        (dir = probe_json_enum(j, "sighting", "dir", dirs, 2, e)) < 0 ||
        (what = probe_json_enum(j, "sighting", "what", whats, PROBE_WHAT_COUNT, e)) < 0 ||
        probe_json_int(j, "sighting", "t_us", -US_MAX, US_MAX, 0, &t, e) < 0 ||
        probe_json_int(j, "sighting", "ttl", 0, 255, 0, &ttl, e) < 0 ||
        probe_json_int(j, "sighting", "copies", 1, PROBE_COPIES_MAX, 1, &copies, e) < 0 ||
        probe_json_addr(j, "sighting", "src", true, &g->src, e) < 0 ||
        probe_json_addr(j, "sighting", "dst", true, &g->dst, e) < 0 ||
        probe_json_text(j, "sighting", "mac", false, mac, sizeof mac, e) < 0 || frame_check(j, e) < 0)
        return -1;
    g->in = dir == 1;
    g->what = (enum probe_what)what;
    g->t_us = t;
    g->ttl = (uint8_t)ttl;
    g->copies = (unsigned)copies;
    if (advert(g) && !probe_mac_parse(mac, g->mac))
        return err_set(e, ERR_INVALID, "sighting: an advertisement without a MAC");
    return 0;
}

static int answer_read(const json_t *j, struct probe_answer *a, struct err *e)
{
    const json_t *list;
    json_int_t code;
    json_t *v;
    size_t i;

    a->code = PROBE_ANSWER_NONE;
    if (j == NULL || json_is_null(j))
        return 0;
    if (probe_json_int(j, "answer", "code", PROBE_ANSWER_BAD, 0xffff, PROBE_ANSWER_NONE, &code, e) < 0 ||
        probe_json_array(j, "values", PROBE_VALUES_MAX, &list, e) < 0)
        return -1;
    a->code = (int)code;
    a->cut = json_is_true(json_object_get(j, "cut"));
    a->found = json_is_true(json_object_get(j, "found"));
    a->values = xcalloc(json_array_size(list) + 1, sizeof *a->values);
    json_array_foreach(list, i, v) {
        if (probe_json_string(v, "answer", "values", a->values[i], sizeof a->values[i], e) < 0)
            return -1;
        a->nvalues++;
    }
    return 0;
}

static int sample_read(const json_t *j, struct probe_sample *s, struct err *e)
{
    const json_t *list;
    json_int_t sent, reply, ttl;
    json_t *v;
    size_t i;
    int tcp = PROBE_TCP_NONE;

    if (probe_json_int(j, "sample", "sent_us", 0, US_MAX, 0, &sent, e) < 0 ||
        probe_json_int(j, "sample", "reply_us", -1, US_MAX, -1, &reply, e) < 0 ||
        probe_json_int(j, "sample", "reply_ttl", 0, 255, 0, &ttl, e) < 0 ||
        probe_json_array(j, "sightings", PROBE_SIGHTINGS_MAX, &list, e) < 0 ||
        answer_read(json_object_get(j, "answer"), &s->answer, e) < 0)
        return -1;
    v = json_object_get(j, "tcp");
    if (v != NULL && !json_is_null(v) &&
        (tcp = probe_json_enum(j, "sample", "tcp", outcomes, ARRAY_LEN(outcomes), e)) < 0)
        return -1;
    s->sent_us = sent;
    s->reply_us = reply;
    s->reply_ttl = (uint8_t)ttl;
    s->tcp = (enum probe_tcp)tcp;
    s->data = json_is_true(json_object_get(j, "data"));
    s->echo = json_is_true(json_object_get(j, "echo"));
    s->sightings = xcalloc(json_array_size(list) + 1, sizeof *s->sightings);
    json_array_foreach(list, i, v) {
        if (sighting_read(v, &s->sightings[i], e) < 0)
            return -1;
        s->nsightings++;
    }
    return 0;
}

static int outcome_read(const json_t *j, struct probe_outcome *o, struct err *e)
{
    const json_t *list;
    json_int_t port;
    json_t *v;
    size_t i;

    if (probe_json_text(j, "probe result", "id", true, o->id, sizeof o->id, e) < 0 ||
        probe_json_int(j, o->id, "port", 0, 65535, 0, &port, e) < 0 ||
        probe_json_text(j, o->id, "error", false, o->error, sizeof o->error, e) < 0 ||
        probe_json_array(j, "samples", PROBE_COUNT_MAX, &list, e) < 0)
        return -1;
    o->port = (uint16_t)port;
    o->samples = xcalloc(json_array_size(list) + 1, sizeof *o->samples);
    json_array_foreach(list, i, v) {
        o->nsamples++;
        if (sample_read(v, &o->samples[i], e) < 0)
            return err_wrap(e, "result of probe '%s'", o->id);
    }
    return 0;
}

/* "10.0.2.0/24" or "10.0.2.0/24 65001 65002". */
static int prefix_read(const char *s, struct probe_prefix *p)
{
    size_t n = s != NULL ? strcspn(s, " ") : 0;
    char net[PROBE_ADDR_TEXT + 8];

    if (n == 0 || n >= sizeof net)
        return -1;
    memcpy(net, s, n);
    net[n] = '\0';
    s += n + (s[n] == ' ');
    if (!probe_addr_parse_net(net, &p->addr, &p->len) || !probe_as_path_ok(s))
        return -1;
    memcpy(p->as_path, s, strlen(s) + 1);
    return 0;
}

static int peer_read(const json_t *j, struct probe_peer_outcome *o, struct err *e)
{
    const json_t *neighbours, *prefixes;
    json_t *v;
    size_t i;

    if (probe_json_text(j, "peer", "reference", true, o->ref, sizeof o->ref, e) < 0 ||
        probe_json_addr(j, "peer", "announced", true, &o->announced, e) < 0 ||
        probe_json_array(j, "neighbours", PROBE_NEIGHBOURS_MAX, &neighbours, e) < 0 ||
        probe_json_array(j, "prefixes", PROBE_PREFIXES_MAX, &prefixes, e) < 0)
        return -1;
    o->foreign = json_is_true(json_object_get(j, "foreign"));
    json_array_foreach(neighbours, i, v) {
        struct probe_neighbour *n = &o->neighbours[o->nneighbours++];

        if (probe_json_addr(v, "neighbour", "address", true, &n->addr, e) < 0 ||
            probe_json_text(v, "neighbour", "state", false, n->state, sizeof n->state, e) < 0)
            return -1;
    }
    json_array_foreach(prefixes, i, v) {
        struct probe_prefix *p = &o->prefixes[o->nprefixes++];

        if (prefix_read(json_string_value(v), p) < 0)
            return err_set(e, ERR_INVALID, "peer '%s': a prefix is not of the form ADDRESS/PREFIX", o->ref);
    }
    return 0;
}

static int bridge_read(const json_t *j, struct probe_bridge *b, struct err *e)
{
    json_int_t priority;
    char mac[18];

    if (probe_json_int(j, "bridge", "priority", 0, 0xffff, 0, &priority, e) < 0 ||
        probe_json_text(j, "bridge", "mac", true, mac, sizeof mac, e) < 0)
        return -1;
    b->priority = (uint16_t)priority;
    return probe_mac_parse(mac, b->mac) ? 0 : err_set(e, ERR_INVALID, "bridge: '%s' is not a MAC", mac);
}

static int bpdu_read(const json_t *j, struct probe_bpdu *b, struct err *e)
{
    int dir;

    if (probe_json_text(j, "BPDU", "port", true, b->port, sizeof b->port, e) < 0 ||
        (dir = probe_json_enum(j, "BPDU", "dir", dirs, 2, e)) < 0 ||
        bridge_read(json_object_get(j, "root"), &b->root, e) < 0 ||
        bridge_read(json_object_get(j, "bridge"), &b->bridge, e) < 0)
        return -1;
    b->in = dir == 1;
    return 0;
}

struct probe_result *probe_result_from_json(const json_t *j, struct err *e)
{
    AUTO(probe_result_freep) struct probe_result *r = probe_result_new();
    const json_t *list, *peers, *scripts, *bpdus;
    json_int_t lost;
    json_t *v;
    size_t i;

    if (!json_is_object(j))
        return err_set(e, ERR_PROTOCOL, "the probe result is not an object"), NULL;
    if (probe_json_int(j, "probe result", "lost", 0, INT64_MAX, 0, &lost, e) < 0 ||
        probe_json_array(j, "probes", PROBE_PROBES_MAX, &list, e) < 0 ||
        probe_json_array(j, "peers", PROBE_PEERS_MAX, &peers, e) < 0 ||
        probe_json_array(j, "scripts", PROBE_SCRIPTS_MAX, &scripts, e) < 0 ||
        probe_json_array(j, "bpdus", PROBE_BPDUS_MAX, &bpdus, e) < 0)
        return NULL;
    json_array_foreach(peers, i, v) {
        if (peer_read(v, &r->peers[r->npeers++], e) < 0)
            return NULL;
    }
    if (probe_script_outcomes_read(scripts, r, e) < 0)
        return NULL;
    r->bpdus = xcalloc(json_array_size(bpdus) + 1, sizeof *r->bpdus);
    json_array_foreach(bpdus, i, v) {
        if (bpdu_read(v, &r->bpdus[r->nbpdus++], e) < 0)
            return NULL;
    }
    r->more_bpdus = json_is_true(json_object_get(j, "more_bpdus"));
    r->lost = (uint64_t)lost;
    r->probes = xcalloc(json_array_size(list) + 1, sizeof *r->probes);
    json_array_foreach(list, i, v) {
        r->nprobes++;
        if (outcome_read(v, &r->probes[i], e) < 0)
            return NULL;
    }
    return TAKE(r);
}
