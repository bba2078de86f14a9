/* The spec of probe.run: to and from JSON. */
#include "grading/probe.h"

#include "grading/probe_dns.h"
#include "grading/probe_json.h"
#include "grading/probe_script.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char *const kinds[] = {
    [PROBE_ICMP] = "icmp", [PROBE_UDP] = "udp", [PROBE_TCP] = "tcp", [PROBE_NEIGHBOUR] = "neighbour"};

static const char *const outers[] = {[PROBE_OUTER_NONE] = "none",
                                     [PROBE_OUTER_ESP] = "esp",
                                     [PROBE_OUTER_UDP] = "udp",
                                     [PROBE_OUTER_ANY] = "any"};
static const char *const protocols[] = {[PROBE_OSPF] = "ospf", [PROBE_BGP] = "bgp"};

struct probe_spec *probe_spec_new(void)
{
    return xcalloc(1, sizeof(struct probe_spec));
}

void probe_spec_free(struct probe_spec *s)
{
    free(s);
}

void probe_spec_freep(struct probe_spec **s)
{
    probe_spec_free(*s);
}

const struct probe_ref *probe_ref_find(const struct probe_spec *s, const char *name)
{
    for (size_t i = 0; i < s->nrefs; i++)
        if (strcmp(s->refs[i].name, name) == 0)
            return &s->refs[i];
    return NULL;
}

bool probe_path_ok(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()*+,;=:@/");

    return s[0] == '/' && s[n] == '\0' && n < PROBE_PATH_SIZE;
}

bool probe_ref_has(const struct probe_ref *r, int family)
{
    for (size_t i = 0; i < r->nnets; i++)
        if (r->net[i].addr.family == family)
            return true;
    return false;
}

/* ---- to JSON ---- */
static json_t *ref_json(const struct probe_ref *r)
{
    json_t *nets = json_array(), *j = json_object();

    for (size_t i = 0; i < r->nnets; i++) {
        char text[PROBE_ADDR_TEXT], net[PROBE_ADDR_TEXT + 8];

        snprintf(net, sizeof net, "%s/%u", probe_addr_text(&r->net[i].addr, text), r->net[i].prefix);
        json_array_append_new(nets, json_pack("{s:s, s:o}", "address", net, "gateway",
                                              probe_json_from_addr(&r->net[i].gateway)));
    }
    json_object_set_new(j, "name", json_string(r->name));
    json_object_set_new(j, "segment", json_string(r->segment));
    json_object_set_new(j, "vlan", json_integer(r->vlan));
    json_object_set_new(j, "addresses", nets);
    if (r->mac[0] != '\0')
        json_object_set_new(j, "mac", json_string(r->mac));
    if (r->pid > 0)
        json_object_set_new(j, "pid", json_integer(r->pid));
    return j;
}

static json_t *port_json(const struct probe_port *p)
{
    json_t *j = json_object();

    json_object_set_new(j, "port", json_string(p->name));
    json_object_set_new(j, "whole", json_boolean(p->whole));
    if (p->dev[0] != '\0') {
        json_object_set_new(j, "dev", json_string(p->dev));
        json_object_set_new(j, "element", json_boolean(p->element));
        json_object_set_new(j, "mac", json_string(p->mac));
    }
    return j;
}

static json_t *ask_json(const struct probe_ask *a)
{
    switch (a->speak) {
    case PROBE_SAY_DNS:
        return json_pack("{s:s, s:i, s:b}", "dns", a->domain, "type", (int)a->type, "fresh", (int)a->fresh);
    case PROBE_SAY_HTTP:
        return json_pack("{s:s, s:s, s:s, s:b}", "http", a->path, "host", a->domain, "text", a->text, "fresh",
                         (int)a->fresh);
    case PROBE_SAY_DHCP:
        return json_pack("{s:b}", "dhcp", 1);
    case PROBE_SAY_NONCE:
        break;
    }
    return json_null();
}

static json_t *peer_json(const struct probe_peer *p)
{
    json_t *j = json_pack("{s:s, s:s, s:i, s:o}", "reference", p->ref, "protocol", protocols[p->protocol],
                          "form_ms", (int)p->form_ms, "announce", probe_json_from_addr(&p->announce)),
           *more = p->protocol == PROBE_OSPF
                       ? json_pack("{s:I, s:i, s:i}", "area", (json_int_t)p->area, "hello_s", (int)p->hello_s,
                                   "dead_s", (int)p->dead_s)
                       : json_pack("{s:I, s:I, s:o}", "as", (json_int_t)p->own_as, "router_as",
                                   (json_int_t)p->router_as, "router", probe_json_from_addr(&p->router));

    json_object_update(j, more);
    json_decref(more);
    return j;
}

json_t *probe_spec_to_json(const struct probe_spec *s)
{
    json_t *refs = json_array(), *ports = json_array(), *probes = json_array(), *cut = json_array(),
           *peers = json_array();

    for (size_t i = 0; i < s->nrefs; i++)
        json_array_append_new(refs, ref_json(&s->refs[i]));
    for (size_t i = 0; i < s->nports; i++)
        json_array_append_new(ports, port_json(&s->ports[i]));
    for (size_t i = 0; i < s->nprobes; i++) {
        const struct probe *p = &s->probes[i];
        json_t *also = json_array();

        for (size_t k = 0; k < p->nalso; k++)
            json_array_append_new(also, probe_json_from_addr(&p->also[k]));
        json_t *one = json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:s, s:i, s:i, s:i, s:i, s:o, s:s, s:i, s:o}",
                                "id", p->id, "kind", kinds[p->kind], "from", p->from, "to",
                                probe_json_from_addr(&p->to), "port", (int)p->port, "ttl", (int)p->ttl, "far",
                                p->far, "count", (int)p->count, "interval_ms", (int)p->interval_ms,
                                "timeout_ms", (int)p->timeout_ms, "stop", (int)p->stop, "also", also, "outer",
                                outers[p->outer], "outer_port", (int)p->outer_port, "ask", ask_json(&p->ask));
        if (p->payload != 0)
            json_object_set_new(one, "payload", json_integer(p->payload));
        if (p->after)
            json_object_set_new(one, "after", json_true());
        json_array_append_new(probes, one);
    }
    for (size_t i = 0; i < s->ncut; i++)
        json_array_append_new(cut, json_string(s->cut[i]));
    for (size_t i = 0; i < s->npeers; i++)
        json_array_append_new(peers, peer_json(&s->peers[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o*, s:o, s:i, s:i}", "references", refs, "observe", ports,
                     "probes", probes, "peers", peers, "scripts", probe_scripts_to_json(s), "cut", cut,
                     "cut_after_ms", (int)s->cut_after_ms, "listen_ms", (int)s->listen_ms);
}

/* ---- from JSON ---- */
/* "NODE:IF" or "LINK:a". */
static int port_check(const char *name, struct err *e)
{
    char head[NAME_SIZE];
    const char *colon = strchr(name, ':');

    if (colon != NULL && (size_t)(colon - name) < sizeof head) {
        memcpy(head, name, (size_t)(colon - name));
        head[colon - name] = '\0';
        if (name_ok(head) && ifname_ok(colon + 1))
            return 0;
    }
    return err_set(e, ERR_INVALID, "observe: '%s' is not of the form NODE:INTERFACE or LINK:a", name);
}

static int ref_nets(const json_t *j, struct probe_ref *r, struct err *e)
{
    const json_t *nets;
    json_t *v;
    size_t i;

    if (probe_json_array(j, "addresses", PROBE_ADDRS_MAX, &nets, e) < 0)
        return -1;
    json_array_foreach(nets, i, v) {
        char text[PROBE_ADDR_TEXT + 8];

        if (probe_json_text(v, "reference address", "address", true, text, sizeof text, e) < 0 ||
            probe_json_addr(v, "reference address", "gateway", false, &r->net[i].gateway, e) < 0)
            return -1;
        if (!probe_addr_parse_net(text, &r->net[i].addr, &r->net[i].prefix))
            return err_set(e, ERR_INVALID, "reference address '%s' is not of the form ADDRESS/PREFIX", text);
        if (r->net[i].gateway.family != 0 &&
            !probe_addr_in_net(&r->net[i].gateway, &r->net[i].addr, r->net[i].prefix))
            return err_set(e, ERR_INVALID, "the gateway of reference address '%s' is outside its prefix",
                           text);
        if (i > 0 && r->net[i].addr.family == r->net[0].addr.family)
            return err_set(e, ERR_INVALID, "reference has two addresses of one family");
        r->nnets++;
    }
    if (r->nnets == 0)
        return err_set(e, ERR_INVALID, "reference has no address");
    return 0;
}

static int ref_read(const json_t *j, bool resolved, struct probe_ref *r, struct err *e)
{
    json_int_t vlan, pid;
    uint8_t mac[6];

    if (probe_json_text(j, "reference", "name", true, r->name, sizeof r->name, e) < 0 ||
        name_check(r->name, "reference", e) < 0 ||
        probe_json_text(j, "reference", "segment", true, r->segment, sizeof r->segment, e) < 0 ||
        name_check(r->segment, "segment", e) < 0 ||
        probe_json_int(j, "reference", "vlan", 0, 4094, 0, &vlan, e) < 0 ||
        probe_json_int(j, "reference", "pid", resolved ? 2 : 0, resolved ? 0x7fffffff : 0, 0, &pid, e) < 0 ||
        probe_json_text(j, "reference", "mac", resolved, r->mac, sizeof r->mac, e) < 0)
        return -1;
    if (resolved ? !probe_mac_parse(r->mac, mac) : r->mac[0] != '\0')
        return err_set(e, ERR_INVALID, "reference '%s': 'mac' is not as expected", r->name);
    r->vlan = (uint16_t)vlan;
    r->pid = (pid_t)pid;
    if (ref_nets(j, r, e) < 0)
        return err_wrap(e, "reference '%s'", r->name);
    return 0;
}

static int port_read(const json_t *j, bool resolved, struct probe_port *p, struct err *e)
{
    uint8_t mac[6];

    if (probe_json_text(j, "observe", "port", true, p->name, sizeof p->name, e) < 0 ||
        port_check(p->name, e) < 0 ||
        probe_json_text(j, "observe", "dev", resolved, p->dev, sizeof p->dev, e) < 0 ||
        probe_json_text(j, "observe", "mac", false, p->mac, sizeof p->mac, e) < 0)
        return -1;
    if (!resolved && (p->dev[0] != '\0' || p->mac[0] != '\0'))
        return err_set(e, ERR_INVALID, "observe '%s': 'dev' and 'mac' are not yours to choose", p->name);
    if (p->mac[0] != '\0' && !probe_mac_parse(p->mac, mac))
        return err_set(e, ERR_INVALID, "observe '%s': 'mac' is not as expected", p->name);
    p->whole = json_is_true(json_object_get(j, "whole"));
    p->element = json_is_true(json_object_get(j, "element"));
    return 0;
}

/* The far port must be one that is watched. */
static int far_check(const struct probe_spec *s, const struct probe *p, struct err *e)
{
    if (p->far[0] == '\0' || (p->far[0] == '@' && probe_ref_find(s, p->far + 1) != NULL))
        return 0;
    for (size_t i = 0; i < s->nports; i++)
        if (strcmp(s->ports[i].name, p->far) == 0)
            return 0;
    return err_set(e, ERR_INVALID, "probe '%s': port '%s' is not observed", p->id, p->far);
}

static int also_read(const json_t *j, struct probe *p, struct err *e)
{
    const json_t *list;
    json_t *v;
    size_t i;

    if (probe_json_array(j, "also", PROBE_ALSO_MAX, &list, e) < 0)
        return -1;
    json_array_foreach(list, i, v) {
        if (!probe_addr_parse(json_string_value(v), &p->also[p->nalso]))
            return err_set(e, ERR_INVALID, "probe '%s': 'also' holds something that is not an address",
                           p->id);
        p->nalso++;
    }
    return 0;
}

static int outer_read(const json_t *j, struct probe *p, struct err *e)
{
    json_int_t port;
    int outer = PROBE_OUTER_NONE;

    if (json_object_get(j, "outer") != NULL &&
        (outer = probe_json_enum(j, p->id, "outer", outers, ARRAY_LEN(outers), e)) < 0)
        return -1;
    if (probe_json_int(j, p->id, "outer_port", outer == PROBE_OUTER_UDP ? 1 : 0,
                       outer == PROBE_OUTER_UDP ? 65535 : 0, 0, &port, e) < 0)
        return -1;
    p->outer = (enum probe_outer)outer;
    p->outer_port = (uint16_t)port;
    return 0;
}

static int ask_dns(const json_t *ask, struct probe *p, struct err *e)
{
    char domain[PROBE_DOMAIN_SIZE];
    json_int_t type;

    if (probe_json_text(ask, p->id, "dns", true, domain, sizeof domain, e) < 0 ||
        probe_json_int(ask, p->id, "type", 1, 255, 0, &type, e) < 0)
        return -1;
    if (!probe_domain_parse(domain, p->ask.domain))
        return err_set(e, ERR_INVALID, "probe '%s': '%s' is not a domain name", p->id, domain);
    if (p->ask.fresh && strlen(p->ask.domain) > PROBE_FRESH_MAX)
        return err_set(e, ERR_INVALID, "probe '%s': '%s' leaves no room for a label below it", p->id, domain);
    p->ask.type = (uint16_t)type;
    p->ask.speak = PROBE_SAY_DNS;
    return 0;
}

static int ask_http(const json_t *ask, struct probe *p, struct err *e)
{
    char host[PROBE_DOMAIN_SIZE];

    if (p->kind != PROBE_TCP)
        return err_set(e, ERR_INVALID, "probe '%s': pages are asked for over TCP", p->id);
    if (probe_json_text(ask, p->id, "http", true, p->ask.path, sizeof p->ask.path, e) < 0 ||
        probe_json_text(ask, p->id, "text", false, p->ask.text, sizeof p->ask.text, e) < 0 ||
        probe_json_text(ask, p->id, "host", false, host, sizeof host, e) < 0)
        return -1;
    if (!probe_path_ok(p->ask.path))
        return err_set(e, ERR_INVALID, "probe '%s': '%s' is not the path of a page", p->id, p->ask.path);
    if (host[0] != '\0' && !probe_domain_parse(host, p->ask.domain))
        return err_set(e, ERR_INVALID, "probe '%s': '%s' is not a domain name", p->id, host);
    p->ask.speak = PROBE_SAY_HTTP;
    return 0;
}

/* A client without an address sends to everybody. */
static int ask_dhcp(struct probe *p, struct err *e)
{
    const struct probe_addr everybody = {AF_INET, {255, 255, 255, 255}};

    if (p->kind != PROBE_UDP || !probe_addr_equal(&p->to, &everybody))
        return err_set(e, ERR_INVALID, "probe '%s': a lease is asked for by UDP to 255.255.255.255", p->id);
    p->ask.speak = PROBE_SAY_DHCP;
    return 0;
}

static int ask_read(const json_t *j, struct probe *p, struct err *e)
{
    const json_t *ask = json_object_get(j, "ask");

    if (ask == NULL || json_is_null(ask))
        return 0;
    if (p->kind != PROBE_UDP && p->kind != PROBE_TCP)
        return err_set(e, ERR_INVALID, "probe '%s': only what goes to a port can ask", p->id);
    if (json_object_get(ask, "dhcp") != NULL)
        return ask_dhcp(p, e);
    p->ask.fresh = json_is_true(json_object_get(ask, "fresh"));
    return json_object_get(ask, "http") != NULL ? ask_http(ask, p, e) : ask_dns(ask, p, e);
}

static int probe_read(const json_t *j, const struct probe_spec *s, struct probe *p, struct err *e)
{
    json_int_t port, ttl, count, interval, timeout, stop, payload;
    const struct probe_ref *from;
    bool ports;
    int kind;

    if (probe_json_text(j, "probe", "id", true, p->id, sizeof p->id, e) < 0 ||
        name_check(p->id, "probe", e) < 0)
        return -1;
    if ((kind = probe_json_enum(j, p->id, "kind", kinds, ARRAY_LEN(kinds), e)) < 0)
        return -1;
    p->kind = (enum probe_kind)kind;
    ports = p->kind == PROBE_UDP || p->kind == PROBE_TCP;
    if (probe_json_text(j, p->id, "from", true, p->from, sizeof p->from, e) < 0 ||
        probe_json_text(j, p->id, "far", false, p->far, sizeof p->far, e) < 0 ||
        probe_json_addr(j, p->id, "to", true, &p->to, e) < 0 ||
        probe_json_int(j, p->id, "port", ports ? 1 : 0, ports ? 65535 : 0, 0, &port, e) < 0 ||
        probe_json_int(j, p->id, "ttl", 1, 255, 64, &ttl, e) < 0 ||
        probe_json_int(j, p->id, "count", 1, kind == PROBE_TCP ? PROBE_TCP_COUNT_MAX : PROBE_COUNT_MAX, 1,
                       &count, e) < 0 ||
        probe_json_int(j, p->id, "interval_ms", 10, 10000, 200, &interval, e) < 0 ||
        probe_json_int(j, p->id, "timeout_ms", 10, 10000, 1000, &timeout, e) < 0 ||
        probe_json_int(j, p->id, "payload", 0, kind == PROBE_UDP ? PROBE_PAYLOAD_MAX : 0, 0, &payload, e) <
            0 ||
        probe_json_int(j, p->id, "stop", 0, PROBE_COUNT_MAX, 0, &stop, e) < 0 || far_check(s, p, e) < 0 ||
        also_read(j, p, e) < 0 || outer_read(j, p, e) < 0 || ask_read(j, p, e) < 0)
        return -1;
    p->port = (uint16_t)port;
    p->ttl = (uint8_t)ttl;
    p->count = (unsigned)count;
    p->interval_ms = (unsigned)interval;
    p->timeout_ms = (unsigned)timeout;
    p->payload = (unsigned)payload;
    p->stop = (unsigned)stop;
    p->after = json_is_true(json_object_get(j, "after"));
    if ((from = probe_ref_find(s, p->from)) == NULL)
        return err_set(e, ERR_INVALID, "probe '%s': there is no reference '%s'", p->id, p->from);
    if (!probe_ref_has(from, p->to.family))
        return err_set(e, ERR_INVALID, "probe '%s': reference '%s' has no address of that family", p->id,
                       p->from);
    for (size_t i = 0; i < s->nprobes; i++)
        if (strcmp(s->probes[i].id, p->id) == 0)
            return err_set(e, ERR_INVALID, "two probes have the id '%s'", p->id);
    return 0;
}

static int cut_read(const json_t *list, struct probe_spec *s, struct err *e)
{
    json_t *v;
    size_t i;

    json_array_foreach(list, i, v) {
        const char *name = json_string_value(v);

        if (name == NULL || !name_ok(name))
            return err_set(e, ERR_INVALID, "'cut' names something that is not a link");
        snprintf(s->cut[s->ncut++], NAME_SIZE, "%s", name);
    }
    return 0;
}

bool probe_per_sample(const struct probe *p)
{
    return p->kind == PROBE_TCP || p->ask.speak != PROBE_SAY_NONCE;
}

static int peer_read_ospf(const json_t *j, struct probe_peer *p, struct err *e)
{
    json_int_t area, hello, dead;

    if (probe_json_int(j, "peer", "area", 0, UINT32_MAX, 0, &area, e) < 0 ||
        probe_json_int(j, "peer", "hello_s", 1, 60, 10, &hello, e) < 0 ||
        probe_json_int(j, "peer", "dead_s", hello, 240, 40, &dead, e) < 0)
        return -1;
    p->area = (uint32_t)area;
    p->hello_s = (unsigned)hello;
    p->dead_s = (unsigned)dead;
    return 0;
}

static int peer_read_bgp(const json_t *j, struct probe_peer *p, struct err *e)
{
    json_int_t as, router_as;

    if (probe_json_int(j, "peer", "as", 1, UINT32_MAX, 0, &as, e) < 0 ||
        probe_json_int(j, "peer", "router_as", 1, UINT32_MAX, 0, &router_as, e) < 0 ||
        probe_json_addr(j, "peer", "router", true, &p->router, e) < 0)
        return -1;
    if (p->router.family != AF_INET)
        return err_set(e, ERR_INVALID, "peer '%s': its router has no IPv4 address", p->ref);
    p->own_as = (uint32_t)as;
    p->router_as = (uint32_t)router_as;
    return 0;
}

static int peer_read(const json_t *j, const struct probe_spec *s, struct probe_peer *p, struct err *e)
{
    const struct probe_ref *r;
    json_int_t form;
    int protocol;

    if (probe_json_text(j, "peer", "reference", true, p->ref, sizeof p->ref, e) < 0 ||
        (protocol = probe_json_enum(j, "peer", "protocol", protocols, ARRAY_LEN(protocols), e)) < 0 ||
        probe_json_int(j, "peer", "form_ms", 0, 150000, 60000, &form, e) < 0 ||
        probe_json_addr(j, "peer", "announce", true, &p->announce, e) < 0)
        return -1;
    if ((r = probe_ref_find(s, p->ref)) == NULL || !probe_ref_has(r, AF_INET) ||
        p->announce.family != AF_INET)
        return err_set(e, ERR_INVALID, "peer '%s' is no reference with an IPv4 address", p->ref);
    p->protocol = (enum probe_protocol)protocol;
    p->form_ms = (unsigned)form;
    return protocol == PROBE_OSPF ? peer_read_ospf(j, p, e) : peer_read_bgp(j, p, e);
}

static int samples_check(const struct probe_spec *s, struct err *e)
{
    unsigned all = 0, tcp = 0;

    for (size_t i = 0; i < s->nprobes; i++) {
        all += s->probes[i].count;
        tcp += probe_per_sample(&s->probes[i]) ? s->probes[i].count : 0;
    }
    if (all > PROBE_SAMPLES_MAX || tcp > PROBE_TCP_SAMPLES_MAX)
        return err_set(e, ERR_CAPACITY, "more than %d samples (%d of TCP) in one probe spec",
                       PROBE_SAMPLES_MAX, PROBE_TCP_SAMPLES_MAX);
    if (probe_spec_also(s) > PROBE_ALSO_ALL_MAX)
        return err_set(e, ERR_CAPACITY, "more than %d translated addresses in one probe spec",
                       PROBE_ALSO_ALL_MAX);
    return 0;
}

struct probe_spec *probe_spec_from_json(const json_t *j, bool resolved, struct err *e)
{
    AUTO(probe_spec_freep) struct probe_spec *s = probe_spec_new();
    const json_t *refs, *ports, *probes, *peers, *scripts, *cut;
    json_int_t after, listen;
    json_t *v;
    size_t i;

    if (!json_is_object(j))
        return err_set(e, ERR_INVALID, "the probe spec is not an object"), NULL;
    if (probe_json_array(j, "references", PROBE_REFS_MAX, &refs, e) < 0 ||
        probe_json_array(j, "observe", PROBE_PORTS_MAX, &ports, e) < 0 ||
        probe_json_array(j, "probes", PROBE_PROBES_MAX, &probes, e) < 0 ||
        probe_json_array(j, "peers", PROBE_PEERS_MAX, &peers, e) < 0 ||
        probe_json_array(j, "scripts", PROBE_SCRIPTS_MAX, &scripts, e) < 0 ||
        probe_json_array(j, "cut", PROBE_CUT_MAX, &cut, e) < 0 ||
        probe_json_int(j, "probe spec", "cut_after_ms", 0, PROBE_CUT_AFTER_MAX_MS, 0, &after, e) < 0 ||
        probe_json_int(j, "probe spec", "listen_ms", 0, PROBE_LISTEN_MAX_MS, 0, &listen, e) < 0)
        return NULL;
    json_array_foreach(refs, i, v) {
        struct probe_ref r = {0};

        if (ref_read(v, resolved, &r, e) < 0)
            return NULL;
        if (probe_ref_find(s, r.name) != NULL)
            return err_set(e, ERR_INVALID, "two references have the name '%s'", r.name), NULL;
        s->refs[s->nrefs++] = r;
    }
    json_array_foreach(ports, i, v) {
        if (port_read(v, resolved, &s->ports[s->nports], e) < 0)
            return NULL;
        s->nports++;
    }
    json_array_foreach(peers, i, v) {
        if (peer_read(v, s, &s->peers[s->npeers], e) < 0)
            return NULL;
        s->npeers++;
    }
    json_array_foreach(probes, i, v) {
        if (probe_read(v, s, &s->probes[s->nprobes], e) < 0)
            return NULL;
        s->nprobes++;
    }
    if (probe_scripts_read(scripts, s, e) < 0 || cut_read(cut, s, e) < 0)
        return NULL;
    s->cut_after_ms = (unsigned)after;
    s->listen_ms = (unsigned)listen;
    if (s->npeers > 0 && s->listen_ms > 0)
        return err_set(e, ERR_INVALID, "a probe spec with peers does not listen for BPDUs"), NULL;
    if (samples_check(s, e) < 0)
        return NULL;
    if (probe_spec_duration_ms(s) > PROBE_DURATION_MAX_MS)
        return err_set(e, ERR_INVALID, "the probes would take longer than %u seconds",
                       PROBE_DURATION_MAX_MS / 1000),
               NULL;
    return TAKE(s);
}

unsigned probe_spec_also(const struct probe_spec *s)
{
    unsigned n = 0;

    for (size_t i = 0; i < s->nprobes; i++)
        n += (unsigned)s->probes[i].nalso;
    return n;
}

unsigned probe_spec_duration_ms(const struct probe_spec *s)
{
    unsigned longest[2] = {s->listen_ms, 0}, peers = 0; /* before, after */

    for (size_t i = 0; i < s->nprobes; i++) {
        const struct probe *p = &s->probes[i];
        unsigned ms = PROBE_START_SPREAD_MS + (p->count - 1) * p->interval_ms + p->timeout_ms;

        if (p->kind == PROBE_TCP && p->ask.speak != PROBE_SAY_NONCE)
            ms += PROBE_ANSWER_MS;
        if (ms > longest[p->after])
            longest[p->after] = ms;
    }
    for (size_t i = 0; i < s->npeers; i++) {
        unsigned ms = probe_peer_control_ms(&s->peers[i]) + s->peers[i].form_ms + PROBE_PEER_EXTRA_MS;

        if (ms > peers)
            peers = ms;
    }
    return longest[0] + longest[1] + peers + probe_scripts_duration_ms(s);
}

uint32_t probe_peer_other_area(const struct probe_peer *p)
{
    return p->area + 1;
}

unsigned probe_peer_control_ms(const struct probe_peer *p)
{
    return p->protocol == PROBE_OSPF ? 2000 * p->hello_s + 1000 : 0;
}
