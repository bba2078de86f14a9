#include "grading/check/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define INTERVAL_MS 250
#define TIMEOUT_MS 1500

/* A line each. */
/* clang-format off */
const struct check_kind *const check_kinds[] = {
    &check_reachability,
    &check_unreachable,
    &check_tcp_open,
    &check_tcp_closed,
    &check_path,
    &check_route,
    &check_nat,
    &check_address,
    &check_firewall,
    &check_vpn,
    &check_dns,
    &check_http,
    &check_dhcp,
    &check_convergence,
    &check_ospf,
    &check_bgp,
    &check_bandwidth,
    &check_spanning_tree,
    &check_answer,
    &check_persistence,
    &check_script,
    NULL,
};
/* clang-format on */

const struct check_kind *check_kind_find(const char *name)
{
    for (const struct check_kind *const *k = check_kinds; *k != NULL; k++)
        if (strcmp((*k)->name, name) == 0)
            return *k;
    return NULL;
}

bool check_alone(const struct exercise_check *c)
{
    return c->cut.n > 0 || (c->kind != NULL && c->kind->alone);
}

bool check_reboots(const struct exercise_check *c)
{
    return c->kind != NULL && c->kind->reboots;
}

const struct probe_ref *check_ref_find(const struct exercise *x, const char *name)
{
    for (size_t i = 0; i < x->nrefs; i++)
        if (strcmp(x->refs[i].name, name) == 0)
            return &x->refs[i];
    return NULL;
}

bool check_names_hold(const struct exercise_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->v[i], name) == 0)
            return true;
    return false;
}

/* ---- meaning ---- */
const char *check_like_ref(struct check_review *k, const char *wrong, char out[VALUE_HINT_SIZE])
{
    struct value_guess g;

    value_guess_init(&g, wrong);
    for (size_t i = 0; i < k->x->nrefs; i++)
        value_guess_offer(&g, k->x->refs[i].name);
    return value_guess_hint(&g, out);
}

const char *check_like_check(struct check_review *k, const char *wrong, char out[VALUE_HINT_SIZE])
{
    struct value_guess g;

    value_guess_init(&g, wrong);
    for (size_t i = 0; i < k->x->nchecks; i++)
        value_guess_offer(&g, k->x->checks[i].id);
    return value_guess_hint(&g, out);
}

const char *check_like_topo(struct check_review *k, const char *wrong, unsigned kinds,
                            char out[VALUE_HINT_SIZE])
{
    struct value_guess g;

    value_guess_init(&g, wrong);
    for (size_t i = 0; i < k->ix.nrefs && k->m->n < TOPO_MSGS_MAX; i++)
        if (kinds & 1u << k->ix.refs[i].kind)
            value_guess_offer(&g, k->ix.refs[i].name);
    return value_guess_hint(&g, out);
}

void check_review_port(struct check_review *k, const struct exercise_check *c, const char *port)
{
    size_t n = strcspn(port, ":");
    char head[NAME_SIZE];
    const struct topo_ref *r;

    if (port[0] == '\0' || n >= sizeof head)
        return;
    memcpy(head, port, n);
    head[n] = '\0';
    r = topo_index_find(&k->ix, head);
    if (r != NULL && topo_kind_is_node(r->kind) &&
        topo_index_slot(&k->ix, topo_index_owner(&k->ix, r), port + n + 1) != NULL)
        return;
    if (r != NULL && r->kind == TOPO_LINK && (strcmp(port + n, ":a") == 0 || strcmp(port + n, ":b") == 0))
        return;
    CHECK_COMPLAIN(k, c, "check '%s': the topology has no port '%s' to watch", c->id, port);
}

void check_review_links(struct check_review *k, const struct exercise_check *c, const char *what,
                        const struct exercise_names *links)
{
    for (size_t i = 0; i < links->n; i++) {
        char hint[VALUE_HINT_SIZE];
        const struct topo_ref *r = topo_index_find(&k->ix, links->v[i]);

        if (r == NULL || r->kind != TOPO_LINK)
            CHECK_COMPLAIN(k, c, "check '%s': %s names '%s', which is %s%s", c->id, what, links->v[i],
                           r == NULL ? "not in the topology" : "not a link",
                           check_like_topo(k, links->v[i], 1u << TOPO_LINK, hint));
    }
}

bool check_link_end(const char *port, const char *link)
{
    size_t n = strlen(link);

    return strncmp(port, link, n) == 0 && (strcmp(port + n, ":a") == 0 || strcmp(port + n, ":b") == 0);
}

/* ---- probes ---- */
int check_spec_port(struct probe_spec *s, const char *port, struct err *e)
{
    for (size_t i = 0; i < s->nports; i++)
        if (strcmp(s->ports[i].name, port) == 0)
            return 0;
    if (s->nports >= PROBE_PORTS_MAX)
        return err_set(e, ERR_CAPACITY, "the checks watch more than %d ports", PROBE_PORTS_MAX);
    snprintf(s->ports[s->nports++].name, PROBE_PORT_SIZE, "%s", port);
    return 0;
}

int check_spec_links(struct probe_spec *s, const struct exercise_names *links, struct err *e)
{
    for (size_t i = 0; i < links->n; i++)
        for (int end = 'a'; end <= 'b'; end++) {
            char port[PROBE_PORT_SIZE];

            snprintf(port, sizeof port, "%s:%c", links->v[i], end);
            if (check_spec_port(s, port, e) < 0)
                return -1;
        }
    return 0;
}

void check_spec_cut(struct probe_spec *s, const struct exercise_check *c)
{
    for (size_t k = 0; k < c->cut.n && s->ncut < PROBE_CUT_MAX; k++)
        snprintf(s->cut[s->ncut++], NAME_SIZE, "%s", c->cut.v[k]);
}

void check_spec_ref(struct probe_spec *s, const struct exercise *x, const char *name)
{
    const struct probe_ref *r = check_ref_find(x, name);

    if (r != NULL && probe_ref_find(s, name) == NULL)
        s->refs[s->nrefs++] = *r;
}

struct probe *check_spec_probe(struct probe_spec *s, const char *id, struct err *e)
{
    struct probe *p;

    if (s->nprobes >= PROBE_PROBES_MAX) {
        err_set(e, ERR_CAPACITY, "the checks need more than %d probes", PROBE_PROBES_MAX);
        return NULL;
    }
    p = &s->probes[s->nprobes++];
    snprintf(p->id, sizeof p->id, "%s", id);
    p->ttl = CHECK_TTL;
    p->count = p->stop = 1;
    p->interval_ms = INTERVAL_MS;
    p->timeout_ms = TIMEOUT_MS;
    return p;
}

/* ---- verdicts ---- */
const struct probe_outcome *check_outcome(const struct probe_result *r, const char *id,
                                          struct grading_verdict *v)
{
    const struct probe_outcome *o = probe_outcome_find(r, id);

    if (r->lost > 0)
        *v = check_verdict(GRADING_ERROR, "The capture lost packets.");
    else if (o == NULL || (o->error[0] == '\0' && o->nsamples == 0))
        *v = check_verdict(GRADING_ERROR, "The probe gave no result.");
    else if (o->error[0] != '\0')
        *v = check_verdict(GRADING_ERROR, "The probe could not be made: %s", o->error);
    else
        return o;
    return NULL;
}

struct grading_verdict check_verdict(enum grading_status status, const char *fmt, ...)
{
    struct grading_verdict v = {.status = status, .after_ms = -1};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(v.observed, sizeof v.observed, fmt, ap);
    va_end(ap);
    return v;
}

struct grading_verdict check_join(size_t n, const struct grading_verdict *v)
{
    struct grading_verdict all = check_verdict(GRADING_PASS, "All %zu as expected.", n);

    all.parts = (unsigned)n;
    for (size_t i = 0; i < n; i++) {
        if (v[i].status == GRADING_ERROR)
            return v[i];
        all.good += v[i].status == GRADING_PASS;
    }
    if (all.good == all.parts)
        return all;
    all.status = GRADING_FAIL;
    snprintf(all.observed, sizeof all.observed, "%u of %u as expected.", all.good, all.parts);
    for (size_t i = 0; i < n; i++)
        if (v[i].status != GRADING_PASS && strstr(all.observed, v[i].observed) == NULL &&
            strlen(all.observed) + strlen(v[i].observed) + 2 < GRADING_TEXT)
            check_text(all.observed, " %s", v[i].observed);
    return all;
}

/* ---- words ---- */
void check_text(char out[GRADING_TEXT], const char *fmt, ...)
{
    size_t n = strlen(out);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(out + n, GRADING_TEXT - n, fmt, ap);
    va_end(ap);
}

void check_text_links(char out[GRADING_TEXT], const struct exercise_names *links)
{
    for (size_t i = 0; i < links->n; i++)
        check_text(out, "%s%s", i > 0 ? ", " : "", links->v[i]);
}

void check_text_nets(char out[GRADING_TEXT], const struct exercise_nets *nets)
{
    char text[PROBE_ADDR_TEXT];

    for (size_t i = 0; i < nets->n; i++)
        check_text(out, "%s%s/%u", i > 0 ? ", " : "", probe_addr_text(&nets->v[i].addr, text),
                   nets->v[i].len);
}

void check_text_ref(char out[GRADING_TEXT], const struct exercise *x, const char *ref, int family)
{
    const struct probe_ref *r = check_ref_find(x, ref);
    struct probe_addr a = grading_ref_addr(x, ref, family);
    char text[PROBE_ADDR_TEXT];

    if (r == NULL)
        return;
    check_text(out, " from a test host on %s", r->segment);
    if (r->vlan != 0)
        check_text(out, " VLAN %u", r->vlan);
    check_text(out, " (%s)", probe_addr_text(&a, text));
}
